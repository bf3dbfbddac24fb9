"""The protocol as a whole: whatever pauses, breaks, drifts or is ordered, epochs do not interleave."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from failover.model import Orders
from failover.observation import Signer
from tests.failover.simulation import REGIONS, Simulation, ViolationError, deliver_new_then_old
from tests.failover.world import TIMING

NO_GRACE = replace(TIMING, grace=0.0)
QUICK = settings(
    derandomize=True,
    database=None,
    max_examples=60,
    stateful_step_count=30,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.generate],
)
SEARCH = settings(QUICK, max_examples=200, stateful_step_count=10, derandomize=False)
FINDS = 3  # a seed that finds both within 60 examples; without luck the schedules below show the same


class Protocol(RuleBasedStateMachine):
    """Moves of people, networks, machines and signers in any order; begins with a signer at work."""

    make: Callable[[], Simulation] = lambda _: Simulation(candidates=3)

    def __init__(self) -> None:
        super().__init__()
        self.world = self.make()
        self.world.until_signing(0)
        self.world.run(2.0)

    @rule(seconds=st.sampled_from([0.2, 1.4, 1.8, 4.0]))
    def run_and_sign(self, seconds: float) -> None:
        self.world.run(seconds)
        for gate in (0, 1):
            self.world.sign(gate)

    @rule(seconds=st.sampled_from([0.4, 1.2, 3.2, 4.2]))
    def nobody_moves(self, seconds: float) -> None:
        self.world.pass_time(seconds)

    @rule(gate=st.integers(0, 1))
    def sign(self, gate: int) -> None:
        self.world.sign(gate)

    @precondition(lambda self: self.world.calls)
    @rule(number=st.integers(0, 9))
    def deliver(self, number: int) -> None:
        self.world.deliver(self.world.calls[number % len(self.world.calls)])

    @precondition(lambda self: self.world.calls)
    @rule(number=st.integers(0, 9))
    def lose(self, number: int) -> None:
        self.world.lose(self.world.calls[number % len(self.world.calls)])

    @rule()
    def all_that_is_late_arrives_the_last_call_first(self) -> None:
        for gate in self.world.gates:
            if gate.paused and gate.flight is not None:
                gate.move()
        for call in [call for call in reversed(self.world.calls) if not call.arrived]:
            self.world.deliver(call)

    @rule(gate=st.integers(0, 1), moves=st.integers(0, 2))
    def a_region_dies_with_a_call_under_way(self, gate: int, moves: int) -> None:
        """And with its daemon's gate somewhere in the middle of a confirmation."""
        for _ in range(moves):
            self.world.gates[gate].move()
        self.world.gates[gate].paused = True
        self.world.sign(gate)
        for number in self.world.signing:
            self.world.crash(number)

    @rule(number=st.integers(0, 4))
    def pause_or_resume(self, number: int) -> None:
        actor = self.world.actors[number % len(self.world.actors)]
        actor.paused = not actor.paused

    @rule(gate=st.integers(0, 1))
    def a_gate_moves(self, gate: int) -> None:
        self.world.gates[gate].move()

    @rule(number=st.integers(0, 4))
    def cut_or_mend(self, number: int) -> None:
        actor = self.world.actors[number % len(self.world.actors)]
        actor.client.cut = not actor.client.cut

    @rule(number=st.integers(0, 2))
    def crash(self, number: int) -> None:
        self.world.crash(number % len(self.world.agents))

    @rule(number=st.integers(0, 2))
    def signer_dies(self, number: int) -> None:
        self.world.agents[number % len(self.world.agents)].signer = Signer.DOWN

    @rule(number=st.integers(0, 2))
    def a_follower_takes_renewals_with_it(self, number: int) -> None:
        client = self.world.agents[number % len(self.world.agents)].client
        if client.session is not None:
            self.world.ensemble.forget(client.session, TIMING.heartbeat)

    @rule(drained=st.sets(st.sampled_from(REGIONS), max_size=1), to=st.sampled_from([None, *REGIONS]))
    def order(self, drained: set[str], to: str | None) -> None:
        self.world.order(Orders(drained=tuple(drained), handover_to=to))

    @rule()
    def all_stop_or_not(self) -> None:
        self.world.ensemble.stopped = not self.world.ensemble.stopped

    @rule(number=st.integers(0, 2), healthy=st.booleans())
    def health(self, number: int, healthy: bool) -> None:
        agent = self.world.agents[number % len(self.world.agents)]
        agent.me = replace(agent.me, healthy=healthy, settled=healthy, reason="healthy" if healthy else "3 peers")

    @rule(number=st.integers(0, 2))
    def round_begins_or_ends(self, number: int) -> None:
        agent = self.world.agents[number % len(self.world.agents)]
        agent.in_round = not agent.in_round

    @invariant()
    def safe(self) -> None:
        self.world.check()


class Direct(Protocol):
    """The same, without the moves that only lead away from what the controls look for."""

    order = health = all_stop_or_not = round_begins_or_ends = lose = signer_dies = crash = None  # type: ignore[assignment]
    pause_or_resume = sign = a_gate_moves = cut_or_mend = nobody_moves = a_follower_takes_renewals_with_it = deliver = (
        None  # type: ignore[assignment]
    )


class AsItIs(Direct):
    make = lambda _: Simulation()  # noqa: E731


class WithoutGrace(Direct):
    make = lambda _: Simulation(timing=NO_GRACE)  # noqa: E731


class FromAnswer(Direct):
    make = lambda _: Simulation(from_answer=True)  # noqa: E731


def test_epochs_never_interleave_and_no_two_signers_sign() -> None:
    run_state_machine_as_test(Protocol, settings=QUICK)


@pytest.mark.parametrize("broken", [WithoutGrace, FromAnswer])
def test_the_same_search_finds_what_is_wrong_with_a_broken_protocol(broken: type[Protocol]) -> None:
    with pytest.raises(ViolationError):
        run_state_machine_as_test(seed(FINDS)(broken), settings=SEARCH)


def test_the_same_search_finds_nothing_wrong_with_the_protocol() -> None:
    run_state_machine_as_test(seed(FINDS)(AsItIs), settings=settings(SEARCH, max_examples=80))


def takeover_while_an_old_call_waits(world: Simulation) -> None:
    """The holder dies with a call on its way to a gate that hears nothing new; its successor signs at another."""
    world.until_signing(0)
    world.run(1.0)
    world.sign(0)
    while world.gates[0].flight is not None:
        world.gates[0].move()
    world.gates[0].paused = True
    world.crash(0)
    world.agents[0].paused = True
    world.until_signing(1)
    world.run(0.4)
    world.sign(1)
    deliver_new_then_old(world)


def test_an_old_call_is_refused_after_the_grace() -> None:
    takeover_while_an_old_call_waits(Simulation())


def test_an_old_call_would_sign_without_the_grace() -> None:
    with pytest.raises(ViolationError, match="older epoch"):
        takeover_while_an_old_call_waits(Simulation(timing=NO_GRACE))


def late_answer_at_a_gate(world: Simulation) -> None:
    """As above, but the gate's last confirmation is answered when the successor signs already."""
    world.until_signing(0)
    world.run(1.0)
    world.sign(0)
    while world.gates[0].flight is not None:
        world.gates[0].move()
    world.gates[0].move()  # it is sent
    world.gates[0].move()  # it commits
    world.crash(0)
    world.gates[0].paused = world.agents[0].paused = True
    world.until_signing(1)
    world.run(0.4)
    world.sign(1)
    world.deliver(world.calls[1])
    world.gates[0].move()  # the answer
    world.deliver(world.calls[0])
    assert [gate for _, gate in world.executed] == [1]


def test_a_late_answer_makes_no_confirmation_fresh() -> None:
    late_answer_at_a_gate(Simulation())


def test_a_late_answer_would_make_one_fresh_if_it_counted_from_then() -> None:
    with pytest.raises(ViolationError, match="older epoch"):
        late_answer_at_a_gate(Simulation(from_answer=True))
