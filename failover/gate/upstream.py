"""One request on its way to a daemon, or through a link to another gate, and the answer on its way back.

The check runs in the very step of the event loop that hands head and body to the kernel: nothing is awaited between.
What is left, and can't be fenced: the time until the kernel has delivered them and the daemon has read and executed
them. It is without a limit when the daemon is frozen; a body larger than the socket's buffer adds to it.
"""

from __future__ import annotations

import asyncio
import errno
import time
from collections.abc import Callable
from ssl import SSLContext
from typing import Any, cast
from urllib.parse import urlsplit

from aiohttp import ClientConnectorError, ClientError, ClientResponse, ClientSession, ClientTimeout, TCPConnector, web
from aiohttp.abc import AbstractStreamWriter
from aiohttp.payload import Payload

from failover import wire
from failover.gate.answers import RefusedError, gone, not_executed, unreachable
from failover.gate.unread import SHORT, unread
from failover.question import Question
from failover.wire import EPOCH_HEADER

# A daemon ends idle connections after 30 s: a call on one that just ended would be lost, and not sent again.
IDLE_SECONDS = 10
CONNECT_SECONDS = 5
SILENCE_SECONDS = 900  # for an answer, which comes in one piece
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
        self._probe = Question(lambda: self.ask("getblockcount"))

    async def close(self) -> None:
        """Close idle connections, and give up the gate's own questions."""
        await self._probe.close()
        await self._session.close()

    async def answers(self) -> bool:
        """Whether it answers calls: one that still reads its index (RPC error -28) does not.

        Probes come every few seconds; one that has no answer yet is not followed by another.
        """
        try:
            await self._probe.answer(PROBE_SECONDS)
        except wire.CallError as error:
            return error.code != WARMING_UP
        except (ClientError, TimeoutError, OSError, ValueError):
            return False
        return True

    async def lives(self) -> bool:
        """Whether its process is there: it accepts connections.

        What is slow is not dead: komodod answers nothing while it looks through its chain for a key, which takes hours,
        and to kill it in the middle would begin that anew.
        """
        at = urlsplit(self._url)
        try:
            async with asyncio.timeout(PROBE_SECONDS):
                _, writer = await asyncio.open_connection(at.hostname, at.port)
        except (OSError, TimeoutError):
            return False
        writer.close()
        return True

    async def ask(self, method: str, *params: object) -> Any:
        """A call of the gate's own: its result. Raises CallError; ClientError, OSError, TimeoutError, ValueError."""
        call = wire.request(method, *params)
        async with self._session.post(self._url, json=call, headers=self._headers) as answer:
            if answer.status in (401, 403):
                raise ValueError(f"{self._name} does not accept this gate: HTTP {answer.status}")
            found: object = await answer.json(content_type=None)
        if not isinstance(found, dict):
            raise ValueError(f"{self._name} gave no JSON-RPC answer to {method}: HTTP {answer.status}")
        error = cast("dict[str, Any]", found).get("error")
        if isinstance(error, dict):
            said = cast("dict[str, Any]", error)
            raise wire.CallError(int(said.get("code") or 0), str(said.get("message"))[:300])
        return cast("dict[str, Any]", found).get("result")

    async def pass_on(
        self,
        request: web.BaseRequest,
        body: bytes,
        *,
        check: Callable[[], None],
        patience: float,
        silence: float = SILENCE_SECONDS,
    ) -> tuple[web.StreamResponse, float]:
        """Send, and stream the answer to the caller, who may take `patience` seconds for a piece of it.

        Returns the response and the seconds until its head came; the daemon may take `silence` seconds for that. Raises
        RefusedError while nothing has been answered, BrokenOffError after that.
        """
        checked = CheckedBody(body, check)
        # No daemon reads it: it lets whoever looks at the wire, or stands in for a daemon, see what was let through.
        told = {EPOCH_HEADER: request.headers[EPOCH_HEADER]} if EPOCH_HEADER in request.headers else {}
        begun = time.perf_counter()
        try:
            tls = self._tls() if self._tls else True
            limit = ClientTimeout(total=None, sock_connect=CONNECT_SECONDS, sock_read=silence)
            answer = await self._session.post(
                self._url, data=checked, headers=self._headers | told, ssl=tls, allow_redirects=False, timeout=limit
            )
            short = await _short(answer)
        except (ClientError, TimeoutError, OSError) as error:
            raise checked.refused or self._silent(checked.sent, error) from None
        seconds = time.perf_counter() - begun
        async with answer:
            if short is None:
                return await _stream(request, answer, patience), seconds
            if refusal := unread(self._name, answer.status, short):
                raise refusal
            return web.Response(status=answer.status, body=short, content_type=answer.content_type), seconds

    def _silent(self, sent: bool, error: Exception) -> RefusedError:
        if sent:
            what = "the call was sent and may have been executed"
            return unreachable(f"{self._name} gave no answer ({type(error).__name__}): {what}")
        if isinstance(error, ClientConnectorError) and error.os_error.errno == errno.ECONNREFUSED:
            return gone(f"{self._name} refuses connections: nothing was sent")
        return not_executed(f"{self._name} can't be reached ({type(error).__name__}): nothing was sent")


async def _short(answer: ClientResponse) -> bytes | None:
    """The whole of an error that is no JSON, which says by its status what became of the call; None for any other."""
    if answer.status < 400 or answer.content_type == "application/json":
        return None
    length = answer.content_length
    return await answer.read() if length is not None and length <= SHORT else None


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
