"""What probes and Prometheus ask, over plain HTTP."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from aiohttp import web

from failover.gate.metrics import Metrics


class Health:
    """Ready means that this gate serves, whether or not its daemon is up: the daemon has a probe of its own."""

    def __init__(self, metrics: Metrics, ready: Callable[[], bool], answers: Callable[[], Awaitable[bool]]) -> None:
        self._metrics, self._ready, self._answers = metrics, ready, answers

    async def __call__(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer /livez, /readyz, /metrics and, for the daemon's own probes, /chain/answers."""
        match request.path:
            case "/livez":
                return web.Response(text="ok\n")
            case "/readyz":
                return web.Response(text="ok\n") if self._ready() else web.Response(status=503, text="ending\n")
            case "/chain/answers":
                return web.Response(text="ok\n") if await self._answers() else web.Response(status=503, text="no\n")
            case "/metrics":
                return web.Response(body=self._metrics.text(), headers={"Content-Type": "text/plain; version=0.0.4"})
            case _:
                return web.Response(status=404, text="/livez, /readyz, /metrics, /chain/answers\n")
