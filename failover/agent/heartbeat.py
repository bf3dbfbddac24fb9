"""The heartbeat: confirms the claim by a quorum, again and again, in a task of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from failover.agent.tenure import Tenure
from failover.clock import Clock
from failover.lease import Beat, Timing
from failover.selector.base import LostError, Selector, SelectorError


class Heartbeat:
    """Renews the lease of what is held. `told` must reach the watchdog: OSError, and the lease is not renewed."""

    def __init__(
        self,
        selector: Selector,
        timing: Timing,
        tenure: Callable[[], Tenure | None],
        told: Callable[[], None],
        wake: Callable[[], None],
        clock: Clock,
    ) -> None:
        self._selector, self._timing, self._clock = selector, timing, clock
        self._tenure, self._told, self._wake = tenure, told, wake
        self._least_left: float | None = None

    async def run(self) -> None:
        """For ever; each beat begins a heartbeat after the one before began, or at once where that took longer."""
        while True:
            began = self._clock()
            if tenure := self._tenure():
                await self._beat(tenure)
            await asyncio.sleep(max(0.01, began + self._timing.heartbeat - self._clock()))

    def least_left(self) -> float | None:
        """The least share of the lease that was left at a renewal since this was last asked; None without one."""
        found, self._least_left = self._least_left, None
        return found

    async def _beat(self, tenure: Tenure) -> None:
        try:
            sent_at = await self._selector.confirm(tenure.claim)
        except LostError:
            tenure.lost = True
            self._wake()
            return
        except SelectorError:
            return
        before, whole = tenure.lease, self._timing.session_timeout
        left = max(0.0, (before.ends_at - self._clock()) / whole)
        self._least_left = left if self._least_left is None else min(left, self._least_left)
        tenure.lease = before.renewed(Beat(sent_at=sent_at, answered_at=self._clock()))
        try:
            self._told()
        except OSError:
            tenure.lease = before
