"""A chain that grows by the clock, the same for all who follow it, and what is in its mempool."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from doubles.transactions import Transaction

BLOCK_SECONDS = 60
OUTPUTS = 50  # of each transaction
Outpoint = tuple[str, int]


@dataclass(frozen=True, kw_only=True)
class Trouble:
    """What is wrong with a daemon. `slow`: seconds until each answer; `warming`: what it does instead of answering.

    `scanning`: its wallet is looking through the chain; `utxos` and `peers`: so many instead of plenty; `stalled`: the
    time of the chain's last block, in seconds since 1970, and `top` its height; `behind`: blocks that it lacks;
    `busy`: its work queue is full; `no_space`: its disk is full, so that it ends.
    """

    slow: float = 0.0
    warming: str = ""
    scanning: bool = False
    utxos: int | None = None
    peers: int | None = None
    stalled: float | None = None
    top: int | None = None
    behind: int = 0
    busy: bool = False
    no_space: bool = False


NONE = Trouble()


def troubles(*files: Path) -> Callable[[], Trouble]:
    """What JSON files say now, the last one first; a file that is not there says nothing."""

    def read() -> Trouble:
        found: dict[str, object] = {}
        for file in files:
            try:
                found |= json.loads(file.read_text())
            except (OSError, ValueError):
                continue
        return Trouble(**found) if found else NONE  # type: ignore[arg-type]

    return read


@dataclass(kw_only=True)
class Chain:
    """`fixed`: a height that stays; None grows by a block a minute. Every output exists but those of `missing`."""

    name: str
    fixed: int | None = None
    clock: Callable[[], float] = time.time
    trouble: Callable[[], Trouble] = lambda: NONE
    missing: set[str] = field(default_factory=set[str])
    mempool: dict[str, Transaction] = field(default_factory=dict[str, Transaction])
    mined: set[str] = field(default_factory=set[str])
    spent: set[Outpoint] = field(default_factory=set[Outpoint])

    @property
    def best(self) -> int:
        """The height of the best block that anybody has."""
        top = self.trouble().top if self.fixed is None else self.fixed
        return int(self.clock()) // BLOCK_SECONDS if top is None else top

    @property
    def height(self) -> int:
        """Of this daemon's own best block."""
        return self.best - self.trouble().behind

    def time_of(self, height: int) -> int:
        """Seconds since 1970."""
        newest = self.trouble().stalled or self.clock() // BLOCK_SECONDS * BLOCK_SECONDS
        return int(newest) - BLOCK_SECONDS * (self.best - height)

    def hash_of(self, height: int) -> str:
        """A block's hash; its end is its height, so that it can be found again."""
        return f"00000000{hashlib.sha256(f'{self.name}/{height}'.encode()).hexdigest()[:40]}{height:016x}"

    def height_of(self, block: str) -> int | None:
        """Of a block by its hash; None for one that this daemon does not have."""
        height = int(block[-16:], 16)
        return height if block == self.hash_of(height) and 0 <= height <= self.height else None

    def mine(self) -> None:
        """Put the mempool into a block."""
        for txid, transaction in self.mempool.items():
            self.mined.add(txid)
            self.spent |= spends(transaction)
        self.mempool.clear()

    def disputed(self, transaction: Transaction) -> bool:
        """Whether the mempool spends an output of it already."""
        return any(spends(other) & spends(transaction) for other in self.mempool.values())


def spends(transaction: Transaction) -> set[Outpoint]:
    """The outputs that a transaction spends."""
    return {(item.transaction, item.number) for item in transaction.inputs}
