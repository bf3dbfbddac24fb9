"""When a notary's key signed last, as the chain has it; what the check for a doppelgänger rests on."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, cast

from failover.observers import Ask, pay_to
from failover.wire import OURS, WARMING_UP, CallError

BLOCKS = 60  # about an hour of KMD's


SEEN = ("timereceived", "time", "blocktime")  # of `gettransaction`, seconds since 1970


@dataclass(frozen=True, kw_only=True)
class _Block:
    before: str | None
    time: float
    ours: tuple[str, ...]  # ids of its notarisations that this key has signed


class Notarisations:
    """Looks for transactions that notarise and spend what is paid to this public key itself: only its owner can."""

    def __init__(self, ask: Ask, pubkey: str, blocks: int = BLOCKS) -> None:
        self._ask, self._pubkey, self._blocks = ask, pubkey, blocks
        self._known: dict[str, _Block] = {}
        self._seen: dict[str, float] = {}

    async def last_signed(self) -> float | None:
        """Seconds since 1970; None if the last blocks have none. Raises what asking raises.

        A transaction is as old as the wallet says, which saw it before it was mined: a block may take it an hour later.
        Where the wallet does not know it, its block's time has to do. Both are later than the signature.
        """
        name: str | None = await self._ask("getbestblockhash")
        found: dict[str, _Block] = {}
        while name and len(found) < self._blocks:
            found[name] = self._known.get(name) or await self._read(name)
            self._known[name] = found[name]  # a look that fails halfway goes on from here
            name = found[name].before
        self._known = found
        ours = {transaction: block.time for block in found.values() for transaction in block.ours}
        self._seen = {transaction: seen for transaction, seen in self._seen.items() if transaction in ours}
        return max([await self._age(transaction, mined) for transaction, mined in ours.items()], default=None)

    async def _age(self, transaction: str, mined: float) -> float:
        """The earliest moment at which it was certainly there. What the wallet does not know yet is asked again."""
        if transaction not in self._seen:
            try:
                told = await self._ask("gettransaction", transaction)
                times = [float(told[name]) for name in SEEN if name in told]
            except CallError as error:
                if error.code in (WARMING_UP, *OURS):
                    raise
                return mined  # -5, "Invalid or non-wallet transaction id", or a daemon without a wallet
            self._seen[transaction] = min([mined, *times])
        return self._seen[transaction]

    async def _read(self, name: str) -> _Block:
        content = await self._ask("getblock", name, 2)
        ours: list[str] = []
        for transaction in content["tx"] if "tx" in content else content["rawtx"]:  # btcd's word for them
            if _notarises(transaction) and await self._spends_ours(transaction):
                ours.append(str(transaction["txid"]))
        before = str(content.get("previousblockhash") or "").strip("0")  # before the first one, btcd has zeros
        return _Block(
            before=content["previousblockhash"] if before else None, time=float(content["time"]), ours=tuple(ours)
        )

    async def _spends_ours(self, transaction: dict[str, Any]) -> bool:
        for spent in transaction["vin"]:
            source = await self._ask("getrawtransaction", spent["txid"], 1)
            if source["vout"][spent["vout"]]["scriptPubKey"]["hex"] == pay_to(self._pubkey):
                return True
        return False


class Checkpoints:
    """Looks whether the daemon's checkpoint moves: there is one key per chain, so somebody signs with it."""

    def __init__(self, held: Callable[[], Awaitable[int | None]], now: Callable[[], float] = time.time) -> None:
        self._held, self._now = held, now
        self._height: int | None = None
        self._moved_at: float | None = None

    async def last_signed(self) -> float | None:
        """When a look first showed a higher one than the look before, seconds since 1970; None before that."""
        height = await self._held()
        if height is not None and self._height is not None and height > self._height:
            self._moved_at = self._now()
        self._height = height if height is not None else self._height
        return self._moved_at


def _notarises(transaction: dict[str, Any]) -> bool:
    """A notarisation says what it notarises in an output that can't be spent; the coins come from several notaries."""
    spends = cast(list[dict[str, Any]], transaction["vin"])
    says = any(output["scriptPubKey"]["hex"].startswith("6a") for output in transaction["vout"])
    return says and len(spends) > 1 and all("txid" in spent for spent in spends)
