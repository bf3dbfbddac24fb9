"""How the candidate is: readings of its daemons, its signer and its lease, judged at intervals in a task of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from config.failover import HealthLimits
from failover.agent.heartbeat import Heartbeat
from failover.agent.keeper import SignerKeeper
from failover.clock import Clock
from failover.health import DaemonReading, Health, Readings, judge

Observe = Callable[[], Awaitable[tuple[DaemonReading, ...]]]


class Vitals:
    """`health` is None before the first judgement: such a candidate is not healthy yet. Intervals are seconds."""

    def __init__(
        self,
        limits: HealthLimits,
        observe: Observe,
        signer: SignerKeeper,
        heartbeat: Heartbeat,
        connected: Callable[[], bool],
        wake: Callable[[], None],
        clock: Clock,
        interval: float = 2.0,
    ) -> None:
        self._limits, self._observe, self._signer, self._heartbeat = limits, observe, signer, heartbeat
        self._connected, self._wake, self._clock, self._interval = connected, wake, clock, interval
        self.health: Health | None = None
        self.readings: Readings | None = None
        self.in_round = False

    async def run(self) -> None:
        """For ever."""
        while True:
            await self._once()
            await asyncio.sleep(self._interval)

    async def _once(self) -> None:
        daemons, signer, in_round = await asyncio.gather(self._observe(), self._signer.reach(), self._signer.in_round())
        connected, left = self._connected(), self._heartbeat.least_left()
        self.readings = Readings(daemons=daemons, signer=signer, connected=connected, lease_left=left)
        before = self.health
        self.health = judge(before, self.readings, self._limits, self._clock())
        self.in_round = in_round
        if before is None or (before.healthy, before.settled) != (self.health.healthy, self.health.settled):
            self._wake()
