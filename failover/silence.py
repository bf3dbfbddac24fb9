"""What somebody who waits for a duty knows of its holder's silence."""

from __future__ import annotations

import math
from collections.abc import Hashable
from dataclasses import dataclass

from failover.clock import Clock

MOST = 1.5  # heartbeats that count between two looks


@dataclass(frozen=True, kw_only=True)
class Silence:
    """`seconds` that answered looks have shown `beat`, the last of them answered at `looked_at`."""

    beat: int | None
    seconds: float
    looked_at: float

    def after(self, beat: int | None, now: float, heartbeat: float) -> Silence:
        """With one more look. Between two of them little more than a heartbeat counts: while the ensemble itself gave
        no answers, no holder could be heard."""
        if beat is None or beat != self.beat:
            return Silence(beat=beat, seconds=0.0, looked_at=now)
        return Silence(beat=beat, seconds=self.seconds + min(now - self.looked_at, MOST * heartbeat), looked_at=now)


class Sighting:
    """Since when, by a clock, one and the same doubt has been seen to stand."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._doubt: Hashable | None = None
        self.since = math.inf  # without one

    def saw(self, doubt: Hashable | None) -> None:
        """After an answer; the doubt that it showed, by what tells it from every other one."""
        if doubt is None or doubt != self._doubt:
            self._doubt, self.since = doubt, math.inf if doubt is None else self._clock()
