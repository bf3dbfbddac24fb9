"""Sockets of the tests' own process that listen: when they end they end for everybody."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def listening(port: int = 0) -> Iterator[socket.socket]:
    """A socket that listens on loopback; afterwards its port refuses calls, and is free.

    A process that another thread forks, as the probes of a real ensemble's pods do, has a copy of all sockets until it
    is another program: one that is closed in here alone would still listen.
    """
    with socket.create_server(("127.0.0.1", port)) as listener:
        try:
            yield listener
        finally:
            listener.shutdown(socket.SHUT_RDWR)
