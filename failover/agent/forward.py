"""The chains' RPC as the signer sees it, on loopback ports; behind each a gate, by mutual TLS and with the epoch."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any, cast

import aiohttp
from aiohttp import web

from config.failover import AgentConfig, GateRoute
from failover import wire
from failover.agent.tenure import Tenure
from failover.clock import Clock
from failover.model import duty_name
from failover.tls import Identity

LOOPBACK = "127.0.0.1"
REQUEST_BYTES = 32 * 2**20
KEPT_BYTES = 2**20  # of a signing call's answer: more is no plain answer to one
CONNECT_SECONDS = 5.0
ANSWER_SECONDS = 330.0  # a round takes up to 300 s (KomodoPlatform/dPoW 2f846c0)

LIMITS = aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_SECONDS, sock_read=ANSWER_SECONDS)
CLOSE_SECONDS = 0.1  # the signer is dead by then: nobody waits for an answer
READ_SECONDS = 10.0  # for a call of the agent's own

Signs = Callable[[bytes], bool]


class Forwarder:
    """Listens for each route. `tenure` says what is held now; a signing call is counted in the one it began under."""

    def __init__(
        self,
        config: AgentConfig,
        identity: Identity | None,
        tenure: Callable[[], Tenure | None],
        signs: Signs,
        clock: Clock,
    ) -> None:
        self._routes, self._duty = config.routes, duty_name(config.notary, config.shard)
        self._identity, self._tenure, self._signs, self._clock = identity, tenure, signs, clock
        self._client: aiohttp.ClientSession | None = None
        self._runners: list[web.ServerRunner] = []

    async def start(self) -> None:
        """Listen. Raises OSError for a port that is taken."""
        connector = aiohttp.TCPConnector(limit=0)
        self._client = aiohttp.ClientSession(connector=connector, auto_decompress=False)
        for route in self._routes:
            runner = web.ServerRunner(web.Server(self._handler(route)), shutdown_timeout=CLOSE_SECONDS)
            await runner.setup()
            self._runners.append(runner)
            await web.TCPSite(runner, LOOPBACK, route.rpc_port).start()

    async def close(self) -> None:
        """Stop listening; calls under way are cut off."""
        for runner in self._runners:
            await runner.cleanup()
        if self._client:
            await self._client.close()

    async def call(self, route: GateRoute, method: str, *params: object) -> Any:
        """A reading call of the agent's own. Raises aiohttp.ClientError, TimeoutError; ValueError for an error."""
        body = json.dumps(wire.request(method, *params)).encode()
        async with self._post(route, body, self._tenure(), own=True) as answer:
            found = json.loads(await answer.read())
        if not isinstance(found, dict) or cast(dict[str, Any], found).get("error"):
            raise ValueError(f"{route.chain} {method}: {str(cast(object, found))[:200]}")
        return cast(dict[str, Any], found)["result"]

    def _handler(self, route: GateRoute) -> Callable[[web.BaseRequest], Any]:
        async def handle(request: web.BaseRequest) -> web.StreamResponse:
            if request.method != "POST":
                return web.Response(status=405, text="POST JSON-RPC here\n")
            body = await _body(request)
            if body is None:
                return _error(b"", wire.OVERLOADED, f"the request has more than {REQUEST_BYTES} bytes")
            return await (self._sign if self._signs(body) else self._read)(request, route, body)

        return handle

    async def _read(self, request: web.BaseRequest, route: GateRoute, body: bytes) -> web.StreamResponse:
        try:
            async with self._post(route, body, self._tenure()) as answer:
                return await _relay(request, answer, None)
        except (aiohttp.ClientError, TimeoutError) as error:
            return _error(body, wire.UNREACHABLE, f"the gate of {route.chain} gave no answer: {type(error).__name__}")

    async def _sign(self, request: web.BaseRequest, route: GateRoute, body: bytes) -> web.StreamResponse:
        tenure = self._tenure()
        refusal = tenure.refusal(self._clock()) if tenure else "this candidate does not hold the duty"
        if tenure is None or refusal:
            return _error(body, wire.REFUSED, refusal or "")
        # In a task of its own: whatever becomes of the signer's connection, the answer is waited for.
        return await asyncio.shield(asyncio.create_task(self._sign_under(tenure, request, route, body)))

    async def _sign_under(
        self, tenure: Tenure, request: web.BaseRequest, route: GateRoute, body: bytes
    ) -> web.StreamResponse:
        kept, certain = bytearray(), False
        number = tenure.calls.sent(route.chain, self._clock())
        try:
            async with self._post(route, body, tenure) as answer:
                response = await _relay(request, answer, kept)
                certain = _whole(answer) and not _in_doubt(bytes(kept))
                return response
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError):
            certain = True  # no connection, so nothing was sent
            return _error(body, wire.UNREACHABLE, f"no connection to the gate of {route.chain}")
        except (aiohttp.ClientError, TimeoutError) as error:
            return _error(body, wire.UNREACHABLE, f"the gate of {route.chain} gave no answer: {type(error).__name__}")
        finally:
            (tenure.calls.answered if certain else tenure.calls.lose)(number)

    def _post(
        self, route: GateRoute, body: bytes, tenure: Tenure | None, *, own: bool = False
    ) -> aiohttp.client._RequestContextManager:  # pyright: ignore[reportPrivateUsage]
        if self._client is None or self._identity is None:
            raise aiohttp.ClientConnectionError("the forwarder does not run")
        headers = {"Content-Type": "application/json", wire.DUTY_HEADER: self._duty}
        if tenure:
            headers[wire.EPOCH_HEADER] = str(tenure.claim.epoch)
        if own:
            headers[wire.HEALTH_HEADER] = "1"
        return self._client.post(
            f"https://{route.gate}/",
            data=body,
            headers=headers,
            ssl=self._identity.context(),
            allow_redirects=False,
            timeout=aiohttp.ClientTimeout(total=READ_SECONDS) if own else LIMITS,
        )


async def _body(request: web.BaseRequest) -> bytes | None:
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
