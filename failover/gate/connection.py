"""Connections of callers, who may take only so long to send the head of a request."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from aiohttp import web

# Longer than an agent keeps an idle connection: a call must not meet one that is just being closed.
IDLE_SECONDS = 120
_SILENT = logging.Logger("silent", logging.CRITICAL)  # the gate writes its own lines


class Connection(web.RequestHandler):
    """Is cut when a head is begun and not ended in time, be it the first one or a later one.

    aiohttp's own limit is for idle connections, and runs on while a head trickles in.
    """

    __slots__ = ("_busy", "_callers", "_cut", "_patience")

    def __init__(self, manager: Callers, *, loop: asyncio.AbstractEventLoop, patience: float) -> None:
        super().__init__(
            manager,
            loop=loop,
            keepalive_timeout=IDLE_SECONDS,
            access_log=_SILENT,
            auto_decompress=False,
            lingering_time=1,
        )
        self._callers, self._patience = manager, patience
        self._busy = False
        self._cut: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A caller that says nothing at all is not idle but slow."""
        super().connection_made(transport)
        if self._callers.over:
            self.force_close()
        else:
            self._await_head()

    def data_received(self, data: bytes) -> None:
        """A head, or a part of it, unless it is a body's."""
        if not self._busy and self._cut is None:
            self._await_head()
        super().data_received(data)

    def connection_lost(self, exc: BaseException | None) -> None:
        """Nothing is left to cut."""
        self.head_came()
        super().connection_lost(exc)

    def head_came(self) -> None:
        """From now on the handler watches the time."""
        self._busy = True
        if self._cut:
            self._cut.cancel()
            self._cut = None

    def answered(self) -> None:
        """The connection is idle, until the next head begins."""
        self._busy = False

    def _await_head(self) -> None:
        self._cut = asyncio.get_running_loop().call_later(self._patience, self.force_close)


class Callers(web.Server):
    """Makes the connections of one listener."""

    def __init__(self, answer: Callable[[web.BaseRequest], Awaitable[web.StreamResponse]], *, patience: float) -> None:
        async def handle(request: web.BaseRequest) -> web.StreamResponse:
            connection = request.protocol
            assert isinstance(connection, Connection)
            connection.head_came()
            try:
                return await answer(request)
            finally:
                connection.answered()

        super().__init__(handle)
        self._patience, self.over = patience, False

    def pre_shutdown(self) -> None:
        """Nobody waits for what a connection asks that comes from here on, its handshake begun before: it is cut."""
        self.over = True
        super().pre_shutdown()

    def __call__(self) -> Connection:
        """A new caller's."""
        return Connection(self, loop=asyncio.get_running_loop(), patience=self._patience)
