"""Whatever listens on loopback where a role makes its calls, and a duty of three chains."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import json
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from aiohttp import web

from config.failover import AgentConfig, GateRoute
from doubles.iguana_api import Iguana
from doubles.iguana_daemons import Daemons as Calls
from doubles.iguana_http import listen, serve
from failover.roles.iguana import Iguana as IguanaRole
from sandbox.processes import free_ports
from tests.failover.agent_world import World
from tests.failover.loopback import on_loopback


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


def play(config: AgentConfig, api: Api, scene: Callable[[], Awaitable[None]]) -> None:
    """With a daemon's RPC where the role of a checkpoint master expects it."""

    async def act() -> None:
        app = web.Application()
        app.router.add_post("/", api.handle)
        async with on_loopback(web.AppRunner(app, access_log=None), config.signer.api_port):
            await scene()

    asyncio.run(act())


class Daemons:
    """The daemons behind the agent's ports: what each has locked, and how it fails."""

    def __init__(self) -> None:
        self.locked: dict[str, list[dict[str, Any]]] = {}
        self.calls: list[tuple[str, str]] = []
        self.down, self.without_key = set[str](), set[str]()

    def application(self, chain: str) -> web.Application:
        async def handle(request: web.Request) -> web.Response:
            call = json.loads(await request.text())
            self.calls.append((chain, call["method"]))
            if chain in self.down:
                raise web.HTTPServiceUnavailable
            return web.json_response(self._answer(chain, call), status=200)

        app = web.Application()
        app.router.add_post("/", handle)
        return app

    def _answer(self, chain: str, call: dict[str, Any]) -> dict[str, Any]:
        locked = self.locked.setdefault(chain, [])
        if call["method"] == "lockunspent":
            [output] = call["params"][1]
            if output not in locked:
                return {"result": None, "error": {"code": -8, "message": "unknown"}, "id": call["id"]}
            locked.remove(output)
        found: dict[str, object] = {
            "listlockunspent": [*locked],
            "validateaddress": {"isvalid": True, "ismine": chain not in self.without_key},
        }
        return {"result": found.get(call["method"], True), "error": None, "id": call["id"]}


class Program:
    """Iguana's double in a thread, and what it was told."""

    def __init__(self, config: AgentConfig, answer: Callable[[Any], str | None] = lambda _: None) -> None:
        """`answer` says what the double is to answer in place of its own; None leaves it to the double."""
        self.iguana = Iguana(daemons=Calls(retries=()), addcoin_seconds=0)
        self.calls: list[dict[str, Any]] = []
        self._answer = answer
        self.socket = listen(config.signer.api_port)
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):  # the scene has ended
            serve(self.socket, self._obey)

    def _obey(self, call: Any) -> str:
        self.calls.append(call)
        mine = self._answer(call)
        return mine if mine is not None else self.iguana.answer(call)

    def told(self) -> list[str]:
        """Its calls in order, `ipaddrs` left out, each with the chain that it is about."""
        chains = ((call, call.get("newcoin") or call.get("symbol") or "") for call in self.calls)
        return [f"{call['method']} {chain}".strip() for call, chain in chains if call["method"] != "ipaddrs"]


def play_iguana(
    config: AgentConfig, scene: Callable[[IguanaRole, Program, Daemons], Awaitable[None]], **given: Any
) -> tuple[Program, Daemons]:
    """A scene of the role, Iguana's double and the daemons of all its chains."""
    daemons = Daemons()

    async def act() -> Program:
        async with contextlib.AsyncExitStack() as stack:
            for route in config.routes:
                runner = web.AppRunner(daemons.application(route.chain), access_log=None)
                await stack.enter_async_context(on_loopback(runner, route.rpc_port))
            program, role = Program(config, **given), IguanaRole(config)
            try:
                await scene(role, program, daemons)
            finally:
                await role.close()
                program.socket.close()
            return program

    return asyncio.run(act()), daemons


def three_chains(tmp_path: Path) -> AgentConfig:
    """A duty of LTC, KMD and CCL, in this order."""
    ports = zip(("LTC", "KMD", "CCL"), free_ports(3), strict=True)
    routes = tuple(GateRoute(chain=chain, rpc_port=port, gate="g:1") for chain, port in ports)
    return dataclasses.replace(World(tmp_path).config, routes=routes)
