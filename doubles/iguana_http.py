"""Iguana's HTTP server, with its faults: one thread, one read for a head, a space before the colon, no timeouts.

Source: KomodoPlatform/dPoW 2f846c0, `iguana/iguana_rpc.c` (iguana_rpcloop, SuperNET_rpcparse), and recordings of it.
"""

from __future__ import annotations

import contextlib
import json
import re
import socket
import threading
import time
from collections.abc import Callable
from typing import Any

BACKLOG = 512
LENGTH = re.compile(rb"Content-Length: (\d+)")
HEAD = (
    "HTTP/1.1 200 OK\r\nAccess-Control-Allow-Origin: *\r\nAccess-Control-Allow-Credentials: true\r\n"
    "Access-Control-Allow-Methods: GET, POST\r\nCache-Control :  no-cache, no-store, must-revalidate\r\n"
    "Content-Length : {:8d}\r\n\r\n"
)
NO_METHOD = '{"error":"no method"}'


class HangError(Exception):
    """What was asked never ends: the API answers nobody any more."""


class DeathError(Exception):
    """What was asked ends the process with a segmentation fault."""


Answer = Callable[[Any], str]


def listen(port: int) -> socket.socket:
    """The API's socket, on loopback. Raises OSError for a port that is taken."""
    return socket.create_server(("127.0.0.1", port), backlog=BACKLOG)


def serve(sock: socket.socket, answer: Answer) -> None:
    """One connection after the other, each for one answer. Raises DeathError, from what was asked."""
    while True:
        connection, _ = sock.accept()
        with connection, contextlib.suppress(ConnectionError):
            try:
                if asked := receive(connection):
                    connection.sendall(respond(asked, answer))
            except HangError:
                threading.Event().wait()  # with the connection open, and whoever comes next waiting to be accepted


def receive(connection: socket.socket) -> bytes:
    """The first read, and what its Content-Length still wants. Waits for it without a limit."""
    asked = connection.recv(1 << 20)
    found, head = LENGTH.search(asked), asked.find(b"\r\n\r\n")
    wanted = head + 4 + int(found[1]) if found and head >= 0 else 0
    while len(asked) < wanted:
        more = connection.recv(wanted - len(asked))
        if not more:
            time.sleep(0.01)  # for ever: it takes a closed connection for one that has nothing to say yet
        asked += more
    return asked


def respond(asked: bytes, answer: Answer) -> bytes:
    """All bytes of an answer. `answer` gets what the body, or the path of a GET, says."""
    head, _, body = asked.partition(b"\r\n\r\n")
    method, path, *_ = [*head.split(b"\r\n")[0].decode(errors="replace").split(" "), "", ""]
    if method == "POST":
        return framed(answer(_call(body)))
    if method != "GET":
        return answer(None).encode()
    if path == "/":
        return framed('{"error":"cant find index7778"}')
    words = path.strip("/").split("/")
    named = dict(zip(("agent", "method"), words[1:], strict=False))
    return framed(answer(named)) if words[0] == "api" else (answer(None) + "\n").encode()


def framed(text: str) -> bytes:
    """An answer with Iguana's head: the newline at the end is not counted in its length."""
    return (HEAD.format(len(text.encode())) + text + "\n").encode()


def _call(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return None
