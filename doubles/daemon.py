"""A daemon of Bitcoin's family: what komodod and litecoind have in common, from the socket to a method's call."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from doubles.chain import Chain
from doubles.http import Reply, Request, Server, refusal
from doubles.keys import Network
from doubles.rpc import (
    BAD_PARAMETER,
    INVALID,
    MAIN,
    MISC,
    NOT_FOUND,
    NOTHING,
    PARSE,
    WARMING_UP,
    Asked,
    Method,
    RpcError,
    answer,
    methods_of,
    reply,
    template,
)
from doubles.transactions import Transaction
from doubles.wallet import Wallets

WRONG_LOGIN_SECONDS = 0.25
LOCK_PAUSE = 0.05
FULL = Reply(status=500, body=b"Work queue depth exceeded")
ONLY_POST = Reply(status=405, body=b"JSONRPC server handles only POST requests")
UNAUTHORIZED = Reply(status=401, headers=(("WWW-Authenticate", 'Basic realm="jsonrpc"'),))
NO_PATH = Reply(status=404)

# Called when a call is about to be signed; the answer is sent after it.
Signing = Callable[[Asked, Transaction], Awaitable[None]]


async def _unseen(asked: Asked, transaction: Transaction) -> None:
    """Nobody looks."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """`login` None: anybody is let in. `pubkey`: whose coins the wallet holds. `rescan`: seconds of a wallet's rescan.

    `queue` and `threads`: calls that wait, and calls that are worked at; `-rpcworkqueue` and `-rpcthreads`.
    """

    network: Network
    pubkey: str
    login: tuple[str, str] | None = None
    queue: int = 16
    threads: int = 4
    rescan: float = 0.5


class Daemon:
    """Answers calls. `family` names its recorded answers; `paths` are those that it serves, by how they begin."""

    family = ""
    longest_head: int | None = None
    silent_end = False  # once it is to end: no more answers, not even to what is under way

    def __init__(self, settings: Settings, chain: Chain, wallets: Wallets, signing: Signing = _unseen) -> None:
        self.settings, self.chain, self.wallets, self.signing = settings, chain, wallets, signing
        self.network, self.answers = settings.network, template(self.family)
        self.server = Server(handler=self.handle, longest_head=self.longest_head)
        self.stopping, self.interrupted = asyncio.Event(), False
        self.main, self.scan = asyncio.Lock(), asyncio.Lock()
        self.working = 0  # calls that are being executed
        self._waiting, self._workers = 0, asyncio.Semaphore(settings.threads)
        self._methods = methods_of(self)

    @property
    def trouble(self) -> Any:
        """What is wrong with it now."""
        return self.chain.trouble()

    async def handle(self, request: Request) -> Reply | None:
        """One request: its path, a place in the queue, a thread."""
        if self.interrupted:
            return refusal(503)
        if not self.serves(request.path):
            return NO_PATH
        if self.trouble.busy or (self._waiting >= self.settings.queue and self._workers.locked()):
            return FULL
        self._waiting += 1
        try:
            await self._workers.acquire()
        finally:
            self._waiting -= 1
        try:
            return await self._work(request)
        finally:
            self._workers.release()

    def serves(self, path: str) -> bool:
        """Whether there is a handler for it."""
        return path == "/"

    def wallet_of(self, path: str) -> str | None:
        """The wallet that a path names; None for none."""
        return None if path == "/" else path

    def heads(self) -> tuple[tuple[str, str], ...]:
        """What it says beside the type of its answer."""
        return ()

    async def _work(self, request: Request) -> Reply | None:
        if request.method != "POST":
            return ONLY_POST
        if not self._let_in(given := request.headers.get("authorization")):
            if given is not None:
                await asyncio.sleep(WRONG_LOGIN_SECONDS)
            return UNAUTHORIZED
        self.working += 1
        try:
            made = await self._answered(request)
        finally:
            self.working -= 1
        if self.interrupted and self.silent_end:
            return None
        await asyncio.sleep(self.trouble.slow)
        return reply(made, heads=self.heads())

    def _let_in(self, given: str | None) -> bool:
        if self.settings.login is None:
            return True
        return given == "Basic " + base64.b64encode(":".join(self.settings.login).encode()).decode()

    async def _answered(self, request: Request) -> object:
        try:
            found: Any = json.loads(request.body)
        except ValueError:
            return answer(None, RpcError(PARSE, "Parse error"), None)
        if isinstance(found, list):
            return [await self._one(item, request) for item in found]
        if not isinstance(found, dict):
            return answer(None, RpcError(PARSE, "Top-level object parse error"), None)
        return await self._one(found, request)

    async def _one(self, found: dict[str, Any], request: Request) -> dict[str, object]:
        try:
            return answer(await self._execute(self._asked(found, request)), None, found.get("id"))
        except RpcError as error:
            return answer(None, error, found.get("id"))

    def _asked(self, found: dict[str, Any], request: Request) -> Asked:
        name, params = found.get("method"), found.get("params")
        if name is None:
            raise RpcError(INVALID, "Missing method")
        if not isinstance(name, str):
            raise RpcError(INVALID, "Method must be a string")
        if isinstance(params, dict) and self.takes_names:
            params = [*params.values()]
        if not isinstance(params or [], list):
            raise RpcError(INVALID, self.wrong_params)
        path = self.wallet_of(request.path)
        given = list[Any](params or [])
        return Asked(method=name, params=given, id=found.get("id"), headers=request.headers, wallet=path)

    wrong_params = ""
    takes_names = False  # parameters as an object; the doubles take them in the order given

    async def _execute(self, asked: Asked) -> object:
        if self.trouble.warming:
            raise RpcError(WARMING_UP, self.trouble.warming)
        known, call = self._methods.get(asked.method, (None, None))
        if known is None or call is None:
            raise RpcError(NOT_FOUND, "Method not found")
        self.admit(known, asked)
        if not known.least <= len(asked.params) <= known.most:
            raise RpcError(MISC, f"{asked.method}\n\nIt takes {known.least} to {known.most} parameters.\n")
        async with self.held(known):
            return await call(self, asked)

    def admit(self, known: Method, asked: Asked) -> None:
        """Refuse what can't be done now whatever its parameters. Raises RpcError."""

    @asynccontextmanager
    async def held(self, known: Method) -> AsyncIterator[None]:
        """The lock that a method needs."""
        if known.needs == NOTHING:
            yield
            return
        async with self.main if known.needs == MAIN else self.scan:
            yield

    def height_given(self, asked: Asked) -> int:
        """The first parameter as a height. Raises RpcError."""
        height = asked.params[0]
        if not isinstance(height, int):
            raise RpcError(MISC, "JSON value is not an integer as expected")
        if not 0 <= height <= self.chain.height:
            raise RpcError(BAD_PARAMETER, "Block height out of range")
        return height

    async def rescan(self, seconds: float) -> None:
        """A wallet looks through the whole chain. The lock is held by the caller."""
        await asyncio.sleep(seconds)
