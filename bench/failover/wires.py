"""A client of JSON-RPC over HTTP/1.1, thin enough that what it measures is the other side: pools, rates, outcomes."""

from __future__ import annotations

import asyncio
import http
import json
import ssl
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field

ANSWERED, REFUSED, NO_CONNECTION, BROKEN = "answered", "refused", "no connection", "broken off"
RETRY_SECONDS, TRIES = 0.05, 100
HEX = "00" * 300  # as long as a notarisation's transaction


@dataclass(frozen=True, kw_only=True)
class Target:
    """Where calls go. `context` and `name` are TLS's own, None without."""

    host: str
    port: int
    headers: Mapping[str, str] = field(default_factory=dict)
    context: ssl.SSLContext | None = None
    name: str | None = None


def request_of(target: Target, number: int) -> bytes:
    """A signing call as bytes."""
    body = json.dumps({"method": "signrawtransaction", "params": [HEX], "id": number}).encode()
    head = {"Host": target.host, "Content-Type": "application/json", "Content-Length": str(len(body)), **target.headers}
    lines = "".join(f"{key}: {value}\r\n" for key, value in head.items())
    return f"POST / HTTP/1.1\r\n{lines}\r\n".encode() + body


class Wire:
    """One connection, one call at a time."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    @classmethod
    async def to(cls, target: Target) -> Wire:
        """OSError."""
        secured = {"ssl": target.context, "server_hostname": target.name} if target.context else {}
        return cls(*await asyncio.open_connection(target.host, target.port, **secured))

    @property
    def closed(self) -> bool:
        return self._reader.at_eof() or self._writer.is_closing()

    async def call(self, request: bytes) -> int:
        """The answer's status. OSError or IncompleteReadError where it breaks off."""
        self._writer.write(request)
        head = await self._reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n", 1)[0])
        await self._reader.readexactly(length)
        return int(head.split(b" ", 2)[1])

    def close(self) -> None:
        self._writer.close()


class Pool:
    """Connections that are free. `outcomes` counts tries; `broken` are calls whose fate the client can't know."""

    def __init__(self, target: Target) -> None:
        self._target, self._free = target, list[Wire]()
        self.outcomes, self.statuses = Counter[str](), Counter[int]()
        self.broken: list[int] = []

    async def call(self, number: int) -> str:
        """One try. `broken off`: it was sent and had no answer."""
        try:
            wire = await self._wire()
        except OSError:
            return self._counted(NO_CONNECTION)
        try:
            status = await wire.call(request_of(self._target, number))
        except (OSError, asyncio.IncompleteReadError):
            wire.close()
            self.broken.append(number)
            return self._counted(BROKEN)
        self._free.append(wire)
        self.statuses[status] += 1
        return self._counted(ANSWERED if status == http.HTTPStatus.OK else REFUSED)

    async def persist(self, number: int) -> None:
        """Try again as long as nothing was sent, or it came to nothing by the other side's own word."""
        for _ in range(TRIES):
            if await self.call(number) not in (NO_CONNECTION, REFUSED):
                return
            await asyncio.sleep(RETRY_SECONDS)

    async def fill(self, count: int) -> None:
        """So many connections, handshakes and all, before anything is measured."""
        self._free += [await Wire.to(self._target) for _ in range(count - len(self._free))]

    def close(self) -> None:
        for wire in self._free:
            with suppress(OSError):
                wire.close()

    async def _wire(self) -> Wire:
        while self._free:
            wire = self._free.pop()
            if not wire.closed:
                return wire
        return await Wire.to(self._target)

    def _counted(self, outcome: str) -> str:
        self.outcomes[outcome] += 1
        return outcome


async def paced(call: Callable[[int], Awaitable[object]], rate: float, seconds: float, first: int = 0) -> list[float]:
    """Milliseconds of each call, from the time at which it was due: one that waits for others is not left out."""
    taken: list[float] = []

    async def one(number: int, due: float) -> None:
        await call(number)
        taken.append(1000 * (time.perf_counter() - due))

    begun, tasks = time.perf_counter(), list[asyncio.Task[None]]()
    for number in range(int(rate * seconds)):
        due = begun + number / rate
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        tasks.append(asyncio.create_task(one(first + number, due)))
    await asyncio.gather(*tasks)
    return taken


async def flat_out(call: Callable[[int], Awaitable[object]], width: int, seconds: float) -> float:
    """Seconds a call, with `width` of them under way all the time."""
    until, done = time.perf_counter() + seconds, 0

    async def one() -> None:
        nonlocal done
        while time.perf_counter() < until:
            await call(0)
            done += 1

    begun = time.perf_counter()
    await asyncio.gather(*(one() for _ in range(width)))
    return (time.perf_counter() - begun) / max(1, done)
