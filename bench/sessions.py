"""Many idle sessions that only send heartbeats: `python -m bench.sessions FILE` holds them until its stdin is closed.

FILE is an `Access` of the drills as JSON, with `count` beside it. Prints {"open": n} once all are open, and in the end
how many were lost: sessions that a server said it did not know any more.
"""

from __future__ import annotations

import asyncio
import json
import random
import ssl
import struct
import sys
from pathlib import Path

from kazoo.protocol.serialization import Connect

from drills.connection import Tls, secured

PING = struct.pack("!iii", 8, -2, 11)
OPENING_AT_ONCE = 16


class Session:
    """One session: it moves to another server when its connection breaks, under the same id."""

    def __init__(self, servers: dict[str, str], timeout_ms: int, context: ssl.SSLContext | None) -> None:
        self._servers, self._timeout_ms, self._context = servers, timeout_ms, context
        self._id, self._password = 0, b"\0" * 16
        self.opened = asyncio.Event()
        self.lost = False

    async def hold(self, gate: asyncio.Semaphore) -> None:
        """Until it is lost or cancelled."""
        while not self.lost:
            try:
                async with gate:
                    reader, writer = await asyncio.wait_for(self._connect(), 5)
                self.opened.set()
                await self._beat(reader, writer)
            except (OSError, TimeoutError, asyncio.IncompleteReadError):
                await asyncio.sleep(random.uniform(0.02, 0.2))

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        name, at = random.choice(list(self._servers.items()))
        address, _, port = at.rpartition(":")
        named = name if self._context else None
        reader, writer = await asyncio.open_connection(address, int(port), ssl=self._context, server_hostname=named)
        request = bytes(Connect(0, 0, self._timeout_ms, self._id, self._password, False).serialize())
        writer.write(struct.pack("!i", len(request)) + request)
        length = struct.unpack("!i", await reader.readexactly(4))[0]
        answer = await reader.readexactly(length)
        timeout, session, size = struct.unpack_from("!iqi", answer, 4)
        if timeout <= 0:
            self.lost = True
            raise OSError("the session is unknown")
        self._id, self._password = session, answer[20 : 20 + size]
        return reader, writer

    async def _beat(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                await asyncio.sleep(self._timeout_ms / 3000 * random.uniform(0.8, 1))
                writer.write(PING)
                length = struct.unpack("!i", await asyncio.wait_for(reader.readexactly(4), self._timeout_ms / 3000))[0]
                await reader.readexactly(length)
        finally:
            writer.transport.abort()


async def hold(given: dict[str, object]) -> None:
    """Open all, tell, wait for the end of stdin, tell."""
    tls = given["tls"]
    context = secured(Tls(**tls)) if isinstance(tls, dict) else None
    gate = asyncio.Semaphore(OPENING_AT_ONCE)
    servers, timeout = given["servers"], given["session_timeout_ms"]
    assert isinstance(servers, dict)
    assert isinstance(timeout, int)
    sessions = [Session(servers, timeout, context) for _ in range(int(str(given["count"])))]
    tasks = [asyncio.create_task(session.hold(gate)) for session in sessions]
    for session in sessions:
        await session.opened.wait()
    sys.stdout.write(json.dumps({"open": len(sessions)}) + "\n")
    sys.stdout.flush()
    await asyncio.to_thread(sys.stdin.read)
    for task in tasks:
        task.cancel()
    sys.stdout.write(json.dumps({"lost": sum(session.lost for session in sessions)}) + "\n")


if __name__ == "__main__":
    asyncio.run(hold(json.loads(Path(sys.argv[1]).read_text())))
