"""kazoo's handler, made lean: what its connection waits with, and how it connects."""

# pyright: basic
# kazoo comes without types.
from __future__ import annotations

import errno
import logging
import math
import select
import socket
from collections.abc import Callable, Sequence
from functools import partial
from select import POLLERR, POLLHUP, POLLIN, POLLNVAL, POLLOUT
from typing import Any

from kazoo.handlers.threading import SequentialThreadingHandler

from failover.access import Access, secured
from failover.staggered import first_of


class Handler(SequentialThreadingHandler):
    """kazoo's, but for its two threads that run callbacks, its one epoll for each wait, and how it connects.

    Callbacks run where they come up, in the thread of the connection, and must not block: ours ring for a loop, or wake
    a thread. Each hand-over to another thread costs more than the request itself.
    """

    def __init__(self, access: Access) -> None:
        super().__init__()
        self.completion_queue = _AtOnce()
        self._access = access
        self.servers: list[tuple[str, str, int]] = []  # name, address, port, in the order of this round
        self.reached = ""  # the server of the last connection

    def create_connection(self, address: tuple[str, int], **_: Any) -> socket.socket:
        """To whichever answers first: the server that kazoo means is only where to begin."""
        begin = [(host, port) for _, host, port in self.servers].index(address)
        servers = self.servers[begin:] + self.servers[:begin]
        servers.sort(key=lambda server: server[0] == self.reached)  # the one just lost comes last
        attempts = [partial(self._attempt, *server) for server in servers]
        # Who has no session yet is in no hurry: a fleet that starts must not shake hands twice as often as it has to.
        delay_ms = self._access.attempt_delay_ms if self.reached else self._access.connect_timeout_ms
        number, made = first_of(attempts, delay_ms / 1000)
        self.reached = servers[number][0]
        return made

    def _attempt(self, name: str, host: str, port: int) -> socket.socket:
        """kazoo's own would have the session's timeout, and TLS files read once."""
        made = socket.create_connection((host, port), self._access.connect_timeout_ms / 1000)
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        tls = self._access.tls
        return secured(tls).wrap_socket(made, server_hostname=name) if tls else made

    def start(self) -> None:
        """Without threads."""
        self._running = True

    def stop(self) -> None:
        self._running = False

    def dispatch_callback(self, callback: Any) -> None:
        self.completion_queue.put(partial(callback.func, *callback.args))

    def select(
        self, rlist: Sequence[Any], wlist: Sequence[Any], _: Sequence[Any], timeout: float | None = None
    ) -> tuple[list[Any], list[Any], list[Any]]:
        """As `select.select`, without its limit of 1,024 descriptors. OSError for one that is closed."""
        waiting = select.poll()
        try:
            for item in {*rlist, *wlist}:
                waiting.register(item, POLLIN * (item in rlist) | POLLOUT * (item in wlist))
            found = dict(waiting.poll(None if timeout is None else max(0, math.ceil(timeout * 1000))))
            events = {item: found.get(item.fileno(), 0) for item in {*rlist, *wlist}}
        except (TypeError, ValueError) as error:  # closed meanwhile: kazoo's loop would end for ever
            raise OSError(errno.EBADF, str(error)) from None
        if any(event & POLLNVAL for event in events.values()):
            raise OSError(errno.EBADF, "a descriptor was closed")
        ready = POLLHUP | POLLERR
        read = [item for item in rlist if events[item] & (POLLIN | ready)]
        return read, [item for item in wlist if events[item] & (POLLOUT | ready)], []


class _AtOnce:
    """Stands where kazoo has a queue and a thread that empties it."""

    def put(self, call: Callable[[], None]) -> None:
        try:
            call()
        except Exception:
            logging.getLogger(__name__).exception("a callback failed")  # kazoo's loop would end for ever
