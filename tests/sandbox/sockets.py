"""Sockets of this process in the hosts of a network, and what they find out."""

from __future__ import annotations

import ctypes
import socket
import subprocess
import threading
import time
from pathlib import Path

from sandbox.network import Host

PORT = 2181
SILENCE_SECONDS = 0.2
PATIENCE_SECONDS = 5.0
CLONE_NEWNET = 0x40000000
libc = ctypes.CDLL(None, use_errno=True)


def open_socket(host: Host, kind: socket.SocketKind = socket.SOCK_DGRAM) -> socket.socket:
    """A socket of this process that belongs to a host's network: made by a thread that has gone there."""
    made: list[socket.socket] = []

    def go() -> None:
        with Path(host.namespace).open() as namespace:
            assert libc.setns(namespace.fileno(), CLONE_NEWNET) == 0
        made.append(socket.socket(socket.AF_INET, kind))

    thread = threading.Thread(target=go)
    thread.start()
    thread.join()
    made[0].settimeout(PATIENCE_SECONDS)
    return made[0]


def hears(listener: Host, speaker: Host, seconds: float = PATIENCE_SECONDS) -> bool:
    """Whether a datagram arrives. One that doesn't must be lost in silence: an ICMP answer would be an OSError."""
    with open_socket(listener) as ear, open_socket(speaker) as mouth:
        ear.bind((listener.address, 0))
        ear.settimeout(seconds)
        mouth.connect(ear.getsockname())
        mouth.send(b"ping")
        try:
            return ear.recv(100) == b"ping"
        except TimeoutError:
            mouth.send(b"ping")  # here it would be raised
            return False


def talk(one: Host, other: Host) -> bool:
    """Whether each of two hosts hears the other."""
    return hears(other, one) and hears(one, other)


def silent(one: Host, other: Host) -> bool:
    """Whether neither of two hosts hears the other."""
    return not hears(other, one, SILENCE_SECONDS) and not hears(one, other, SILENCE_SECONDS)


def connect(client: Host, server: Host) -> tuple[socket.socket, socket.socket]:
    """Both ends of a TCP connection, the client's first."""
    with open_socket(server, socket.SOCK_STREAM) as door:
        door.bind((server.address, 0))
        door.listen()
        near = open_socket(client, socket.SOCK_STREAM)
        near.connect(door.getsockname())
        far, _ = door.accept()
    for end in (near, far):
        end.settimeout(PATIENCE_SECONDS)
        end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return near, far


def round_trip_ms(near: socket.socket, far: socket.socket) -> float:
    """The shortest of nine: what is emulated, and not what else the machine does."""
    took: list[float] = []
    for _ in range(9):
        started = time.perf_counter()
        near.sendall(b"?")
        far.sendall(far.recv(1))
        assert near.recv(1) == b"?"
        took.append((time.perf_counter() - started) * 1000)
    return min(took)


def machine() -> list[str]:
    """What a network could have left on the machine's side."""
    named = Path("/run/netns")
    commands = (["ip", "-o", "link"], ["ip", "route", "show", "table", "all"], ["nft", "list", "ruleset"])
    told = [subprocess.run(command, capture_output=True, text=True, check=True).stdout for command in commands]
    return [*told, str(sorted(named.iterdir()) if named.exists() else [])]


def keeper(host: Host) -> int:
    """The process that holds a network."""
    return int(Path(host.namespace).parts[2])
