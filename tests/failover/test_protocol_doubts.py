"""A holder that falls silent: its successor waits the grace beside the session's end, and begins at once after it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.failover.simulation import Simulation, ViolationError, deliver_new_then_old
from tests.failover.world import DUTY, STEP, TIMING

TIMES = replace(TIMING, staleness=1.4, grace=1.7)  # as the fleet's own: the session outlasts a silence and the grace


def falls_silent(world: Simulation) -> float:
    """The holder's machine stops with a call on its way to a gate that hears nothing new once the session has ended.

    Returns how long nobody signed after that.
    """
    world.until_signing(0)
    world.run(1.0)
    world.sign(0)
    world.agents[0].paused = True
    heard = world.ensemble.sessions[world.agents[0].client.session or 0]
    while world.now < heard + TIMES.session_timeout - 2 * STEP:
        world.run(STEP)
    while world.gates[0].flight is not None:
        world.gates[0].move()
    world.gates[0].paused = True
    while world.ensemble.duty(DUTY).seat is not None:
        world.run(STEP)
    ended = world.now
    world.until_signing(1)
    took = world.now - ended
    world.sign(1)
    deliver_new_then_old(world)
    return took


def test_the_grace_is_over_when_the_session_is() -> None:
    assert falls_silent(Simulation(timing=TIMES)) < TIMES.apart + 3 * STEP < TIMES.grace


def test_a_gate_that_believed_in_a_doubted_holder_would_let_its_call_through() -> None:
    with pytest.raises(ViolationError, match="older epoch"):
        falls_silent(Simulation(timing=TIMES, credulous=True))


def test_a_holder_that_was_only_slow_ends_the_doubt_and_signs_on() -> None:
    world = Simulation(timing=replace(TIMES, session_timeout=12.0))
    world.until_signing(0)
    world.run(1.0)
    world.agents[0].paused = True
    while world.ensemble.view(DUTY).doubt is None:
        world.run(STEP)
    assert world.ensemble.duty(DUTY).seat is not None
    world.run(TIMES.staleness)
    epoch = world.agents[0].claims[-1]
    assert not any(gate.admits(epoch) for gate in world.gates)
    world.agents[0].paused = False
    world.run(1.0)
    assert world.ensemble.view(DUTY).doubt is None
    assert world.signing == [0]
    assert all(gate.admits(epoch) for gate in world.gates)
