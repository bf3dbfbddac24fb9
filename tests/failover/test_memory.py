"""The ensemble in memory keeps the promises that the real one does."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass
from typing import TypeVar

import pytest

from failover.model import Candidacy, Claim, Orders
from failover.selector import LostError, NoQuorumError, TakenError
from failover.selector.memory import Client, MemoryDesk, MemorySelector, MemoryVerifier
from failover.selector.memory_ensemble import Ensemble

DUTY = "alice.main"
EU = Candidacy(candidate="eu", priority=1, standby="hot", healthy=True, settled=True, reason="healthy")
Answer = TypeVar("Answer")


@dataclass
class Clock:
    now: float = 0.0

    def __call__(self) -> float:
        return self.now


class World:
    def __init__(self) -> None:
        self.clock = Clock()
        self.ensemble = Ensemble(clock=self.clock, session_timeout=4.0)
        self.eu, self.us = (MemorySelector(self.client(), DUTY, name) for name in ("eu", "us"))
        self.gate, self.desk = MemoryVerifier(self.client()), MemoryDesk(self.ensemble)

    def client(self) -> Client:
        return Client(ensemble=self.ensemble, clock=self.clock)


def run(what: Awaitable[Answer]) -> Answer:
    async def whole() -> Answer:
        return await what

    return asyncio.run(whole())


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def claim(world: World) -> Claim:
    return run(world.eu.acquire())


def test_an_order_that_is_done_is_taken_back_and_no_other(world: World) -> None:
    run(world.desk.give(DUTY, Orders(drained=("us",), handover_to="eu")))
    run(world.us.fulfil())
    assert run(world.eu.view()).orders.handover_to == "eu"
    run(world.eu.fulfil())
    assert run(world.us.view()).orders == Orders(drained=("us",))


def test_the_first_claim_of_a_duty_is_clean(claim: Claim) -> None:
    assert (claim.candidate, claim.term, claim.clean) == ("eu", 1, True)


def test_a_held_duty_is_taken(world: World, claim: Claim) -> None:
    with pytest.raises(TakenError):
        run(world.us.acquire())
    assert run(world.eu.confirm(claim)) == 0.0


@pytest.mark.parametrize("clean", [True, False])
def test_the_word_reaches_the_next_claim(world: World, claim: Claim, clean: bool) -> None:
    run(world.eu.release(claim, clean=clean))
    after = run(world.us.acquire())
    assert after.clean is clean
    assert after.term == claim.term + (2 if clean else 1)
    assert after.epoch > claim.epoch


def test_a_word_counts_once(world: World, claim: Claim) -> None:
    run(world.eu.release(claim, clean=True))
    after = run(world.us.acquire())
    run(world.us.release(after, clean=False))
    assert not run(world.eu.acquire()).clean


def test_a_release_that_comes_late_is_no_error_and_changes_nothing(world: World, claim: Claim) -> None:
    run(world.eu.release(claim, clean=False))
    after = run(world.us.acquire())
    run(world.eu.release(claim, clean=True))
    assert run(world.us.confirm(after)) == 0.0


def test_a_session_that_was_not_heard_of_is_over_with_all_that_was_its(world: World, claim: Claim) -> None:
    run(world.eu.publish(EU))
    world.clock.now = 3.9
    assert run(world.us.view()).candidates == (EU,)
    world.clock.now = 8.0
    seen = run(world.us.view())
    assert (seen.holder, seen.candidates) == (None, ())
    with pytest.raises(LostError):
        run(world.eu.confirm(claim))


def test_who_confirms_keeps_its_session(world: World, claim: Claim) -> None:
    for world.clock.now in (3.0, 6.0, 9.0):
        assert run(world.eu.confirm(claim)) == world.clock.now


def test_a_follower_may_take_renewals_with_it(world: World, claim: Claim) -> None:
    assert world.eu.client.session is not None
    world.ensemble.forget(world.eu.client.session, 1.0)
    world.clock.now = 3.0
    assert run(world.us.acquire()).epoch > claim.epoch


def test_a_closed_session_frees_the_duty_at_once(world: World, claim: Claim) -> None:
    run(world.eu.close())
    after = run(world.us.acquire())
    assert (after.clean, after.epoch > claim.epoch) == (False, True)


def test_a_client_that_is_cut_off_is_told_that_there_is_no_quorum(world: World, claim: Claim) -> None:
    world.eu.client.cut = world.gate.client.cut = True
    for what in (world.eu.confirm(claim), world.eu.view(), world.eu.acquire(), world.gate.confirm_epoch(DUTY)):
        with pytest.raises(NoQuorumError):
            run(what)


def test_an_acquisition_whose_answer_was_lost_is_given_up_first(world: World) -> None:
    async def story() -> None:
        asked = 0

        async def lose_the_second_answer() -> None:
            nonlocal asked
            asked += 1
            world.eu.client.cut = asked == 4

        world.eu.client.way = lose_the_second_answer
        with pytest.raises(NoQuorumError):
            await world.eu.acquire()
        world.eu.client.cut = False
        stray = (await world.us.view()).holder
        assert stray is not None
        with pytest.raises(TakenError):
            await world.us.acquire()
        claim = await world.eu.acquire()
        assert claim.epoch > stray.epoch
        assert not claim.clean

    run(story())


def test_a_late_answer_confirms_the_time_of_the_question(world: World, claim: Claim) -> None:
    async def story() -> None:
        async def slow() -> None:
            world.clock.now += 0.25

        world.eu.client.way = world.gate.client.way = slow
        assert await world.eu.confirm(claim) == 0.0
        assert (await world.gate.confirm_epoch(DUTY)).sent_at == 1.5, "the multi is its third question"
        assert (await world.gate.confirm_epoch(DUTY)).sent_at == 2.0, "and later its only one"

    run(story())


def test_a_gate_follows_from_holder_to_holder(world: World, claim: Claim) -> None:
    assert run(world.gate.confirm_epoch(DUTY)).epoch == claim.epoch
    run(world.eu.release(claim, clean=False))
    with pytest.raises(LostError):
        run(world.gate.confirm_epoch(DUTY))
    after = run(world.us.acquire())
    assert run(world.gate.confirm_epoch(DUTY)).epoch == after.epoch
    run(world.us.release(after, clean=True))
    again = run(world.eu.acquire())
    assert run(world.gate.confirm_epoch(DUTY)).epoch == again.epoch


def test_a_gate_confirms_nobody_in_doubt(world: World, claim: Claim) -> None:
    assert run(world.gate.confirm_epoch(DUTY)).epoch == claim.epoch
    run(world.us.doubt())
    for _ in range(2):
        with pytest.raises(LostError):
            run(world.gate.confirm_epoch(DUTY))
    run(world.eu.confirm(claim))
    assert run(world.gate.confirm_epoch(DUTY)).epoch == claim.epoch


def test_a_change_is_told(world: World) -> None:
    world.us.changed.clear()
    run(world.eu.publish(EU))
    assert world.us.changed.is_set()


def test_orders_and_all_stop_are_seen_by_all(world: World) -> None:
    run(world.desk.give(DUTY, Orders(drained=("us",))))
    run(world.desk.all_stop(True))
    assert run(world.desk.duties()) == (DUTY,)
    assert run(world.eu.view()) == run(world.desk.look(DUTY))
    assert run(world.eu.view()).orders == run(world.desk.orders(DUTY)) == Orders(drained=("us",))
    assert run(world.eu.view()).all_stop
