"""The signer as the agent's loop sees it: started, told of its chains, activated, ended, and how it is."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

from failover import processes
from failover.agent.signer import SignerProcess
from failover.agent.tenure import Tenure
from failover.clock import Clock
from failover.health import BAD_IN_A_ROW, Reach
from failover.log import Log
from failover.observation import Signer
from failover.roles.base import Role, RoleError

FIRST_PAUSE, LONGEST_PAUSE = 1.0, 60.0  # after a death, before the next start
FIRST_PENALTY, LONGEST_PENALTY = 60.0, 3600.0  # after a failed activation, in which others go first
CALM = 120.0  # seconds alive, or activated, after which a failure counts as the first one
EARLY = 30.0  # a death so soon after an activation is a failed activation
JOIN_PAUSE = 15.0  # before chains that the signer has refused are told again
CALLED_SECONDS = 30.0  # one that has called a daemon since works, whatever its API does: it polls every 2 s


class SignerKeeper:
    """One role's process. `changed` is called whenever its state may have changed; `tell` must reach the watchdog.

    `called_at`: when the signer last called a daemon, by the same clock. `falls` counts deaths and failures.
    """

    def __init__(
        self,
        role: Role,
        log: Log,
        stop_seconds: float,
        changed: Callable[[], None],
        tell: Callable[[], None],
        clock: Clock,
        called_at: Callable[[], float] = lambda: float("-inf"),
    ) -> None:
        self.process = SignerProcess(log, stop_seconds, self._ended)
        self._role, self._log, self._changed, self._tell, self._clock = role, log, changed, tell, clock
        self._called_at = called_at
        self._preparing: asyncio.Task[None] | None = None
        self._joining: asyncio.Task[None] | None = None
        self._active = False
        self._told: frozenset[str] = frozenset()  # chains that it was added, or that it signs for once it is active
        self._join_at = 0.0
        self._pause, self._may_start_at, self._started_at = FIRST_PAUSE, 0.0, 0.0
        self._penalty, self._penalised_until, self._activated_at = FIRST_PENALTY, 0.0, float("inf")
        self._busy_since: float | None = None
        self._turns, self._worked_at = -1, 0.0
        self._silences = 0
        self.falls = 0
        self.failure = ""

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
        """Whether it is up and was told all that does not make it sign and needs no daemon."""
        return self.process.running and self._preparing is not None and self._preparing.done()

    @property
    def hung(self) -> bool:
        """Whether this very process was silent twice in a row: it neither answers nor works."""
        return self._silences >= BAD_IN_A_ROW

    @property
    def penalised(self) -> bool:
        """Whether an activation failed lately: another candidate goes first, and longer after each failure."""
        return self._clock() < self._penalised_until

    @property
    def signs_for(self) -> frozenset[str]:
        """The chains that an active signer was told to sign for."""
        return self._told if self._active else frozenset[str]()

    def prepare(self) -> None:
        """Start it, if it may start already, and go on preparing it in a task."""
        if self.process.running or self._clock() < self._may_start_at:
            return
        self._active, self._told, self._started_at = False, frozenset[str](), self._clock()
        self._busy_since, self._turns, self._silences = None, -1, 0
        try:
            self.process.start(self._role.command())
            self._tell()
        except (RoleError, OSError) as error:
            self._failed("not started", error)
            return
        self._preparing = asyncio.create_task(self._prepare())

    def feed(self, chains: frozenset[str]) -> None:
        """Tell it of those chains that it does not know yet, in a task; to be called again and again."""
        busy = self._joining is not None and not self._joining.done()
        activating = self._active and self._activated_at > self._clock()
        if self.ready and not busy and not activating and chains - self._told and self._clock() >= self._join_at:
            self._joining = asyncio.create_task(self._join(chains - self._told))

    async def activate(self, tenure: Tenure, chains: frozenset[str]) -> None:
        """Let it sign for these chains, under this claim; it is killed if it signs for none."""
        self._forgive()
        tenure.activated = self._active = True
        try:
            self._tell()  # from here on the watchdog holds it to the lease
            for task in (self._preparing, self._joining):
                if task:
                    await asyncio.shield(task)
            if tenure.refusal(self._clock()) is None:
                refused = await self._role.activate(chains)
                self._told, self._activated_at = self._accepted(chains, refused), self._clock()
                self._log.say("signer activated", epoch=tenure.claim.epoch, chains=sorted(self._told))
        except (RoleError, OSError) as error:
            self._log.say("signer not activated", reason=str(error))
            if self.process.running:  # else its end has been dealt with
                self._fell()
                self._penalise(str(error))
            await self.process.kill()
            self._changed()

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
        if await self._role.answers():
            self._busy_since, self._silences = None, 0
            return Reach.ANSWERS
        found = self._without_answer()
        self._silences = self._silences + 1 if found is Reach.SILENT else 0
        return found

    async def in_round(self) -> bool:
        """Only one that signs can be in a round."""
        return self.state is Signer.ACTIVE and await self._role.in_round()

    def _without_answer(self) -> Reach:
        """BUSY where the process works all the same: its threads ran lately, and it was not busy for too long."""
        if self.process.family is None:
            return Reach.SILENT
        now = self._clock()
        turns, stopped = processes.activity(self.process.family)
        if self._busy_since is None or turns != self._turns:
            self._worked_at = now
        self._busy_since, self._turns = now if self._busy_since is None else self._busy_since, turns
        works = not stopped and now - self._worked_at <= self._role.idle_seconds
        patient = now - self._busy_since < self._role.busy_seconds or now - self._called_at() < CALLED_SECONDS
        return Reach.BUSY if works and patient else Reach.SILENT

    async def _prepare(self) -> None:
        try:
            await self._role.prepare()
            self._log.say("signer prepared")
        except RoleError as error:
            self._failed("not prepared", error)
            await self.process.kill()

    async def _join(self, chains: frozenset[str]) -> None:
        active = self._active
        try:
            refused = await (self._role.join if active else self._role.add)(chains)
        except RoleError as error:
            refused = dict.fromkeys(chains, str(error))
        accepted = self._accepted(chains, refused)
        if self._active == active:
            self._told |= accepted
        if active and accepted:
            self._log.say("chains joined", chains=sorted(accepted))

    def _accepted(self, chains: frozenset[str], refused: Mapping[str, str]) -> frozenset[str]:
        if refused:
            self._join_at = self._clock() + JOIN_PAUSE
            self._log.say("chains refused", reasons=dict(refused))
        return chains.difference(refused)

    def _ended(self) -> None:
        asked, now = self.process.asked, self._clock()
        for task in (self._preparing, self._joining):
            if task:
                task.cancel()
        if not asked and self._active and now - self._activated_at < EARLY:
            self._penalise("the signer died at its activation")
        self._forgive()
        self._preparing = self._joining = None
        self._active, self._told = False, frozenset[str]()
        if not asked or self._silences:
            self._fell()
        self._silences = 0
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
        self.falls += 1
        if self._clock() - self._started_at > CALM:
            self._pause = FIRST_PAUSE
        self._may_start_at = self._clock() + self._pause
        self._pause = min(2 * self._pause, LONGEST_PAUSE)

    def _forgive(self) -> None:
        """An activation that held for long ends the growth of penalties."""
        if self._clock() - self._activated_at > CALM:
            self._penalty = FIRST_PENALTY
        self._activated_at = float("inf")

    def _penalise(self, why: str) -> None:
        self._penalised_until, self.failure = self._clock() + self._penalty, why
        self._penalty = min(2 * self._penalty, LONGEST_PENALTY)
