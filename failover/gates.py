"""Calls through the chains' gates, by mutual TLS and with the duty's name: what the signer calls, and our own calls."""

from __future__ import annotations

import json
import socket
from typing import Any, cast

import aiohttp

from config.failover import AgentConfig, GateRoute
from failover import wire
from failover.model import duty_name
from failover.tls import Identity

CONNECT_SECONDS = 5.0
ANSWER_SECONDS = 330.0  # a round takes up to 300 s (KomodoPlatform/dPoW 2f846c0)
READ_SECONDS = 10.0  # for a call of our own
LIMITS = aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_SECONDS, sock_read=ANSWER_SECONDS)
# A call may wait for hours while a daemon looks through its chain: its connection must outlive what forgets idle ones,
# and a gate that can't be reached any more must end it.
KEEPALIVE = (
    (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
    (socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 5),
    (socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 2),
    (socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 3),
    (socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, 11_000),  # milliseconds
)


class Gates:
    """One client for all routes of a duty. Nothing is ever sent twice."""

    def __init__(self, config: AgentConfig, identity: Identity | None) -> None:
        self._duty, self._identity = duty_name(config.notary, config.shard), identity
        self._client: aiohttp.ClientSession | None = None

    def start(self) -> None:
        """Within the loop that uses it."""
        connector = aiohttp.TCPConnector(limit=0, socket_factory=_socket)
        self._client = aiohttp.ClientSession(connector=connector, auto_decompress=False)

    async def close(self) -> None:
        """Calls under way are cut off."""
        if self._client:
            await self._client.close()

    async def call(
        self, route: GateRoute, method: str, *params: object, epoch: int | None = None, seconds: float = READ_SECONDS
    ) -> Any:
        """The result of a call of our own. Raises CallError, which is a ValueError; aiohttp.ClientError, TimeoutError.

        No error repeats a parameter, but for what the daemon itself says.
        """
        body = json.dumps(wire.request(method, *params)).encode()
        limits = aiohttp.ClientTimeout(total=seconds, sock_connect=CONNECT_SECONDS)
        async with self.post(route, body, epoch, own=True, limits=limits) as answer:
            found: object = json.loads(await answer.read())
        if not isinstance(found, dict):
            raise ValueError(f"{route.chain} {method}: {str(found)[:200]}")
        given = cast(dict[str, Any], found)
        if error := given.get("error"):
            said = cast(dict[str, Any], error) if isinstance(error, dict) else {"message": error}
            raise wire.CallError(
                int(said.get("code") or 0), f"{route.chain} {method}: {str(said.get('message'))[:200]}"
            )
        return given["result"]

    def post(
        self,
        route: GateRoute,
        body: bytes,
        epoch: int | None,
        *,
        own: bool = False,
        limits: aiohttp.ClientTimeout = LIMITS,
    ) -> aiohttp.client._RequestContextManager:  # pyright: ignore[reportPrivateUsage]
        """The request, to be entered. Raises aiohttp.ClientError."""
        if self._client is None or self._identity is None:
            raise aiohttp.ClientConnectionError("the forwarder does not run")
        headers = {"Content-Type": "application/json", wire.DUTY_HEADER: self._duty}
        if epoch is not None:
            headers[wire.EPOCH_HEADER] = str(epoch)
        if own:
            headers[wire.HEALTH_HEADER] = "1"
        return self._client.post(
            f"https://{route.gate}/",
            data=body,
            headers=headers,
            ssl=self._identity.context(),
            allow_redirects=False,
            timeout=limits,
        )


def _socket(address: tuple[Any, ...]) -> socket.socket:
    """`address` is what getaddrinfo gives: family, kind and protocol come first."""
    made = socket.socket(*address[:3])
    for option in KEEPALIVE:
        made.setsockopt(*option)
    return made
