"""A server inside the tests' own process, whose port is free again at once when it ends."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web

from tests.listening import listening


@asynccontextmanager
async def on_loopback(runner: web.BaseRunner, port: int) -> AsyncIterator[None]:
    """Serve on a port of loopback; the runner is cleaned up afterwards."""
    await runner.setup()
    try:
        with listening(port) as listener:
            await web.SockSite(runner, listener.dup()).start()
            yield
    finally:
        await runner.cleanup()
