"""The agent's loop: observe, decide, act, and say the reason when it changes."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Callable, Coroutine, Mapping, Sequence
from pathlib import Path

from config.failover import AgentConfig
from failover import deadline as deadlines
from failover import processes
from failover.agent.acting import Acting
from failover.agent.heartbeat import Heartbeat
from failover.agent.keeper import SignerKeeper
from failover.agent.tenure import Hand, Tenure
from failover.agent.viewing import Viewing
from failover.agent.vitals import Observe, Vitals
from failover.clock import Clock
from failover.deadline import Deadline, Session
from failover.decide import decide, outdone, outreached, passed_over
from failover.doppelganger import Lookout
from failover.fitness import signable
from failover.log import Log
from failover.model import Candidacy, View, duty_name
from failover.observation import Act, Decision, Observation, Signer
from failover.roles.base import Role
from failover.selector.base import NoQuorumError, Selector
from failover.settings import timing

NOT_YET = "not looked at yet"
CALM_SECONDS = 0.005  # between two ticks, however many events there are
ROUND_SECONDS = 30.0  # after a signing call a round is taken to go on: Iguana's ping interval


class Agent:
    """One candidate. `session` gives what the watchdog needs to free the duty; NoQuorumError without one.

    `called_at`: when the signer last called a daemon, by this clock. `beside`: work that goes on as long as the agent.
    """

    view: View | None = None
    _passed_over_since: float | None = None
    _outdone_since: float | None = None
    _outreached_since: float | None = None
    _round_since: float | None = None
    _said: Decision | None = None

    def __init__(
        self,
        config: AgentConfig,
        selector: Selector,
        role: Role,
        *,
        observe: Observe,
        lookout: Lookout,
        session: Callable[[], tuple[int, bytes]],
        log: Log,
        clock: Clock,
        called_at: Callable[[], float] = lambda: float("-inf"),
        beside: Sequence[Callable[[], Coroutine[None, None, None]]] = (),
    ) -> None:
        self._config, self._selector, self._log, self._clock = config, selector, log, clock
        self._session, self._lookout, self._beside = session, lookout, beside
        # A daemon that is down does not follow its chain: it could take over only after hours.
        self._hot = config.standby == "hot" or config.kind == "checkpoint-master"
        self._woken, self.ticked_at = asyncio.Event(), clock()
        self._timing, self._directory = timing(config), Path(config.state_directory)
        self._hand, self._viewing = Hand(), Viewing(selector, self._timing, clock)
        self.signer = SignerKeeper(
            role, log, config.signer.stop_seconds, self.wake, self.tell_watchdog, clock, called_at
        )
        self._acting = Acting(
            self._hand,
            self._viewing,
            selector,
            self.signer,
            self._timing,
            ready=lambda: self.vitals.ready,
            tell=self.tell_watchdog,
            wake=self.wake,
            log=log,
            clock=clock,
        )
        self.heartbeat = Heartbeat(selector, self._timing, lambda: self.tenure, self.tell_watchdog, self.wake, clock)
        connected: Callable[[], bool] = lambda: self.view is not None  # noqa: E731
        self.vitals = Vitals(config.health, observe, self.signer, self.heartbeat, connected, self.wake, clock)
        self.me = self._candidacy()

    @property
    def tenure(self) -> Tenure | None:
        """What comes with the claim that is held now."""
        return self._hand.tenure

    @property
    def chains(self) -> tuple[str, ...]:
        """What the duty may sign for."""
        return tuple(route.chain for route in self._config.routes) or (self._config.shard,)

    @property
    def stopping(self) -> bool:
        """Whether it was told to end."""
        return self._hand.stopping

    @property
    def acts(self) -> Mapping[Act, int]:
        """How often each was begun."""
        return self._acting.counted

    def wake(self) -> None:
        """Look again now."""
        self._woken.set()

    def stop(self) -> None:
        """Let go in order, then end."""
        self._hand.stopping = True
        self.wake()

    async def run(self) -> None:
        """Until stopped. The signer is dead then, and the session ended, whatever happened."""
        self.tell_watchdog()
        helpers = [asyncio.create_task(work) for work in self._helpers()]
        for helper in helpers:
            helper.add_done_callback(lambda _: self.wake())
        try:
            while not self._finished():
                await self._tick()
                for helper in helpers:
                    if helper.done():
                        helper.result()  # a helper that failed is the agent's end, never half an agent
                await self._rest()
        finally:
            for helper in helpers:
                helper.cancel()
            await self.signer.kill()
            self._viewing.close()
            await self._selector.close()
            deadlines.clear(self._directory)

    def _helpers(self) -> tuple[Coroutine[None, None, None], ...]:
        beside = (work() for work in self._beside)
        return self.heartbeat.run(), self.vitals.run(), self._lookout.run(), self._listen(), *beside

    def tell_watchdog(self) -> None:
        """Write the deadline. Raises OSError."""
        tenure, family, session = self.tenure, self.signer.process.family, None
        with contextlib.suppress(NoQuorumError):
            number, password = self._session()
            session = Session(number=number, password=password)
        signs = tenure is not None and tenure.activated and family is not None
        me = processes.identify(os.getpid())
        assert me is not None, "/proc shows no process of this agent"
        ends_at = tenure.lease.ends_at if tenure and signs else None
        deadlines.write(self._directory, Deadline(agent=me, signer=family, ends_at=ends_at, session=session))

    async def _tick(self) -> None:
        self._woken.clear()
        seen = await self._observe()
        decision = decide(seen)
        # Many chains' rounds overlap for ever: the wait for a moment between them has an end.
        self._round_since = (self._round_since or seen.now) if decision.for_round else None
        if decision != self._said:
            self._said = decision
            epoch = self.tenure.claim.epoch if self.tenure else None
            duty = duty_name(self._config.notary, self._config.shard)
            self._log.say("decided", duty=duty, epoch=epoch, act=decision.act.value, reason=decision.reason)
        self._acting.begin(decision.act)
        if self._hot and self.tenure is None and not self.stopping and self.view and not self.view.all_stop:
            self.signer.prepare()  # a hot standby is up before anybody needs it
        if self._hot or self.tenure:
            self.signer.feed(self.vitals.ready)
        self.ticked_at = self._clock()

    async def _observe(self) -> Observation:
        self.view = await self._viewing.look()
        if self.view and self.tenure is None:
            self._lookout.saw(self.view, self._config.region)
        self.me = self._candidacy()
        if self.view:
            await self._viewing.publish(self.me)
        now, tenure, health = self._clock(), self.tenure, self.vitals.health
        self._remember(now)
        silent = health.silent if health else frozenset[str]()
        return Observation(
            now=now,
            me=self.me,
            timing=self._timing,
            view=self.view,
            claim=tenure.claim if tenure else None,
            acquired_at=tenure.acquired_at if tenure else None,
            lease=tenure.lease if tenure else None,
            looks=self._viewing.looks,
            lost=tenure.lost if tenure else False,
            activated=tenure.activated if tenure else False,
            by_order=tenure.by_order if tenure else False,
            signer=self.signer.state,
            hung=self.signer.hung,
            chains_lost=tenure is not None and not tenure.signs <= {*(self.me.signs or ())},
            pending=tenure.calls.pending(silent) if tenure else 0,
            forfeited=tenure.calls.forfeited(silent) if tenure else 0,
            in_round=self._in_round(tenure, now),
            round_since=self._round_since,
            draining_since=tenure.draining_since if tenure else None,
            drain_limit=self._config.signer.drain_seconds,
            stopping=self.stopping,
            passed_over_since=self._passed_over_since,
            outdone_since=self._outdone_since,
            outreached_since=self._outreached_since,
            silent_for=self._viewing.silence.seconds,
        )

    def _remember(self, now: float) -> None:
        """Since when others have been better placed, with a claim of this agent's own and without one."""
        view, holds = self.view, self.tenure is not None
        over = view is not None and not holds and passed_over(self.me, view)
        beaten = view is not None and holds and outdone(self.me, view)
        fewer = view is not None and holds and outreached(self.me, view)
        self._passed_over_since = (self._passed_over_since or now) if over else None
        self._outdone_since = (self._outdone_since or now) if beaten else None
        self._outreached_since = (self._outreached_since or now) if fewer else None
        if self.tenure:
            self.tenure.signs |= frozenset(self.me.signs or ())

    def _candidacy(self) -> Candidacy:
        health, mine = self.vitals.health, self._config
        signs = self._signs()
        healthy, reason = (health.healthy, health.reason) if health else (False, NOT_YET)
        flaw = self._flaw() if healthy else None
        if healthy and flaw is None and not signs:
            flaw = "no chain is ready" if reason == "healthy" else reason
        if flaw is not None:
            healthy, reason = False, flaw
        if self.signer.penalised:
            reason = f"an activation failed ({self.signer.failure}): others go first; {reason}"
        return Candidacy(
            candidate=mine.region,
            priority=mine.priority,
            standby=mine.standby,
            healthy=healthy,
            settled=health is not None and health.settled and healthy,
            reason=reason,
            signs=signs,
            weak=health.weak if health else (),
            still=health.still if health else (),
            penalised=self.signer.penalised,
        )

    def _signs(self) -> tuple[str, ...]:
        """The chains that it could sign for now."""
        ready = self.vitals.ready
        if self._config.kind == "iguana":
            return signable([route.chain for route in self._config.routes], ready)
        return tuple(sorted(ready))

    def _flaw(self) -> str | None:
        """What keeps a candidate without an activated signer from holding the duty, beside its health."""
        if self.tenure is not None and self.tenure.activated:
            return None
        if flaw := self._lookout.refusal(self.tenure):
            return flaw
        if self._hot and self.tenure is None and not self.signer.ready:
            return "the signer is starting"
        return None if deadlines.watched(self._directory) else "no watchdog runs beside this agent"

    def _in_round(self, tenure: Tenure | None, now: float) -> bool:
        last = tenure.calls.last_at if tenure else None
        return self.vitals.in_round or (last is not None and now - last < ROUND_SECONDS)

    def _finished(self) -> bool:
        return self.stopping and self.tenure is None and self.signer.state is Signer.DOWN and not self._acting.busy

    async def _listen(self) -> None:
        while True:
            await self._selector.changed.wait()
            self._selector.changed.clear()
            self.wake()

    async def _rest(self) -> None:
        """Until something happens, or is due."""
        await asyncio.sleep(CALM_SECONDS)
        patience = self.tenure.patience(self._timing, self._clock()) if self.tenure else self._timing.heartbeat
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(patience):
                await self._acting.over()
                await self._woken.wait()
