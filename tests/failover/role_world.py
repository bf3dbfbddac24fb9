"""Whatever listens on loopback where a role makes its calls, and a duty of three chains."""

from __future__ import annotations

import asyncio
import dataclasses
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from aiohttp import web

from config.failover import AgentConfig, GateRoute
from sandbox.processes import free_ports
from tests.failover.agent_world import World
from tests.failover.loopback import on_loopback

KMD_PORT = free_ports(1)[0]


class Api:
    """Whatever listens on a loopback port: remembers calls, answers what it was told to."""

    def __init__(self, answer: Callable[[dict[str, Any]], object]) -> None:
        self.calls: list[dict[str, Any]] = []
        self.users: list[str] = []
        self._answer = answer

    async def handle(self, request: web.Request) -> web.Response:
        call = json.loads(await request.text())
        self.calls.append(call)
        self.users.append(request.headers.get("Authorization", ""))
        return web.json_response(self._answer(call))

    def methods(self) -> list[str]:
        return [call["method"] for call in self.calls if call["method"] != "ipaddrs"]


def at_kmd(config: AgentConfig) -> AgentConfig:
    """As if Iguana's API were where KMD's RPC is: `play` serves there."""
    return dataclasses.replace(config, signer=dataclasses.replace(config.signer, api_port=KMD_PORT))


def play(config: AgentConfig, api: Api, scene: Callable[[], Awaitable[None]]) -> None:
    async def act() -> None:
        app = web.Application()
        app.router.add_post("/", api.handle)
        async with on_loopback(web.AppRunner(app, access_log=None), config.signer.api_port):
            await scene()

    asyncio.run(act())


def three_chains(tmp_path: Path) -> AgentConfig:
    """A duty of LTC, KMD and CCL, in this order."""
    world = World(tmp_path)
    chains = [GateRoute(chain=name, rpc_port=port, gate="g:1") for name, port in (("LTC", 9332), ("KMD", KMD_PORT))]
    assetchain = GateRoute(chain="CCL", rpc_port=20849, gate="g:1")
    return dataclasses.replace(world.config, routes=(*chains, assetchain))
