"""Child processes that can't outlive their parent, and the facts that identify a process."""

from __future__ import annotations

import ctypes
import os
import random
import signal
import socket
import subprocess
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

_PR_SET_PDEATHSIG = 1
FREEZE_SECONDS = 10.0
LEAST_PORT = 10_000
_held: list[socket.socket] = []  # bound, never listening: whoever calls one is refused
_libc = ctypes.CDLL(None, use_errno=True)


def die_with_parent() -> None:
    """Between fork and exec: the kernel kills this process when the thread that made it ends."""
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def spawn(command: Sequence[str], log: Path) -> subprocess.Popen[bytes]:
    """Start a process that dies with the calling thread. What it prints is appended to `log`."""
    with log.open("ab") as file:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=file,
            cwd=log.parent,
            start_new_session=True,
            preexec_fn=die_with_parent,
        )


def stop_all(processes: Iterable[subprocess.Popen[bytes]], grace_seconds: float) -> None:
    """Ask all to end, and kill those that still run after `grace_seconds`."""
    running = [process for process in processes if process.poll() is None]
    for process in running:
        os.kill(process.pid, signal.SIGCONT)  # one that is frozen can't hear the rest
        process.terminate()
    deadline = time.monotonic() + grace_seconds
    for process in running:
        try:
            process.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def freeze(pid: int) -> None:
    """SIGSTOP, and return when every thread of the process stands still: until one of them has had a turn to take the
    signal, which a busy machine may be long to give it, the others go on. TimeoutError, ProcessLookupError."""
    os.kill(pid, signal.SIGSTOP)
    deadline = time.monotonic() + FREEZE_SECONDS
    while not set(_states(pid)) <= set("TtZX"):
        if time.monotonic() > deadline:
            raise TimeoutError(f"Process {pid} was told to stop {FREEZE_SECONDS:g} s ago and runs.")
        time.sleep(0.001)


def _states(pid: int) -> Iterator[str]:
    for thread in Path(f"/proc/{pid}/task").glob("*/stat"):
        with suppress(FileNotFoundError, ProcessLookupError):  # it has just ended
            yield thread.read_text().rpartition(")")[2].split()[0]


def free_ports(count: int) -> tuple[int, ...]:
    """Ports of loopback that nobody listens on now, all different, and below those that the kernel gives to whoever
    calls somebody. They are held until this process ends, for any server that binds with SO_REUSEADDR as servers do:
    no other choice of free ports takes one before its server starts, or while it starts again."""
    first = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    held: list[socket.socket] = []
    while len(held) < count:
        made = socket.socket()
        try:
            made.bind(("127.0.0.1", random.randrange(LEAST_PORT, max(first, LEAST_PORT + 10_000))))
        except OSError:
            made.close()
            continue
        # Only now: bound with it, a port that is held already would have looked free.
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        held.append(made)
    _held.extend(held)
    return tuple(int(item.getsockname()[1]) for item in held)
