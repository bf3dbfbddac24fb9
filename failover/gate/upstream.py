"""One request on its way to a daemon, or through a link to another gate, and the answer on its way back.

The check runs in the very step of the event loop that hands head and body to the kernel: nothing is awaited between.
What is left, and can't be fenced: the time until the kernel has delivered them and the daemon has read and executed
them. It is without a limit when the daemon is frozen; a body larger than the socket's buffer adds to it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from ssl import SSLContext
from typing import cast

from aiohttp import ClientError, ClientResponse, ClientSession, ClientTimeout, TCPConnector, web
from aiohttp.abc import AbstractStreamWriter
from aiohttp.payload import Payload

from failover.gate.answers import RefusedError, unreachable
from failover.wire import EPOCH_HEADER

# A daemon ends idle connections after 30 s: a call on one that just ended would be lost, and not sent again.
IDLE_SECONDS = 10
CONNECT_SECONDS = 5
# Importing a key may scan a whole chain, which is answered in one piece.
SILENCE_SECONDS = 900
CHUNK = 1 << 16
PROBE_SECONDS = 4
WARMING_UP = -28  # RPC_IN_WARMUP, bitcoin's rpc/protocol.h


class CheckedBody(Payload):
    """A body that is checked when it is due, when there is a connection already. `sent`: the daemon may have it."""

    def __init__(self, body: bytes, check: Callable[[], None]) -> None:
        super().__init__(body, content_type="application/json")
        self._size = len(body)
        self._check = check
        self.sent = False
        self.refused: RefusedError | None = None

    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:
        """The body as text."""
        return self._value.decode(encoding, errors)

    async def write(self, writer: AbstractStreamWriter) -> None:
        """Check, then write; aiohttp writes head and body as one. Raises RefusedError, and then writes nothing."""
        try:
            self._check()
        except RefusedError as error:
            self.refused = error
            raise
        self.sent = True
        await writer.write(self._value)


class BrokenOffError(Exception):
    """An answer that was begun and could not be brought to its end: the caller's connection is cut."""


class Upstream:
    """Where requests go. Nothing is ever sent twice."""

    def __init__(self, url: str, *, name: str, authorization: str | None, tls: Callable[[], SSLContext] | None) -> None:
        """`name` is for sentences."""
        self._url, self._name, self._tls = url, name, tls
        self._headers = {"Accept-Encoding": "identity"} | ({"Authorization": authorization} if authorization else {})
        self._session = ClientSession(
            connector=TCPConnector(limit=0, keepalive_timeout=IDLE_SECONDS),
            timeout=ClientTimeout(total=None, sock_connect=CONNECT_SECONDS, sock_read=SILENCE_SECONDS),
            auto_decompress=False,
            trust_env=False,
        )

    async def close(self) -> None:
        """Close idle connections."""
        await self._session.close()

    async def answers(self) -> bool:
        """Whether it answers calls: one that still reads its index (RPC error -28) does not."""
        found = await self._probe()
        error = cast("dict[str, object]", found).get("error") if isinstance(found, dict) else None
        warming_up = isinstance(error, dict) and cast("dict[str, object]", error).get("code") == WARMING_UP
        return found is not None and not warming_up

    async def lives(self) -> bool:
        """Whether it says anything at all: one that reads its index for hours must not be killed for it."""
        return await self._probe() is not None

    async def _probe(self) -> object:
        """Its answer to a call that anybody may make; None for silence, or for one that does not know this gate."""
        call = {"jsonrpc": "1.0", "id": "probe", "method": "getblockcount"}
        limit = ClientTimeout(total=PROBE_SECONDS)
        try:
            async with self._session.post(self._url, json=call, headers=self._headers, timeout=limit) as answer:
                found: object = await answer.json(content_type=None)
        except (ClientError, TimeoutError, OSError, ValueError):
            return None
        return None if answer.status in (401, 403) else found

    async def pass_on(
        self, request: web.BaseRequest, body: bytes, *, check: Callable[[], None], patience: float
    ) -> tuple[web.StreamResponse, float]:
        """Send, and stream the answer to the caller, who may take `patience` seconds for a piece of it.

        Returns the response and the seconds until its head came. Raises RefusedError while nothing has been answered,
        BrokenOffError after that.
        """
        checked = CheckedBody(body, check)
        # No daemon reads it: it lets whoever looks at the wire, or stands in for a daemon, see what was let through.
        told = {EPOCH_HEADER: request.headers[EPOCH_HEADER]} if EPOCH_HEADER in request.headers else {}
        begun = time.perf_counter()
        try:
            tls = self._tls() if self._tls else True
            answer = await self._session.post(
                self._url, data=checked, headers=self._headers | told, ssl=tls, allow_redirects=False
            )
        except (ClientError, TimeoutError, OSError) as error:
            raise checked.refused or self._silent(checked.sent, error) from None
        seconds = time.perf_counter() - begun
        async with answer:
            if answer.status in (401, 403):
                raise unreachable(f"{self._name} does not accept this gate: HTTP {answer.status}")
            return await _stream(request, answer, patience), seconds

    def _silent(self, sent: bool, error: Exception) -> RefusedError:
        what = "the call was sent and may have been executed" if sent else "nothing was sent"
        return unreachable(f"{self._name} gave no answer ({type(error).__name__}): {what}")


async def _stream(request: web.BaseRequest, answer: ClientResponse, patience: float) -> web.StreamResponse:
    response = web.StreamResponse(status=answer.status, reason=answer.reason)
    response.content_type = answer.content_type
    response.content_length = answer.content_length
    try:
        await response.prepare(request)
        async for chunk in answer.content.iter_chunked(CHUNK):
            async with asyncio.timeout(patience):
                await response.write(chunk)
        async with asyncio.timeout(patience):
            await response.write_eof()
    except (ClientError, TimeoutError, OSError) as error:
        raise BrokenOffError(type(error).__name__) from None
    return response
