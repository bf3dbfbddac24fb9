"""A gate between a caller and a double of a daemon, over real sockets, with a verifier that obeys the test."""

from __future__ import annotations

import asyncio
import json
import os
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from unittest.mock import patch

from aiohttp import ClientError, ClientSession, ClientTimeout, TCPConnector, web

from config.failover import EnsembleAccess, FailoverTiming, GateConfig, GateLimits, GateRoute, TlsFiles
from failover.clock import boottime
from failover.gate import serve
from failover.model import Confirmation
from failover.selector.base import LostError, NoQuorumError
from failover.wire import DUTY_HEADER, EPOCH_HEADER, HEALTH_HEADER
from sandbox.processes import free_ports
from tests.failover.gate_certificates import Authority
from tests.failover.loopback import on_loopback

DUTY = "nutella.main"
STALENESS_MS = 1_500  # a busy machine may keep a process waiting for a second
SIGN: dict[str, Any] = {"id": "jl777", "method": "signrawtransaction", "params": ["00"]}
READ: dict[str, Any] = {"id": 1, "method": "getinfo", "params": []}


@dataclass
class Daemon:
    """Executes calls: `executed` are their methods. `hold`: answers wait for it; `large`: bytes of every answer."""

    executed: list[str] = field(default_factory=list)
    authorizations: set[str] = field(default_factory=set)
    hold: asyncio.Event | None = None
    large: int = 0
    written: int = 0
    cut: bool = False
    error: dict[str, Any] | None = None
    answer: Callable[..., Awaitable[web.StreamResponse]] | None = None  # in place of all that
    port: int = 0
    served: AsyncExitStack = field(default_factory=AsyncExitStack)

    async def __call__(self, request: web.BaseRequest) -> web.StreamResponse:
        if self.answer:
            return await self.answer(request)
        body = json.loads(await request.read())
        self.authorizations.add(request.headers.get("Authorization", ""))
        self.executed += [call["method"] for call in (body if isinstance(body, list) else [body])]
        if self.hold:
            await self.hold.wait()
        if self.cut and request.transport:
            request.transport.abort()
        if self.large:
            return await self._stream(request)
        answers = [{"result": "done", "error": self.error, "id": 1}]
        return web.json_response(answers if isinstance(body, list) else answers[0])

    async def _stream(self, request: web.BaseRequest) -> web.StreamResponse:
        response = web.StreamResponse()
        response.content_length = self.large
        await response.prepare(request)
        for _ in range(self.large >> 16):
            await response.write(b"x" * (1 << 16))
            self.written += 1 << 16
        return response

    async def start(self) -> None:
        self.port = self.port or free_ports(1)[0]
        runner = web.ServerRunner(web.Server(self), shutdown_timeout=0.1)
        await self.served.enter_async_context(on_loopback(runner, self.port))

    async def stop(self) -> None:
        await self.served.aclose()


@dataclass
class Verdicts:
    """A Verifier: `epoch` is the current one, None: nobody holds the duty. `gate`: answers wait for it."""

    epoch: int | None = 7
    gate: asyncio.Event | None = None
    quorum: bool = True
    asked: int = 0

    async def confirm_epoch(self, duty: str) -> Confirmation:
        assert duty == DUTY
        self.asked += 1
        sent_at = boottime()
        if self.gate:
            await self.gate.wait()
        if not self.quorum:
            raise NoQuorumError("no server answers")
        if self.epoch is None:
            raise LostError("nobody holds the duty")
        return Confirmation(epoch=self.epoch, sent_at=sent_at)


@dataclass
class World:
    """`call` is an agent's; `stop` ends the gate."""

    folder: Path
    config: GateConfig
    authority: Authority
    daemon: Daemon
    verdicts: Verdicts
    stop: asyncio.Event
    session: ClientSession
    gate: asyncio.Task[None]

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.config.listen_port}/"

    async def raw(self, body: bytes, **headers: str) -> tuple[int, Any]:
        async with self.session.post(self.url, data=body, headers=headers) as answer:
            return answer.status, json.loads(await answer.read())

    async def call(self, call: Any, epoch: int | str | None = None, *, health: bool = False) -> Any:
        headers = {} if epoch is None else {DUTY_HEADER: DUTY, EPOCH_HEADER: str(epoch)}
        headers |= {HEALTH_HEADER: "1"} if health else {}
        return (await self.raw(json.dumps(call).encode(), **headers))[1]

    async def health(self, path: str) -> tuple[int, str]:
        url, limit = f"http://127.0.0.1:{self.config.health_port}{path}", ClientTimeout(total=2)
        async with ClientSession(timeout=limit) as plain, plain.get(url) as answer:
            return answer.status, await answer.text()

    async def end(self) -> None:
        self.stop.set()
        await self.gate


def error(answer: Any) -> tuple[int, str]:
    """An answer's code and message."""
    return answer["error"]["code"], answer["error"]["message"]


def caller(files: TlsFiles | None, authority: Authority) -> ClientSession:
    """An agent, or somebody without a certificate."""
    return ClientSession(connector=TCPConnector(ssl=secured(files, authority), limit=0))


def secured(files: TlsFiles | None, authority: Authority) -> ssl.SSLContext:
    context = ssl.create_default_context(cadata=authority.pem.decode())
    if files:
        context.load_cert_chain(files.certificate_file, files.key_file)
    return context


def configured(folder: Path, tls: TlsFiles, rpc_port: int, links: tuple[GateRoute, ...]) -> GateConfig:
    """A gate's file, with short times."""
    (folder / "servers").write_text("127.0.0.1:1\n")
    return GateConfig(
        notary="nutella",
        shard="main",
        chain="KMD",
        rpc_port=rpc_port,
        listen_port=free_ports(1)[0],
        health_port=free_ports(1)[0],
        state_directory=str(folder / "state"),
        links=links,
        limits=GateLimits(request_bytes=100_000, concurrency=8, slow_client_seconds=1),
        timing=FailoverTiming(
            tick_time_ms=50, heartbeat_ms=100, staleness_ms=STALENESS_MS, grace_ms=2_000, apart_ms=100
        ),
        ensemble=EnsembleAccess(
            servers_file=str(folder / "servers"),
            chroot="/fleet",
            session_timeout_ms=4000,
            identity="",
            authority_file="",
            certificate_file="",
            key_file="",
        ),
        tls=tls,
    )


async def until(condition: Callable[[], bool], seconds: float = 10) -> None:
    """Wait for what another task brings about."""
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.005)


@asynccontextmanager
async def world(
    folder: Path, *, links: tuple[GateRoute, ...] = (), change: Callable[[GateConfig], GateConfig] = lambda it: it
) -> AsyncIterator[World]:
    """A gate that serves, and all around it."""
    authority = Authority("gates")
    tls, agent = authority.files(folder / "gate"), authority.files(folder / "agent")
    daemon, verdicts, stop = Daemon(), Verdicts(), asyncio.Event()
    await daemon.start()
    config = change(configured(folder, tls, daemon.port, links))
    async with caller(agent, authority) as session:
        with patch.dict(os.environ, {"RPC_USERNAME": "user", "RPC_PASSWORD": "geheim"}):
            gate = asyncio.create_task(serve(config, verdicts, stop))
            made = World(folder, config, authority, daemon, verdicts, stop, session, gate)
            try:
                await serving(made)
                yield made
            finally:
                for event in (daemon.hold, verdicts.gate):
                    if event:
                        event.set()
                await made.end()
                await daemon.stop()


async def serving(made: World) -> None:
    """Wait until the gate is ready, or fails to start."""
    while not made.gate.done():
        try:
            if (await made.health("/readyz"))[0] == 200:
                return
        except (OSError, ClientError):
            pass  # not yet, or no more
        await asyncio.sleep(0.01)
    await made.gate


async def restarted(made: World) -> None:
    """The same gate again, on the same ports."""
    await made.end()
    made.stop = asyncio.Event()
    made.gate = asyncio.create_task(serve(made.config, made.verdicts, made.stop))
    await serving(made)


def limited(**limits: int) -> Callable[[GateConfig], GateConfig]:
    """A change of a gate's limits."""
    return lambda config: replace(config, limits=replace(config.limits, **limits))


def run(test: Callable[[], Awaitable[None]]) -> None:
    """Run a test's coroutine, with an end."""

    async def bounded() -> None:
        async with asyncio.timeout(30):
            await test()

    asyncio.run(bounded())
