"""The chains' RPC as the signer sees it, on loopback ports; behind each a gate, by mutual TLS and with the epoch."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Collection
from typing import Any, cast

import aiohttp
from aiohttp import HttpVersion11, web

from config.failover import AgentConfig, GateRoute
from failover import wire
from failover.agent.tenure import Tenure
from failover.clock import Clock
from failover.gates import READ_SECONDS, Gates
from failover.tls import Identity

LOOPBACK = "127.0.0.1"
REQUEST_BYTES = 32 * 2**20
KEPT_BYTES = 2**20  # of a signing call's answer: more is no plain answer to one
CLOSE_SECONDS = 0.1  # the signer is dead by then: nobody waits for an answer
# Iguana's one thread asks all chains in turn, and waits without a limit: a call that has no answer by then stops the
# rounds of every chain (KomodoPlatform/dPoW 2f846c0, `iguana/main.c`, dpow_loop) [run].
POLL_SECONDS = 5.0
# As daemons answer what is no call: komodo-daemon 558a174 and litecoin 0.21.2.1, `src/httprpc.cpp`, and recordings.
NO_POST = "JSONRPC server handles only POST requests"
CHARSET = "ISO-8859-1"

Signs = Callable[[bytes], bool]


class Forwarder:
    """Listens for each route. `tenure` says what is held now; a signing call is counted in the one it began under.

    `away` names the chains whose daemons don't answer: their calls are answered with an error at once, for a signer
    that waits for one daemon does nothing for the others. `called_at`: when the signer made its last call, by `clock`.
    """

    def __init__(
        self,
        config: AgentConfig,
        identity: Identity | None,
        tenure: Callable[[], Tenure | None],
        signs: Signs,
        clock: Clock,
        away: Callable[[], Collection[str]] = tuple,
    ) -> None:
        self.called_at = float("-inf")
        self._away = away
        self._routes, self._gates = config.routes, Gates(config, identity)
        self._tenure, self._signs, self._clock = tenure, signs, clock
        self._runners: list[web.ServerRunner] = []
        self._signing: set[asyncio.Task[web.StreamResponse]] = set()

    async def start(self) -> None:
        """Listen. Raises OSError for a port that is taken."""
        self._gates.start()
        for route in self._routes:
            runner = web.ServerRunner(web.Server(self._handler(route)), shutdown_timeout=CLOSE_SECONDS)
            await runner.setup()
            self._runners.append(runner)
            await web.TCPSite(runner, LOOPBACK, route.rpc_port).start()

    async def close(self) -> None:
        """Stop listening; calls under way are cut off, and the signing ones among them are lost."""
        for runner in self._runners:
            await runner.cleanup()
        for task in self._signing:
            task.cancel()
        await asyncio.gather(*self._signing, return_exceptions=True)
        await self._gates.close()

    async def call(self, route: GateRoute, method: str, *params: object, seconds: float = READ_SECONDS) -> Any:
        """A call of the agent's own, which needs no epoch, or has the one that is held. Raises as `Gates.call`."""
        return await self._gates.call(route, method, *params, epoch=_epoch(self._tenure()), seconds=seconds)

    def _handler(self, route: GateRoute) -> Callable[[web.BaseRequest], Any]:
        async def handle(request: web.BaseRequest) -> web.StreamResponse:
            if request.method != "POST":
                return web.Response(status=405, text=NO_POST, content_type="text/html", charset=CHARSET)
            if request.path_qs != "/":  # of another wallet: without its path it would be another call
                return web.Response(status=404, text="", content_type="text/html", charset=CHARSET)
            body = await _body(request)
            if body is None:
                return _error(b"", wire.OVERLOADED, f"the request has more than {REQUEST_BYTES} bytes")
            self.called_at = self._clock()
            if route.chain in self._away():
                return _error(body, wire.NOT_EXECUTED, f"the daemon of {route.chain} does not answer: nothing was sent")
            return await (self._sign if self._signs(body) else self._read)(request, route, body)

        return handle

    async def _read(self, request: web.BaseRequest, route: GateRoute, body: bytes) -> web.StreamResponse:
        try:
            async with asyncio.timeout(POLL_SECONDS) as limit:
                async with self._gates.post(route, body, _epoch(self._tenure())) as answer:
                    limit.reschedule(None)  # the daemon has answered: its answer may be long
                    return await _relay(request, answer, None)
        except (aiohttp.ClientError, TimeoutError) as error:
            return _error(body, wire.UNREACHABLE, f"the gate of {route.chain} gave no answer: {type(error).__name__}")

    async def _sign(self, request: web.BaseRequest, route: GateRoute, body: bytes) -> web.StreamResponse:
        tenure = self._tenure()
        refusal = tenure.refusal(self._clock()) if tenure else "this candidate does not hold the duty"
        if tenure is None or refusal:
            return _error(body, wire.REFUSED, refusal or "")
        # In a task of its own, which we keep: whatever becomes of the signer's connection, the answer is waited for.
        task = asyncio.create_task(self._sign_under(tenure, request, route, body))
        self._signing.add(task)
        task.add_done_callback(self._signing.discard)
        return await asyncio.shield(task)

    async def _sign_under(
        self, tenure: Tenure, request: web.BaseRequest, route: GateRoute, body: bytes
    ) -> web.StreamResponse:
        kept, certain = bytearray(), False
        number = tenure.calls.sent(route.chain, self._clock())
        try:
            async with self._gates.post(route, body, _epoch(tenure)) as answer:
                response = await _relay(request, answer, kept)
                certain = _whole(answer) and not _in_doubt(bytes(kept))
                return response
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError):
            certain = True  # no connection, so nothing was sent
            return _error(body, wire.NOT_EXECUTED, f"no connection to the gate of {route.chain}: nothing was sent")
        except (aiohttp.ClientError, TimeoutError) as error:
            return _error(body, wire.UNREACHABLE, f"the gate of {route.chain} gave no answer: {type(error).__name__}")
        finally:
            (tenure.calls.answered if certain else tenure.calls.lose)(number)


def _epoch(tenure: Tenure | None) -> int | None:
    return tenure.claim.epoch if tenure else None


async def _body(request: web.BaseRequest) -> bytes | None:
    # HTTP/1.0 knows no interim answers: whoever speaks it would take one for the answer.
    if request.version >= HttpVersion11 and request.headers.get("Expect", "").lower() == "100-continue":
        await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    collected = bytearray()
    async for part in request.content.iter_any():
        collected += part
        if len(collected) > REQUEST_BYTES:
            return None
    return bytes(collected)


async def _relay(
    request: web.BaseRequest, answer: aiohttp.ClientResponse, kept: bytearray | None
) -> web.StreamResponse:
    """The answer as it comes. With `kept` it is read to its end even if the signer is gone, and remembered."""
    response = web.StreamResponse(status=answer.status, headers=_passed(answer))
    listening = await _listens(response.prepare(request))
    try:
        async for part in answer.content.iter_any():
            if kept is not None and len(kept) <= KEPT_BYTES:
                kept += part
            if listening:
                listening = await _listens(response.write(part))
            elif kept is None:
                break
    except (aiohttp.ClientError, TimeoutError):
        if request.transport:
            request.transport.abort()  # an answer has begun: to break it off as well is all that can be said
        raise
    if listening:
        await _listens(response.write_eof())
    return response


async def _listens(writing: Any) -> bool:
    try:
        await writing
    except (ConnectionError, aiohttp.ClientConnectionError):
        return False
    return True


def _passed(answer: aiohttp.ClientResponse) -> dict[str, str]:
    names = ("Content-Type", "Content-Length", "Content-Encoding")
    return {name: answer.headers[name] for name in names if name in answer.headers}


def _whole(answer: aiohttp.ClientResponse) -> bool:
    """Whether the end of the answer was marked: without a length, a broken connection looks like one."""
    return "Content-Length" in answer.headers or "chunked" in answer.headers.get("Transfer-Encoding", "").lower()


def _in_doubt(text: bytes) -> bool:
    """Whether the gate says that the daemon gave *it* no answer, so that the call may have been made."""
    try:
        found = json.loads(text)
    except ValueError:
        return True
    items: list[Any] = cast(list[Any], found) if isinstance(found, list) else [found]
    errors = [cast(dict[str, Any], item).get("error") for item in items if isinstance(item, dict)]
    return any(
        isinstance(error, dict) and cast(dict[str, Any], error).get("code") == wire.UNREACHABLE for error in errors
    )


def _error(body: bytes, code: int, sentence: str) -> web.Response:
    try:
        asked = json.loads(body)
    except ValueError:
        asked = None
    items: list[Any] = cast(list[Any], asked) if isinstance(asked, list) else [asked]
    ids = [cast(dict[str, Any], item).get("id") if isinstance(item, dict) else None for item in items]
    made = [wire.error(code, f"agent: {sentence}", each) for each in ids]
    return web.json_response(made if isinstance(asked, list) else made[0], status=500)
