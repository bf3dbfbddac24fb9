"""Rounds that a handover may cost at most, and what they would have counted.

Facts are of dPoW as it was last run (KomodoPlatform/dPoW 2f846c0, its documents and `iguana/dpow`): a round takes up to
300 s; KMD is notarised to LTC every 5 blocks, a chain to KMD every 10 blocks of KMD at most; a block of KMD takes 60 s.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass

BLOCK_SECONDS = 60
ANCHORS = ("LTC", "BTC")
# Iguana's `dpow` answers about 11 s after its start [run].
START_SECONDS = 11
# Two bad looks, 2 s apart (docs/failover.md).
NOTICED_SECONDS = 4
# Score of one notarisation of KMD, and of all chains of a shard together.
KMD_SCORE = 0.0325
SHARD_SCORES = {"main": 0.8698, "3p": 0.0977}


@dataclass(frozen=True, kw_only=True)
class Handovers:
    """How often away from a candidate that restarts, and back to a better one. Times as in its agent's file.

    `sick`: it goes not because its signer is told to end, but because a daemon of its does not answer.
    """

    drain_seconds: int
    stop_seconds: int
    grace_ms: int
    away: int
    back: int
    sick: bool = False

    @property
    def each(self) -> tuple[int, ...]:
        """Longest time without a signer, for each handover, as docs/failover.md counts it.

        From the last new call to the next signer's first; for one that is sick, from its daemon's end: it is noticed
        within 4 s, and the end of a round is waited for.
        """
        once = self.drain_seconds + self.stop_seconds + START_SECONDS + math.ceil(self.grace_ms / 1000)
        away = once + (NOTICED_SECONDS + self.drain_seconds if self.sick else 0)
        return (*(away,) * self.away, *(once,) * self.back)

    @property
    def seconds(self) -> int:
        """Longest time without a signer, all handovers together."""
        return sum(self.each)


def missed(handovers: Handovers, kind: str, shard: str, chains: Collection[str]) -> dict[str, int]:
    """Rounds by chain that may be missed at most; for a checkpoint master, checkpoints: one after every block.

    A signer that is told to end waits for no round, so the one under way counts too; the way back waits for it.
    """
    if kind == "checkpoint-master":
        return {chain: math.ceil(handovers.seconds / BLOCK_SECONDS) for chain in sorted(chains)}
    return {
        chain: sum(math.ceil(seconds / interval(chain)) for seconds in handovers.each) + handovers.away
        for chain in sorted(notarised(shard, chains))
    }


def interval(chain: str) -> int:
    """Seconds from one round of a chain to its next."""
    return (5 if chain == "KMD" else 10) * BLOCK_SECONDS


def notarised(shard: str, chains: Collection[str]) -> set[str]:
    """The chains that a duty notarises: Main's KMD counts, a 3P server's own is where its chains are notarised to."""
    return {chain for chain in chains if chain not in ANCHORS and not (chain == "KMD" and shard == "3p")}


def score(lost: Mapping[str, int], kind: str, shard: str, chains: Collection[str]) -> float | None:
    """What missed rounds would have counted; None for a shard or a kind that has no score."""
    if kind != "iguana" or shard not in SHARD_SCORES:
        return None
    others = notarised(shard, chains) - {"KMD"}
    each = SHARD_SCORES[shard] / max(1, len(others))
    return round(sum(count * (KMD_SCORE if chain == "KMD" else each) for chain, count in lost.items()), 4)
