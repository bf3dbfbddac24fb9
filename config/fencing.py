"""How long signers and gates may act on what they know, and from where on a candidate is not healthy."""

from __future__ import annotations

from collections.abc import Mapping
from math import ceil

from pydantic import Field

from config.types import ChainKey, Model

# How much faster one machine's clock may run than another's: NTP slews by 0.05 % at most, so this is ample.
CLOCK_DRIFT = 0.01
# From an admission to the daemon's loopback: what the gate can't measure any more (docs/safety.md).
LAST_STEP_MS = 100
# What a watchdog takes to end a signer (failover/watchdog.py). Nothing else keeps two checkpoint masters apart.
KILL_MS = 1_000


LONGEST_BLOCK_SECONDS = 30 * 86_400
# A block comes by chance: with this many average times a gap as long is no chance any more (e to the power of -60).
BLOCK_TIMES = 60


class ChainHealth(Model):
    """Limits of one chain, in place of those for all; what is left out is as for all."""

    least_peers: int | None = Field(default=None, ge=0, le=125)
    most_blocks_behind: int | None = Field(default=None, ge=1, le=1_000)
    oldest_block_seconds: int | None = Field(default=None, ge=60, le=LONGEST_BLOCK_SECONDS)
    least_utxos: int | None = Field(default=None, ge=0, le=1_000)


class Health(Model):
    """From where on something is wrong with a chain. Only what another candidate is without moves a duty."""

    least_peers: int = Field(default=3, ge=0, le=125)
    most_blocks_behind: int = Field(default=5, ge=1, le=1_000)
    oldest_block_seconds: int | None = Field(
        default=None,
        ge=60,
        le=LONGEST_BLOCK_SECONDS,
        description="Left out: an hour, or 60 times the chain's own time between blocks where that is longer",
    )
    least_utxos: int = Field(default=5, ge=0, le=1_000, description="Fewer notary UTXOs are red on dPoW's own boards")
    settle_seconds: int = Field(
        default=120, ge=1, le=86_400, description="Nothing got worse for so long, and it may take over"
    )
    chains: Mapping[ChainKey, ChainHealth] = Field(
        default_factory=dict[str, ChainHealth], description="Limits of single chains, such as one with few peers"
    )

    def limits(self, chain: str, block_seconds: int) -> dict[str, int]:
        """One chain's: its own, else those for all. `block_seconds` is its average time between blocks."""
        own = self.chains.get(chain, ChainHealth()).model_dump(exclude_none=True)
        common = self.model_dump(include=set(ChainHealth.model_fields), exclude_none=True)
        return {"oldest_block_seconds": max(3_600, BLOCK_TIMES * block_seconds)} | common | own


class Failover(Model):
    """One set for the whole fleet. A new holder waits `grace_ms` only after an end that was not clean."""

    heartbeat_ms: int = Field(default=500, ge=50, le=10_000, description="How often a holder confirms that it is one")
    staleness_ms: int = Field(default=1_000, ge=100, le=30_000, description="How old a gate's last confirmation may be")
    drain_seconds: int = Field(default=310, ge=1, le=3_600, description="Longest wait for a round; dPoW's takes 300 s")
    health: Health = Field(default_factory=Health)

    @property
    def grace_ms(self) -> int:
        """Longer than any gate forwards a call of the holder before, on whatever clock."""
        return int(self.staleness_ms * (1 + 2 * CLOCK_DRIFT)) + LAST_STEP_MS

    @staticmethod
    def apart_ms(session_timeout_ms: int) -> int:
        """What two clocks differ by over a session, and the last step: a new holder waits it in any case."""
        return ceil(session_timeout_ms * 2 * CLOCK_DRIFT) + LAST_STEP_MS


def least_staleness_ms(session_timeout_ms: int) -> int:
    """With a checkpoint master, which passes no gate: the grace outlasts its lease's drift and its signer's kill."""
    grace = session_timeout_ms * 2 * CLOCK_DRIFT + KILL_MS
    return ceil((grace - LAST_STEP_MS) / (1 + 2 * CLOCK_DRIFT))
