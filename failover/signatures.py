"""When a notary's key signed last, as the chain has it; what the check for a doppelgänger rests on."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, cast

from failover.observers import Ask, pay_to

BLOCKS = 60  # about an hour of KMD's


@dataclass(frozen=True, kw_only=True)
class _Block:
    before: str | None
    signed_at: float | None


class Notarisations:
    """Looks for transactions that notarise and spend what is paid to this public key itself: only its owner can."""

    def __init__(self, ask: Ask, pubkey: str, blocks: int = BLOCKS) -> None:
        self._ask, self._pubkey, self._blocks = ask, pubkey, blocks
        self._known: dict[str, _Block] = {}

    async def last_signed(self) -> float | None:
        """The block's time, seconds since 1970; None if the last blocks have none. Raises what asking raises."""
        name: str | None = await self._ask("getbestblockhash")
        found: dict[str, _Block] = {}
        while name and len(found) < self._blocks:
            found[name] = self._known.get(name) or await self._read(name)
            self._known[name] = found[name]  # a look that fails halfway goes on from here
            name = found[name].before
        self._known = found
        return max((block.signed_at for block in found.values() if block.signed_at is not None), default=None)

    async def _read(self, name: str) -> _Block:
        content = await self._ask("getblock", name, 2)
        signed = False
        for transaction in content["tx"] if "tx" in content else content["rawtx"]:  # btcd's word for them
            signed = signed or (_notarises(transaction) and await self._spends_ours(transaction))
        before = str(content.get("previousblockhash") or "").strip("0")  # before the first one, btcd has zeros
        return _Block(
            before=content["previousblockhash"] if before else None,
            signed_at=float(content["time"]) if signed else None,
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
