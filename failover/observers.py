"""What daemons say of themselves: readings for the judgement of a candidate's health."""

from __future__ import annotations

import asyncio
import shutil
import time
from collections.abc import Callable, Coroutine
from typing import Any, Protocol

import aiohttp

from failover.health import DaemonReading, Reach
from failover.roles.base import RoleError

NOTARY_UTXO = 0.0001  # coins: the 10,000 sat that a notary's signature spends
WALLET_SECONDS = 60.0  # a wallet is asked more seldom: listing its outputs is much work

FAILED = (aiohttp.ClientError, TimeoutError, ValueError, KeyError, TypeError, RoleError)


class Ask(Protocol):
    """A reading call of one daemon. Raises one of FAILED."""

    def __call__(self, method: str, *params: object) -> Coroutine[None, None, Any]: ...


class DaemonObserver:
    """Asks one daemon. With a `pubkey` its notary UTXOs and funds as well; with a `volume` the disk beside it."""

    def __init__(
        self, chain: str, ask: Ask, *, pubkey: str = "", volume: str = "", now: Callable[[], float] = time.time
    ) -> None:
        self._chain, self._ask, self._pubkey, self._volume, self._now = chain, ask, pubkey, volume, now
        self._tip: tuple[str, float] = ("", 0.0)
        self._wallet: tuple[int | None, float | None] = (None, None)
        self._wallet_at = float("-inf")

    async def read(self) -> DaemonReading:
        """One reading; SILENT where the daemon does not answer as it should."""
        try:
            info, peers = await asyncio.gather(self._ask("getblockchaininfo"), self._ask("getpeerinfo"))
            height, age = int(info["blocks"]), self._now() - await self._tip_time(str(info["bestblockhash"]))
            best = max((_claimed(peer) for peer in peers), default=None)
        except FAILED:
            return DaemonReading(chain=self._chain, reach=Reach.SILENT)
        utxos, funds = await self._wallet_now()
        return DaemonReading(
            chain=self._chain,
            reach=Reach.ANSWERS,
            height=height,
            best_height=best,
            block_age=max(0.0, age),
            peers=len(peers),
            utxos=utxos,
            disk_free=self._disk_free(),
            funds=funds,
        )

    async def _tip_time(self, block: str) -> float:
        if block != self._tip[0]:
            header = await self._ask("getblockheader", block)
            self._tip = (block, float(header["time"]))
        return self._tip[1]

    async def _wallet_now(self) -> tuple[int | None, float | None]:
        if self._pubkey and self._now() - self._wallet_at >= WALLET_SECONDS:
            self._wallet_at = self._now()
            try:
                self._wallet = await self._look_into_wallet()
            except FAILED:
                self._wallet = (None, None)
        return self._wallet

    async def _look_into_wallet(self) -> tuple[int | None, float | None]:
        wallet = await self._ask("getwalletinfo")
        if not wallet["txcount"]:
            return None, None  # the key comes with the first activation: before it a wallet can say nothing
        unspent, funds = await asyncio.gather(self._ask("listunspent"), self._ask("getbalance"))
        return sum(1 for output in unspent if self._signs_with(output)), float(funds)

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


def pay_to(pubkey: str) -> str:
    """The script, in hex, that pays to a compressed public key itself, as notary UTXOs do."""
    return f"21{pubkey}ac"


def _claimed(peer: dict[str, Any]) -> int:
    return max(int(peer.get(name) or 0) for name in ("startingheight", "synced_headers", "synced_blocks"))
