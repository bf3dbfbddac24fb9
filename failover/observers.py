"""What daemons say of themselves: readings for the judgement of a candidate's health."""

from __future__ import annotations

import asyncio
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median_low
from typing import Any

import aiohttp

from failover.health import DaemonReading, Reach
from failover.question import Question
from failover.roles.base import RoleError
from failover.wallets import Ask, Scan, address_of, holds_key, pay_to, scan_in
from failover.wire import GONE, CallError

__all__ = ["FAILED", "Ask", "DaemonObserver", "pay_to"]

NOTARY_UTXO = 0.0001  # coins: the 10,000 sat that a notary's signature spends
WALLET_SECONDS = 60.0  # a wallet that has the key is asked more seldom: listing its outputs is much work
READING_SECONDS = 2.0  # for all of a reading: two of them see within 5 s that a daemon stands still
# For one call: a daemon that looks through its chain answers when it is through, and is not asked again meanwhile.
PATIENT_SECONDS = 1000.0

FAILED = (aiohttp.ClientError, TimeoutError, ValueError, KeyError, TypeError, AttributeError, RoleError)


IDLE = Scan(under_way=False)


@dataclass(frozen=True, kw_only=True)
class _Chain:
    height: int
    block_age: float
    peers: int
    best_height: int | None


@dataclass(frozen=True, kw_only=True)
class _Wallet:
    key: bool | None = None
    scan: Scan = IDLE
    utxos: int | None = None
    funds: float | None = None

    @property
    def settled(self) -> bool:
        return self.key is True and not self.scan.under_way


UNKNOWN = _Wallet()


class DaemonObserver:
    """Asks one daemon. With a `pubkey` its wallet as well; with a `volume` the disk beside it.

    `last` is the newest reading; `address` the notary's in the daemon's own form, once it is known; `progress` how far
    a wallet's look through the chain is. `ask` may wait long, PATIENT_SECONDS: one question at a time is under way.
    """

    def __init__(
        self, chain: str, ask: Ask, *, pubkey: str = "", volume: str = "", now: Callable[[], float] = time.time
    ) -> None:
        self._chain, self._ask, self._pubkey, self._volume, self._now = chain, ask, pubkey, volume, now
        self._tip: tuple[str, float] = ("", 0.0)
        self._chain_question = Question(self._look_at_chain)
        self._wallet, self._wallet_at = UNKNOWN, float("-inf")
        self._wallet_look: asyncio.Task[_Wallet] | None = None
        self._look_is_old = False
        self.last: DaemonReading | None = None
        self.address: str | None = None

    @property
    def progress(self) -> float | None:
        """Of the wallet's look through the chain, 0 to 1; None where there is none, or the daemon does not say."""
        return self._wallet.scan.progress

    async def read(self) -> DaemonReading:
        """One reading, within READING_SECONDS; GONE or SILENT where the daemon does not answer as it should."""
        deadline = asyncio.get_running_loop().time() + READING_SECONDS
        try:
            chain = await self._chain_question.answer(READING_SECONDS)
        except FAILED as error:
            self.ask_wallet_again()  # it may come back with another wallet
            gone = isinstance(error, CallError) and error.code == GONE
            self.last = DaemonReading(chain=self._chain, reach=Reach.GONE if gone else Reach.SILENT)
            return self.last
        wallet = await self._wallet_now(deadline - asyncio.get_running_loop().time())
        self.last = DaemonReading(
            chain=self._chain,
            reach=Reach.ANSWERS,
            height=chain.height,
            best_height=chain.best_height,
            block_age=chain.block_age,
            peers=chain.peers,
            utxos=wallet.utxos,
            disk_free=self._disk_free(),
            funds=wallet.funds,
            key=wallet.key,
            scanning=wallet.scan.under_way,
        )
        return self.last

    def ask_wallet_again(self) -> None:
        """At the next reading: something has changed what the wallet knows, and what it is asked now is of before."""
        self._wallet, self._wallet_at = UNKNOWN, float("-inf")
        self._look_is_old = self._wallet_look is not None

    async def close(self) -> None:
        """Give up what has no answer yet."""
        await self._chain_question.close()
        if self._wallet_look:
            self._wallet_look.cancel()
            await asyncio.wait({self._wallet_look})

    async def _look_at_chain(self) -> _Chain:
        info, peers = await asyncio.gather(self._ask("getblockchaininfo"), self._ask("getpeerinfo"))
        age = self._now() - await self._tip_time(str(info["bestblockhash"]))
        claims = [_claimed(peer) for peer in peers]
        best = median_low(claims) if claims else None  # of most of them: one peer that lies must not stop a chain
        return _Chain(height=int(info["blocks"]), block_age=max(0.0, age), peers=len(peers), best_height=best)

    async def _tip_time(self, block: str) -> float:
        if block != self._tip[0]:
            header = await self._ask("getblockheader", block)
            self._tip = (block, float(header["time"]))
        return self._tip[1]

    async def _wallet_now(self, seconds: float) -> _Wallet:
        """What is known of it: asked at each reading until the key is there and nothing is looked for, then seldom."""
        if self._look_is_old and self._wallet_look and self._wallet_look.done():
            _result(self._wallet_look)
            self._wallet_look, self._look_is_old = None, False
        due = not self._wallet.settled or self._now() - self._wallet_at >= WALLET_SECONDS
        if self._pubkey and due and self._wallet_look is None:
            self._wallet_at = self._now()
            self._wallet_look = asyncio.create_task(self._look_into_wallet())
        if self._wallet_look and not self._look_is_old:
            done, _ = await asyncio.wait({self._wallet_look}, timeout=max(0.0, seconds))
            if done:
                self._wallet, self._wallet_look = _result(self._wallet_look), None
        return self._wallet

    async def _look_into_wallet(self) -> _Wallet:
        if self.address is None:
            self.address = await address_of(self._ask, self._pubkey)
        key = await holds_key(self._ask, self.address)
        if key is not True:
            return _Wallet(key=key)
        scan = scan_in(await self._ask("getwalletinfo"))
        if scan.under_way:
            return _Wallet(key=key, scan=scan)
        unspent, funds = await asyncio.gather(self._ask("listunspent"), self._ask("getbalance"))
        utxos = sum(1 for output in unspent if self._signs_with(output))
        return _Wallet(key=key, utxos=utxos, funds=float(funds))

    def _signs_with(self, output: dict[str, Any]) -> bool:
        script = str(output.get("scriptPubKey", ""))
        return abs(float(output["amount"]) - NOTARY_UTXO) < 1e-9 and script in ("", pay_to(self._pubkey))

    def _disk_free(self) -> float | None:
        if not self._volume:
            return None
        try:
            found = shutil.disk_usage(self._volume)
        except OSError:
            return None
        return found.free / found.total


def _result(look: asyncio.Task[_Wallet]) -> _Wallet:
    try:
        return look.result()
    except FAILED:
        return UNKNOWN


def _claimed(peer: dict[str, Any]) -> int:
    return max(int(peer.get(name) or 0) for name in ("startingheight", "synced_headers", "synced_blocks"))
