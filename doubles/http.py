"""HTTP as the daemons' libevent speaks it: the order of heads, what is closed when, what is refused before any handler.

Source: recordings of komodod 0.9.2-2 and litecoind 0.21.2.1, byte for byte (tests/recorded.py has their
place); libevent 2.1's http.c for the order of heads.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from email.utils import formatdate

IDLE_SECONDS = 30.0  # a kept connection is closed after it
JSON = ("Content-Type", "application/json")
HTML = ("Content-Type", "text/html; charset=ISO-8859-1")
REASONS = {
    200: "OK",
    400: "Bad Request",
    401: "Unauthorized",
    404: "Not Found",
    405: "Method Not Allowed",
    500: "Internal Server Error",
    503: "Service Unavailable",
}


@dataclass(frozen=True, kw_only=True)
class Request:
    """One request; `headers` by their names in lower case."""

    method: str
    path: str
    version: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def keeps(self) -> bool:
        """Whether its connection is to stay open after the answer."""
        wanted = self.headers.get("connection", "").lower()
        return wanted == "keep-alive" if self.version == "HTTP/1.0" else wanted != "close"


@dataclass(frozen=True, kw_only=True)
class Reply:
    """An answer; `headers` are those that the daemon itself sets, in its order."""

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""

    def closes(self) -> bool:
        """Whether the daemon ends the connection, whatever its client wants."""
        return ("Connection", "close") in self.headers

    def written(self, request: Request) -> bytes:
        """As libevent writes it: its own heads come after the daemon's."""
        heads = list(self.headers)
        if request.version != "HTTP/1.0":
            heads.append(("Date", formatdate(usegmt=True)))
        elif request.keeps:
            heads.append(("Connection", "keep-alive"))
        if request.version != "HTTP/1.0" or request.keeps:
            heads.append(("Content-Length", str(len(self.body))))
        if not any(name == "Content-Type" for name, _ in heads):
            heads.append(HTML)
        if request.headers.get("connection", "").lower() == "close" and not self.closes():
            heads.append(("Connection", "close"))
        lines = [
            f"{request.version} {self.status} {REASONS[self.status]}",
            *(f"{name}: {value}" for name, value in heads),
        ]
        return "\r\n".join(lines).encode() + b"\r\n\r\n" + self.body


Handler = Callable[[Request], Awaitable[Reply | None]]  # None: no answer, and the connection is cut


@dataclass(kw_only=True)
class Server:
    """Listens on loopback. `longest_head`: bytes of a request's head that are read, None: any."""

    handler: Handler
    longest_head: int | None = None
    deaf: bool = False  # new connections are taken, and not read
    _listening: asyncio.Server | None = None
    _open: set[asyncio.StreamWriter] = field(default_factory=set[asyncio.StreamWriter])

    async def start(self, port: int) -> int:
        """Listen; with 0 on any port, which it returns. Raises OSError for one that is taken."""
        self._listening = await asyncio.start_server(self._serve, "127.0.0.1", port, limit=1 << 25, backlog=1024)
        return self._listening.sockets[0].getsockname()[1]

    async def close(self) -> None:
        """Stop listening, and cut what is open."""
        if self._listening:
            self._listening.close()
        for writer in list(self._open):
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        try:
            while not self.deaf and await self._one(reader, writer):
                pass
            while self.deaf and await reader.read(4096):
                pass
        except (ConnectionError, asyncio.IncompleteReadError, TimeoutError):
            pass  # who asked is gone, or said nothing for too long
        finally:
            self._open.discard(writer)
            with suppress(ConnectionError):
                writer.close()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """One request and its answer; whether another may follow."""
        async with asyncio.timeout(IDLE_SECONDS):
            head = await reader.readuntil(b"\r\n\r\n")
        request = await _parsed(head, reader, writer)
        if self.longest_head is not None and len(head) > self.longest_head:
            writer.write(refusal(400).written(request))
            return False
        reply = await self.handler(request)
        if reply is None:
            return False
        writer.write(reply.written(request))
        await writer.drain()
        return request.keeps and not reply.closes()


def refusal(status: int) -> Reply:
    """libevent's own page, for what no handler sees."""
    reason = REASONS[status]
    page = f"<HTML><HEAD>\n<TITLE>{status} {reason}</TITLE>\n</HEAD><BODY>\n<H1>{reason}</H1>\n</BODY></HTML>\n"
    return Reply(
        status=status, headers=(("Content-Type", "text/html"), ("Connection", "close")), body=page.encode()
    )  # fmt: skip


async def _parsed(head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Request:
    first, *lines = head.decode("latin-1").split("\r\n")[:-2]
    method, path, version = first.split(" ", 2)
    pairs = (line.partition(":") for line in lines)
    headers = {name.strip().lower(): value.strip() for name, _, value in pairs}
    if headers.get("expect", "").lower() == "100-continue" and not reader._buffer:  # pyright: ignore
        writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")  # only to who waits for it
    if headers.get("transfer-encoding", "").lower() == "chunked":
        body = await _chunks(reader)
    else:
        body = await reader.readexactly(int(headers.get("content-length") or 0))
    return Request(method=method, path=path, version=version, headers=headers, body=body)


async def _chunks(reader: asyncio.StreamReader) -> bytes:
    made = bytearray()
    while size := int(await reader.readline(), 16):
        made += await reader.readexactly(size)
        await reader.readline()
    await reader.readline()
    return bytes(made)
