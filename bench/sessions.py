"""Many idle sessions that only send heartbeats: `python -m bench.sessions FILE` holds them until its stdin is closed.

FILE is an `Access` of the drills as JSON, with `count` beside it. Prints {"open": n} once all are open, and in the end
how many were lost: sessions that a server said it did not know any more. It speaks the protocol itself and sparingly:
a library's thread for each session would leave the servers beside it no processor.
"""

from __future__ import annotations

import asyncio
import json
import random
import ssl
import struct
import sys
from pathlib import Path
from typing import Any

from kazoo.protocol.serialization import Connect

from failover.access import Tls, secured

PING = struct.pack("!iii", 8, -2, 11)
OPENING_AT_ONCE = 16
OPENING_SECONDS = 5


class Session(asyncio.Protocol):
    """One session: it moves to another server when its connection breaks, under the same id."""

    def __init__(self, timeout_ms: int) -> None:
        self.lost = False
        self.transport: asyncio.Transport | None = None
        self._timeout_ms, self._id, self._password = timeout_ms, 0, b"\0" * 16
        self._answered: asyncio.Future[bool] | None = None
        self._unread = b""
        self._silent = 0

    async def open(self, server: tuple[str, str, int], context: ssl.SSLContext | None) -> bool:
        """Whether a server took it; False when there is another attempt to make."""
        name, address, port = server
        loop = asyncio.get_running_loop()
        self._answered, self._unread, self._silent = loop.create_future(), b"", 0
        try:
            async with asyncio.timeout(OPENING_SECONDS):
                named = name if context else None
                await loop.create_connection(lambda: self, address, port, ssl=context, server_hostname=named)
                return await self._answered
        except (OSError, TimeoutError):
            self._drop()
            return False

    def beat(self) -> None:
        """Send a heartbeat; a server that left two of them unanswered is given up."""
        if self.transport is None:
            return
        self._silent += 1
        if self._silent > 2:
            self._drop()
        else:
            self.transport.write(PING)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        request = bytes(Connect(0, 0, self._timeout_ms, self._id, self._password, False).serialize())
        transport.write(struct.pack("!i", len(request)) + request)

    def data_received(self, data: bytes) -> None:
        self._silent = 0
        assert self._answered
        if self._answered.done():
            return
        self._unread += data
        if len(self._unread) >= 4 + struct.unpack_from("!i", self._unread)[0]:
            _, _, timeout, session, size = struct.unpack_from("!iiiqi", self._unread)
            self.lost = timeout <= 0
            self._id, self._password = session, self._unread[24 : 24 + size]
            self._answered.set_result(not self.lost)

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        self.transport = None
        if self._answered and not self._answered.done():
            self._answered.set_result(False)

    def _drop(self) -> None:
        if self.transport:
            self.transport.abort()
            self.transport = None


class Sessions:
    """All of them, and what opens them again and lets them beat."""

    def __init__(self, count: int, timeout_ms: int, servers: dict[str, str], context: ssl.SSLContext | None) -> None:
        self.all = [Session(timeout_ms) for _ in range(count)]
        split = {name: at.rpartition(":") for name, at in servers.items()}
        self._servers = [(name, address, int(port)) for name, (address, _, port) in split.items()]
        self._context, self._interval = context, timeout_ms / 3000

    async def open(self) -> None:
        """Until each has a server; some at a time."""
        waiting = [session for session in self.all if session.transport is None and not session.lost]
        random.shuffle(waiting)

        async def work() -> None:
            while waiting:
                session = waiting.pop()
                while not session.lost and not await session.open(random.choice(self._servers), self._context):
                    await asyncio.sleep(random.uniform(0.01, 0.05))

        await asyncio.gather(*(work() for _ in range(OPENING_AT_ONCE)))

    async def keep(self) -> None:
        """Open again whatever breaks."""
        while True:
            await self.open()
            await asyncio.sleep(0.05)

    async def beat(self) -> None:
        """Each once in a third of the timeout, as clients do, spread over it."""
        slices = 16
        while True:
            for number in range(slices):
                for session in self.all[number::slices]:
                    session.beat()
                await asyncio.sleep(self._interval / slices)


async def hold(given: dict[str, Any]) -> None:
    """Open all, tell, wait for the end of stdin, tell."""
    context = secured(Tls(**given["tls"])) if given["tls"] else None
    sessions = Sessions(given["count"], given["session_timeout_ms"], given["servers"], context)
    beating = asyncio.create_task(sessions.beat())
    await sessions.open()
    _tell(open=sum(session.transport is not None for session in sessions.all))
    keeping = asyncio.create_task(sessions.keep())
    await asyncio.to_thread(sys.stdin.read)
    beating.cancel()
    keeping.cancel()
    _tell(lost=sum(session.lost for session in sessions.all))


def _tell(**figures: int) -> None:
    sys.stdout.write(json.dumps(figures) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(hold(json.loads(Path(sys.argv[1]).read_text())))
