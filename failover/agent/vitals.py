"""How the candidate is: readings of its daemons, its signer and its lease, judged at intervals in a task of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from config.failover import HealthLimits
from failover.agent.heartbeat import Heartbeat
from failover.agent.keeper import SignerKeeper
from failover.clock import Clock
from failover.health import BAD_IN_A_ROW, DaemonReading, Health, Reach, Readings, judge
from failover.roles.iguana_calls import KMD

Observe = Callable[[], Awaitable[tuple[DaemonReading, ...]]]
AGAIN_SECONDS = 0.5  # what was found wrong is asked for again so soon: the second time it counts


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

    @property
    def ready(self) -> frozenset[str]:
        """The chains whose daemons a signer can work with."""
        return self.health.ready if self.health else frozenset()

    @property
    def away(self) -> frozenset[str]:
        """The chains whose daemons certainly don't answer: once missed is not enough."""
        return self.health.silent - self.health.ready if self.health else frozenset()

    async def run(self) -> None:
        """For ever."""
        while True:
            health = await self._once()
            unsure = any(count < BAD_IN_A_ROW for count in health.bad.values())
            await asyncio.sleep(min(AGAIN_SECONDS, self._interval) if unsure else self._interval)

    async def _once(self) -> Health:
        daemons, signer = await asyncio.gather(self._observe(), self._signer.reach())
        connected, left = self._connected(), self._heartbeat.least_left()
        self.readings = Readings(
            daemons=daemons, signer=signer, connected=connected, lease_left=left, falls=self._signer.falls
        )
        before, health = self.health, judge(self.health, self.readings, self._limits, self._clock())
        self.health = health
        # A round that can't end is none: without an answer of KMD's daemon, or of the signer, nobody completes it.
        can_end = KMD not in health.silent and signer in (Reach.ANSWERS, Reach.BUSY)
        self.in_round = can_end and await self._signer.in_round()
        if before is None or _told(before) != _told(health) or self._signer.hung:
            self._wake()
        return health


def _told(health: Health) -> tuple[object, ...]:
    """What the agent's loop acts on at once."""
    return health.healthy, health.settled, health.ready, health.silent
