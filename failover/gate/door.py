"""What happens to one request, from its head to the end of its answer."""

from __future__ import annotations

import asyncio
import time

from aiohttp import HttpVersion11, web

from config.failover import GateLimits
from failover import wire
from failover.gate.answers import RefusedError, full, invalid, refusal
from failover.gate.calls import Kind, MalformedError, Request, classify, parse
from failover.gate.fence import Fence
from failover.gate.metrics import Metrics
from failover.gate.upkeep import is_upkeep
from failover.gate.upstream import SILENCE_SECONDS, BrokenOffError, Upstream
from failover.log import Log

# Beside those of signers: an agent has a handful of its own calls under way, and a daemon the agents of a few regions.
HEALTH_PLACES = 16
# komodod holds its main lock while it asks another chain's daemon, for `getinfo` and at each notarisation, and waits
# without a limit (komodo-daemon 558a174, `src/komodo_bitcoind.cpp`): one chain that hangs would stop the other.
LINK_SECONDS = 5
# A daemon looks through its whole chain for a key, and answers when it is through.
UPKEEP_SECONDS = 7 * 24 * 3600


class Door:
    """One listener's way to one upstream. Without a fence it is a link: for reading only."""

    def __init__(
        self, limits: GateLimits, upstream: Upstream, fence: Fence | None, log: Log, metrics: Metrics, pubkey: str = ""
    ) -> None:
        """`pubkey`: the duty's own, in hex, whose key may be imported without an epoch."""
        self._limits, self._upstream, self._fence, self._log, self._metrics = limits, upstream, fence, log, metrics
        self._pubkey = pubkey
        self._under_way = {False: 0, True: 0}  # of signers; of agents that ask after the daemon's health
        self._upkeep_since: float | None = None

    async def __call__(self, http: web.BaseRequest) -> web.StreamResponse:
        """Answer; a refusal is an answer too."""
        if http.method != "POST" or http.path != "/":
            return web.Response(status=405, text="gate: POST / is all there is\n", headers={"Allow": "POST"})
        own = wire.HEALTH_HEADER in http.headers
        self._under_way[own] += 1
        self._metrics.under_way.inc()
        try:
            return await self._answer(http)
        finally:
            self._under_way[own] -= 1
            self._metrics.under_way.dec()

    async def _answer(self, http: web.BaseRequest) -> web.StreamResponse:
        begun = time.perf_counter()
        request: Request | None = None
        try:
            body = await self._read(http)
            try:
                request = parse(body)
            except MalformedError as error:
                raise invalid("malformed", str(error)) from None
            response, seconds = await self._pass_on(http, body, request)
        except RefusedError as error:
            self._metrics.refusals.labels(error.kind).inc()
            self._note(request, "refused", begun, reason=error.kind, sentence=str(error))
            return refusal(error, request)
        except BrokenOffError as error:
            self._note(request, "broken-off", begun, reason=str(error), sentence="the answer was cut")
            if http.transport:
                http.transport.abort()
            return web.Response(status=502)
        if request.kind is not Kind.READING:
            self._note(request, "answered", begun)
        else:
            self._metrics.calls.labels("reading", "answered").inc(len(request.calls))
        self._metrics.upstream.labels(request.kind.name.lower()).observe(seconds)
        return response

    async def _pass_on(self, http: web.BaseRequest, body: bytes, request: Request) -> tuple[web.StreamResponse, float]:
        check = _nothing
        if request.kind is Kind.FORBIDDEN:
            names = {call.method for call in request.calls if classify(call.method) is Kind.FORBIDDEN}
            raise RefusedError(wire.FORBIDDEN, "forbidden", f"{', '.join(sorted(names))}: never through a gate")
        if request.kind is Kind.SIGNING:
            if self._fence is None:
                names = {call.method for call in request.calls if classify(call.method) is Kind.SIGNING}
                raise RefusedError(
                    wire.FORBIDDEN, "link", f"{', '.join(sorted(names))}: this port leads to another chain, for reading"
                )
            if is_upkeep(request, self._pubkey):
                self._fence.name_duty(http.headers)
                return await self._keep_up(http, body)
            check = await self._fence.admit(http.headers)
        silence = LINK_SECONDS if self._fence is None else SILENCE_SECONDS
        patience = self._limits.slow_client_seconds
        return await self._upstream.pass_on(http, body, check=check, patience=patience, silence=silence)

    async def _keep_up(self, http: web.BaseRequest, body: bytes) -> tuple[web.StreamResponse, float]:
        """One at a time: two would look through the chain at once. Whether or not its caller stays, it goes on."""
        if self._upkeep_since is not None:
            seconds = time.monotonic() - self._upkeep_since
            raise full(f"an import or a rescan is under way since {seconds:.0f} s: not executed")
        self._upkeep_since = time.monotonic()
        try:
            patience = self._limits.slow_client_seconds
            return await self._upstream.pass_on(http, body, check=_nothing, patience=patience, silence=UPKEEP_SECONDS)
        finally:
            self._upkeep_since = None

    async def _read(self, http: web.BaseRequest) -> bytes:
        limit, patience = self._limits.request_bytes, self._limits.slow_client_seconds
        own = wire.HEALTH_HEADER in http.headers
        places = HEALTH_PLACES if own else self._limits.concurrency
        if self._under_way[own] > places:
            raise full(f"{places} requests are under way")
        large = invalid("large", f"a request may have {limit} bytes")
        if (http.content_length or 0) > limit:
            raise large
        body = bytearray()
        try:
            async with asyncio.timeout(patience):
                if http.version >= HttpVersion11 and http.headers.get("Expect", "").lower() == "100-continue":
                    await http.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
                async for chunk in http.content.iter_any():
                    body += chunk
                    if len(body) > limit:
                        raise large
        except TimeoutError:
            raise BrokenOffError(f"the request took more than {patience} s to come") from None
        except (web.RequestPayloadError, OSError):
            raise BrokenOffError("the caller went away") from None
        return bytes(body)

    def _note(self, request: Request | None, outcome: str, begun: float, **why: str) -> None:
        kind = request.kind.name.lower() if request else "none"
        calls = request.calls if request else ()
        self._metrics.calls.labels(kind, outcome).inc(max(1, len(calls)))
        methods = sorted({call.method for call in calls})[:10]
        milliseconds = round((time.perf_counter() - begun) * 1000)
        self._log.say("request", kind=kind, outcome=outcome, methods=methods, milliseconds=milliseconds, **why)


def _nothing() -> None:
    pass
