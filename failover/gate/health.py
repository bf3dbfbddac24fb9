"""What probes and Prometheus ask, over plain HTTP."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from aiohttp import web

from failover.gate.metrics import Metrics


class Daemon(Protocol):
    """What is asked of the daemon behind the gate."""

    async def lives(self) -> bool: ...

    async def answers(self) -> bool: ...


class Health:
    """Ready means that this gate serves, whether or not its daemon is up: the daemon has a probe of its own."""

    def __init__(self, metrics: Metrics, ready: Callable[[], bool], daemon: Daemon) -> None:
        self._metrics, self._ready, self._daemon = metrics, ready, daemon

    async def __call__(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer /livez, /readyz, /metrics and, for the daemon's own probes, /chain/lives and /chain/answers."""
        match request.path:
            case "/livez":
                return web.Response(text="ok\n")
            case "/readyz":
                return _said(self._ready(), "ending")
            case "/chain/lives":
                return _said(await self._daemon.lives(), "silent")
            case "/chain/answers":
                return _said(await self._daemon.answers(), "no")
            case "/metrics":
                return web.Response(body=self._metrics.text(), headers={"Content-Type": "text/plain; version=0.0.4"})
            case _:
                return web.Response(status=404, text="/livez, /readyz, /metrics, /chain/lives, /chain/answers\n")


def _said(yes: bool, otherwise: str) -> web.Response:
    return web.Response(text="ok\n") if yes else web.Response(status=503, text=f"{otherwise}\n")
