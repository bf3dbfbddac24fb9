"""Sees to it that a daemon of the Bitcoin family has the wallet named "", which it makes no more by itself.

litecoind and bitcoind make no wallet from 0.21 on, and of all wallets only the one named "" is loaded again after a
restart without a line in a conf file [run: litecoind 0.21.2.1]. The name alone is given, so that the wallet is of the
daemon's own default kind: a legacy one of litecoind 0.21 (Debian's is built without any other), a descriptor wallet of
bitcoind from 23 on, where legacy ones are deprecated. The agent imports a key in the form that the wallet takes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Protocol, cast

from aiohttp import ClientError

from failover.log import Log
from failover.wire import CallError

NAME = ""
CHECK_SECONDS = 3.0  # while it is there: somebody may unload it, and a restart may leave it out
RETRY_SECONDS = 1.0
NOT_FOUND = -18  # RPC_WALLET_NOT_FOUND, bitcoin's rpc/protocol.h
WARMING_UP = -28

Pause = Callable[[float], Coroutine[None, None, None]]


class Ask(Protocol):
    """A call of the gate's own. Raises CallError; ClientError, OSError, TimeoutError, ValueError without an answer."""

    def __call__(self, method: str, *params: object) -> Coroutine[None, None, Any]: ...


class DefaultWallet:
    """Lists, loads, makes; again and again, for the daemon restarts when it likes."""

    def __init__(self, ask: Ask, log: Log, pause: Pause = asyncio.sleep) -> None:
        self._ask, self._log, self._pause = ask, log, pause
        self._failure = ""

    async def run(self) -> None:
        """For ever."""
        while True:
            await self._pause(CHECK_SECONDS if await self.ensure() else RETRY_SECONDS)

    async def ensure(self) -> bool:
        """Whether the wallet is there now; logs what it does, and each new reason why it failed."""
        try:
            there = NAME in cast("list[object]", await self._ask("listwallets"))
            if not there:
                await self._bring()
        except CallError as error:
            if error.code != WARMING_UP:
                self._fail(str(error))
            return False
        except (ClientError, TimeoutError, OSError, ValueError, TypeError):
            return False  # it does not answer: that is said elsewhere
        self._failure = ""
        return True

    async def _bring(self) -> None:
        try:
            await self._ask("loadwallet", NAME)
            self._log.say("wallet loaded", name=NAME)
        except CallError as error:
            if error.code != NOT_FOUND:
                raise
            # A wallet whose file is there is never made anew: the daemon refuses that.
            await self._ask("createwallet", NAME)
            self._log.say("wallet made", name=NAME)

    def _fail(self, reason: str) -> None:
        if reason != self._failure:
            self._log.say("wallet missing", reason=reason)
        self._failure = reason
