"""The signer as the agent's loop sees it: started, prepared, activated, ended, and how it is."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from failover.agent.signer import SignerProcess
from failover.agent.tenure import Tenure
from failover.clock import Clock
from failover.health import Reach
from failover.log import Log
from failover.observation import Signer
from failover.roles.base import Role, RoleError

FIRST_PAUSE, LONGEST_PAUSE = 1.0, 60.0  # after a death, before the next start
CALM = 120.0  # seconds alive, after which a death counts as the first one


class SignerKeeper:
    """One role's process. `changed` is called whenever its state may have changed; `tell` must reach the watchdog."""

    def __init__(
        self,
        role: Role,
        log: Log,
        stop_seconds: float,
        changed: Callable[[], None],
        tell: Callable[[], None],
        clock: Clock,
    ) -> None:
        self.process = SignerProcess(log, stop_seconds, self._ended)
        self._role, self._log, self._changed, self._tell, self._clock = role, log, changed, tell, clock
        self._preparing: asyncio.Task[None] | None = None
        self._active = False
        self._pause, self._may_start_at, self._started_at = FIRST_PAUSE, 0.0, 0.0

    @property
    def state(self) -> Signer:
        """From the beginning of an activation on it counts as active, for nothing but its end undoes that."""
        if not self.process.running:
            return Signer.DOWN
        if self.process.stopping:
            return Signer.STOPPING
        return Signer.ACTIVE if self._active else Signer.IDLE

    @property
    def ready(self) -> bool:
        """Whether it is up and was told all that does not make it sign."""
        return self.process.running and self._preparing is not None and self._preparing.done()

    def prepare(self) -> None:
        """Start it, if it may start already, and go on preparing it in a task."""
        if self.process.running or self._clock() < self._may_start_at:
            return
        self._active, self._started_at = False, self._clock()
        try:
            self.process.start(self._role.command())
            self._tell()
        except (RoleError, OSError) as error:
            self._failed("not started", error)
            return
        self._preparing = asyncio.create_task(self._prepare())

    async def activate(self, tenure: Tenure) -> None:
        """Let it sign, under this claim; it is killed if that fails."""
        tenure.activated = self._active = True
        try:
            self._tell()  # from here on the watchdog holds it to the lease
            if self._preparing:
                await asyncio.shield(self._preparing)
            if tenure.refusal(self._clock()) is None:
                await self._role.activate()
                self._log.say("signer activated", epoch=tenure.claim.epoch)
        except (RoleError, OSError) as error:
            self._failed("not activated", error)
            await self.process.kill()

    async def stop(self) -> None:
        """Gracefully, then by force."""
        await self.process.stop()

    async def kill(self) -> None:
        """At once."""
        await self.process.kill()

    async def reach(self) -> Reach | None:
        """None while none is to be up, or while it starts."""
        if self.state is Signer.DOWN:
            return Reach.GONE if self._clock() < self._may_start_at else None
        if self.state is Signer.STOPPING or not self.ready:
            return None
        return Reach.ANSWERS if await self._role.answers() else Reach.SILENT

    async def in_round(self) -> bool:
        """Only one that signs can be in a round."""
        return self.state is Signer.ACTIVE and await self._role.in_round()

    async def _prepare(self) -> None:
        try:
            await self._role.prepare()
            self._log.say("signer prepared")
        except RoleError as error:
            self._failed("not prepared", error)
            await self.process.kill()

    def _ended(self) -> None:
        asked = self.process.asked
        if self._preparing:
            self._preparing.cancel()
        self._preparing, self._active = None, False
        if not asked:
            self._fell()
        try:
            self._tell()
        except OSError as error:
            self._log.say("watchdog not told", reason=str(error))
        self._changed()

    def _failed(self, what: str, error: Exception) -> None:
        self._log.say(f"signer {what}", reason=str(error))
        self._fell()
        self._changed()

    def _fell(self) -> None:
        if self._clock() - self._started_at > CALM:
            self._pause = FIRST_PAUSE
        self._may_start_at = self._clock() + self._pause
        self._pause = min(2 * self._pause, LONGEST_PAUSE)
