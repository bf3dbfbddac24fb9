"""A whole duty in virtual time, and what must never happen to it."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

from failover.clock import Clock
from failover.lease import Timing
from failover.model import Candidacy, Epoch, Orders
from failover.observation import Signer
from failover.selector.memory import Client
from failover.selector.memory_ensemble import Ensemble
from tests.failover.world import DUTY, MOVES, RATES, STEP, TIMING, Actor, Agent, Call, Gate, on_its_way

REGIONS = ("asia", "eu", "us")


class ViolationError(AssertionError):
    """What the protocol promises did not hold."""


class Simulation:
    """Candidates and two gates around one ensemble; `now` is true time, which nobody in it knows."""

    def __init__(
        self,
        *,
        timing: Timing = TIMING,
        candidates: int = 2,
        from_answer: bool = False,
        credulous: bool = False,
    ) -> None:
        self.now = 0.0
        self.ensemble = Ensemble(clock=lambda: self.now, session_timeout=timing.session_timeout)
        self.agents = [
            Agent(self._client(number), me=_candidacy(number), timing=timing) for number in range(candidates)
        ]
        mistakes = {"from_answer": from_answer, "credulous": credulous}
        self.gates = [Gate(self._client(number), timing=timing, **mistakes) for number in (0, 1)]
        self.executed: list[tuple[Epoch, int]] = []
        self.calls: list[Call] = []

    @property
    def actors(self) -> list[Actor]:
        return [*self.agents, *self.gates]

    @property
    def signing(self) -> list[int]:
        return [number for number, agent in enumerate(self.agents) if agent.signer is Signer.ACTIVE]

    def order(self, orders: Orders) -> None:
        self.ensemble.duty(DUTY).orders = orders

    def pass_time(self, seconds: float) -> None:
        """Nobody moves but the watchdogs."""
        for _ in range(round(seconds / STEP)):
            self.now += STEP
            for agent in self.agents:
                agent.watch()

    def run(self, seconds: float) -> None:
        """Everybody who is not paused does its work."""
        for _ in range(round(seconds / STEP)):
            self.pass_time(STEP)
            for _ in range(MOVES):
                self._move()
            self.check()

    def _move(self) -> None:
        for agent in self.agents:
            if not agent.paused:
                agent.tick()
        for gate in self.gates:
            if not gate.paused:
                gate.move()

    def until_signing(self, number: int) -> None:
        for _ in range(200):
            if self.signing == [number]:
                return
            self.run(STEP)
        raise AssertionError(f"{self.agents[number].me.candidate} does not sign: {self.agents[number].decision}")

    def sign(self, gate: int) -> None:
        """Whoever signs sends a call by its agent, which is not paused and not draining."""
        for number in self.signing:
            agent = self.agents[number]
            if agent.claim is not None and not agent.paused and agent.draining_since is None:
                agent.calls.append(Call(agent.claim.epoch, gate))
                self.calls.append(agent.calls[-1])

    def deliver(self, call: Call) -> None:
        """It reaches its gate, and the daemon at once; then its answer the agent."""
        if call.arrived:
            call.answered = True
            return
        call.arrived = True
        if self.gates[call.gate].admits(call.epoch):
            self.executed.append((call.epoch, call.gate))
        self.check()

    def lose(self, call: Call) -> None:
        """It, or its answer, never arrives."""
        self.calls.remove(call)

    def crash(self, number: int) -> None:
        """The agent dies: its watchdog kills the signer and ends the session; a new agent starts with nothing."""
        old = self.agents[number]
        if old.client.session is not None:
            self.ensemble.end(old.client.session)
        new = Agent(self._client(number), me=old.me, timing=old.timing)
        self.agents[number] = replace(new, claims=old.claims)

    def check(self) -> None:
        """Raises ViolationError."""
        if any(later < earlier for (earlier, _), (later, _) in pairwise(self.executed)):
            raise ViolationError(f"an older epoch signed after a newer one: {self.executed}")
        if len(self.signing) > 1:
            raise ViolationError(f"two signers at once: {self.signing}")
        claims = sorted(epoch for agent in self.agents for epoch in agent.claims)
        if len(set(claims)) < len(claims) or any(agent.claims != sorted(agent.claims) for agent in self.agents):
            raise ViolationError(f"epochs went back: {[agent.claims for agent in self.agents]}")

    def _client(self, number: int) -> Client:
        return Client(ensemble=self.ensemble, clock=self._clock(number), way=on_its_way)

    def _clock(self, number: int) -> Clock:
        return lambda: 1000.0 * number + RATES[number] * self.now


def deliver_new_then_old(world: Simulation) -> None:
    """An old holder's call comes to the first gate when its successor's was executed by the second."""
    old, new = world.calls
    world.deliver(new)
    assert [gate for _, gate in world.executed] == [1]
    world.deliver(old)
    assert [gate for _, gate in world.executed] == [1]


def _candidacy(number: int) -> Candidacy:
    standby = "cold" if number == 1 else "hot"
    name = REGIONS[number]
    return Candidacy(candidate=name, priority=number, standby=standby, healthy=True, settled=True, reason="healthy")
