"""Iguana's own dialect of HTTP, read as it is spoken. Nobody else is read so leniently.

Its heads have a space before the colon (`Content-Length :        2`), which RFC 9112 5.1 tells a client to refuse, its
bodies have a newline more than Content-Length, and it closes each connection after one answer. One thread serves
all connections, one after the other, and waits for each without a limit: a silent connection stops all the others, and
one that is closed in the middle of a request makes that thread wait for ever. It takes a request's head from the first
read alone. Source: KomodoPlatform/dPoW 2f846c0, `iguana/iguana_rpc.c` (iguana_rpcloop), and recordings of it.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Mapping
from typing import Any

from failover.roles.base import RoleError

HOST = "127.0.0.1"
MOST_BYTES = 2**20  # of an answer; the longest that this project asks for has a few hundred
STATUS = b"HTTP/1.1 200 "


class NoAnswerError(RoleError):
    """Iguana is busy, hung or dead, and may have done what it was told or not."""


class IguanaApi:
    """Calls to Iguana's API on loopback: one connection at a time, each closed before its deadline is over."""

    def __init__(self, port: int) -> None:
        self._port, self._free = port, asyncio.Lock()

    async def post(self, name: str, call: Mapping[str, object], seconds: float) -> Any:
        """The answer's JSON. `name` is for the error; `seconds` count from now, the wait for another call included.

        Raises NoAnswerError.
        """
        try:
            async with asyncio.timeout(seconds), self._free:
                return read(await self._exchange(json.dumps(dict(call)).encode()))
        except (OSError, ValueError) as error:  # TimeoutError is an OSError
            reason = f"no answer within {seconds:g} s" if isinstance(error, TimeoutError) else str(error)
            raise NoAnswerError(f"{name}: {reason or type(error).__name__}, at port {self._port}") from None

    async def _exchange(self, body: bytes) -> bytes:
        """All that Iguana sends until it closes: then its thread is done with this connection."""
        reader, writer = await asyncio.open_connection(HOST, self._port)
        try:
            writer.write(request(body))  # at once: a head in two segments is not understood
            answer = bytearray()
            while data := await reader.read(65536):
                answer += data
                if len(answer) > MOST_BYTES:
                    raise ValueError(f"an answer of more than {MOST_BYTES} bytes")
            return bytes(answer)
        finally:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()


def request(body: bytes) -> bytes:
    """The bytes of a POST, as they were recorded to be understood."""
    head = f"POST / HTTP/1.1\r\nHost: {HOST}\r\nContent-Type: application/json\r\nConnection: close\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


def read(answer: bytes) -> Any:
    """The JSON of a whole answer. Raises ValueError, without any of the answer in it."""
    head, end, body = answer.partition(b"\r\n\r\n")
    if not end or not head.startswith(STATUS):
        raise ValueError("no answer of Iguana's" if answer else "closed without an answer")
    fields = (line.partition(b":") for line in head.split(b"\r\n")[1:])
    lengths = [value.strip() for name, _, value in fields if name.strip().lower() == b"content-length"]
    if len(lengths) != 1 or not lengths[0].isdigit():
        raise ValueError("an answer without its length")
    if len(body) < int(lengths[0]):
        raise ValueError("an answer that was cut off")
    try:
        return json.loads(body[: int(lengths[0])])
    except ValueError:  # the decoder's own message would hold a piece of the answer
        raise ValueError("an answer that is no JSON") from None
