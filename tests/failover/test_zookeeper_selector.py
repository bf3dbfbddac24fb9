"""The ZooKeeper backend on real servers."""

from __future__ import annotations

import asyncio
import itertools
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any
from unittest.mock import AsyncMock, patch

import pytest

from drills.inside import inside
from failover.connection import Client
from failover.model import Claim, Orders
from failover.selector.base import LostError, NoQuorumError, Selector, SelectorError, TakenError
from failover.selector.doubts import Doubts
from failover.selector.session import Session
from failover.selector.session_end import end_session
from failover.selector.zookeeper import ZooKeeperSelector
from tests.failover.conformance import Conformance, candidacy, doubted, seen_holder
from tests.failover.ensemble import eventually, until
from tests.failover.zookeeper_world import FAST, World, commits


@pytest.fixture
def backend(world: World) -> World:
    return world


class TestConformance(Conformance):
    """With real servers."""


def test_the_epoch_is_the_holders_czxid_and_the_term_its_version(world: World) -> None:
    one = world.candidate("one")
    claim = world.run(eventually(one.acquire))
    session = one._sessions.current
    holder = world.run(session.stat(f"/duties/{world.duty}/holder"))
    term = world.run(session.stat(f"/duties/{world.duty}/term"))
    assert (claim.epoch, claim.term) == (holder.czxid, term.version)
    assert holder.ephemeralOwner == one.session()[0]


def test_two_that_race_fifty_times_are_never_confirmed_at_once(world: World) -> None:
    """Each confirms by itself when and while it thinks that it holds; spans of different epochs must not overlap."""
    held: list[tuple[float, float, int]] = []

    async def contender(selector: ZooKeeperSelector, dice: random.Random) -> None:
        for _ in range(25):
            claim = await eventually(selector.acquire)
            first = await selector.confirm(claim)
            last = max([await selector.confirm(claim) for _ in range(dice.randint(1, 3))])
            held.append((first, last, claim.epoch))
            await selector.release(claim, clean=dice.random() < 0.5)

    one, two = world.candidate("one"), world.candidate("two", place=world.at("na-east", "other"))
    other = asyncio.run_coroutine_threadsafe(contender(two, random.Random(2)), world.at("na-east", "other").loop)
    world.run(contender(one, random.Random(1)))
    other.result(120)
    assert len(held) == 50 == len({epoch for *_, epoch in held})
    for before, after in itertools.pairwise(sorted(held)):
        assert before[1] < after[0]
        assert before[2] < after[2]


def test_an_expired_session_is_lost_and_the_candidacy_comes_back_by_itself(world: World) -> None:
    one, two = world.candidate("one"), world.candidate("two")

    async def before() -> Claim:
        await eventually(lambda: one.publish(candidacy("one")))
        return await one.acquire()

    async def after() -> None:
        new = await eventually(two.acquire)
        assert not new.clean
        assert new.epoch > claim.epoch
        with pytest.raises(LostError):
            await eventually(lambda: one.confirm(claim))

        async def seen() -> bool:
            view = await two.view()
            return view.candidates == (candidacy("one"),)

        await until(seen)
        assert one.session()[0] != number

    claim = world.run(before())
    number, password = one.session()
    inside(world.rig.place("eu-west", "client"), lambda: end_session(world.rig.access("eu-west"), number, password))
    world.run(after())


def test_a_session_that_is_ended_twice_is_no_error_and_one_that_is_out_of_reach_is(world: World) -> None:
    one, host = world.candidate("one"), world.rig.place("eu-west", "ender")
    world.run(eventually(one.view))
    number, password = one.session()
    access = world.rig.access("eu-west")
    for _ in range(2):
        inside(host, lambda: end_session(access, number, password))
    world.rig.network.cut_host(host)
    started = time.monotonic()
    with pytest.raises(NoQuorumError, match="its timeout will"):
        inside(host, lambda: end_session(access, number, password, seconds=2))
    assert time.monotonic() - started < FAST


def test_a_claim_is_not_confirmed_by_another_session_though_its_holder_stands(world: World) -> None:
    """A client that ended with its session alive: new confirmations would renew a lease that nothing keeps alive."""
    one = world.candidate("one")
    claim = world.run(eventually(one.acquire))
    old = one._sessions._last
    with patch.object(Session, "end", AsyncMock()):  # nobody tells the ensemble
        old._client.over = True  # as after an error in kazoo's thread
        world.place.make(lambda: one._sessions._check(None))
        assert world.run(eventually(lambda: one._sessions.current.stat(f"/duties/{world.duty}/holder")))
        with pytest.raises(LostError):
            world.run(one.confirm(claim))
    world.run(old.end())


def test_a_lease_counts_from_when_its_confirmation_was_sent(world: World) -> None:
    one = world.candidate("one")

    async def story() -> None:
        claim = await eventually(one.acquire)
        with commits() as sent:
            assert await one.confirm(claim) <= sent[-1]

    world.run(story())


def test_a_claim_ends_the_doubt_that_it_saw_and_no_other(world: World) -> None:
    """Its grace counts from that one: what the holder did between the two would be forgotten."""
    one, two = world.candidate("one"), world.candidate("two")

    async def story() -> None:
        claim = await eventually(one.acquire)
        await seen_holder(two, claim.epoch)
        await two.doubt()
        await until(lambda: doubted(two))
        assert two._watched
        seen = await two._doubts.known(two._watched)
        await until(lambda: doubted(one))
        await one.confirm(claim)
        await until(lambda: doubted(two, stands=False))
        await two.doubt()
        await one.release(claim, clean=False)
        with patch.object(Doubts, "known", AsyncMock(return_value=seen)), pytest.raises(TakenError):
            await eventually(two.acquire, seconds=1)
        assert (await eventually(two.acquire)).doubted_at > seen[1]

    world.run(story())


def test_what_an_older_session_of_the_same_candidate_holds_is_somebody_elses(world: World) -> None:
    old, new = world.candidate("one"), world.candidate("one")
    claim = world.run(eventually(old.acquire))
    world.run(eventually(new.view))
    with pytest.raises(TakenError):
        world.run(new.acquire())
    assert world.run(old.confirm(claim)) > 0


def test_a_session_that_the_ensemble_makes_shorter_takes_no_duty(world: World) -> None:
    one = world.candidate("one", replace(world.rig.access("eu-west"), session_timeout_ms=3_600_000))
    with pytest.raises(SelectorError, match="maxSessionTimeout"):
        world.run(eventually(one.acquire))


def test_orders_and_the_all_stop_reach_every_view_and_bad_orders_are_an_error(world: World) -> None:
    one, desk = world.candidate("one"), world.desk()
    orders = Orders(drained=("eu-west",), pinned="na-east", handover_to=None)

    async def story() -> None:
        assert await desk.orders(world.duty) == Orders()
        for given in (orders, Orders()):
            await desk.give(world.duty, given)
            assert (await desk.look(world.duty)).orders == given == await desk.orders(world.duty)
            await until(lambda given=given: _sees(one, given))
        for stop in (True, True, False, False):
            one.changed.clear()
            await desk.all_stop(stop)
            assert (await desk.look(world.duty)).all_stop is stop
        assert world.duty in await desk.duties()
        session = one._sessions.current
        await session.ask(lambda client: client.set_async(f"/duties/{world.duty}/orders", b"{"))
        with pytest.raises(SelectorError, match="give them again"):
            await one.view()

    world.run(story())


def test_an_order_that_is_done_is_taken_back_and_no_other(world: World) -> None:
    one, desk = world.candidate("one"), world.desk()

    async def story() -> None:
        await eventually(one.view)
        await one.fulfil()
        for given, left in (
            (Orders(drained=("two",), handover_to="one"), Orders(drained=("two",))),
            (Orders(handover_to="two"), Orders(handover_to="two")),
        ):
            await desk.give(world.duty, given)
            await until(lambda given=given: _sees(one, given))
            await one.fulfil()
            assert await desk.orders(world.duty) == left

    world.run(story())


async def _sees(one: Selector, orders: Orders) -> bool:
    return (await eventually(one.view)).orders == orders


def test_files_of_no_use_are_told_at_once(world: World) -> None:
    access = world.rig.access("eu-west")
    assert access.tls
    broken = replace(access, tls=replace(access.tls, cert="/nowhere/tls.crt"))
    with pytest.raises(OSError, match="No such file"):
        world.candidate("one", broken)


def test_a_look_where_nothing_changed_is_one_question_and_every_change_is_seen(world: World) -> None:
    one, two = world.candidate("one"), world.candidate("two", place=world.at("na-east", "other"))
    asked = 0

    async def look() -> list[str]:
        return [candidate.candidate for candidate in (await eventually(one.view)).candidates]

    async def counted() -> tuple[list[str], int]:
        nonlocal asked
        session, asked = one._sessions.current, 0
        real = session.ask

        def ask(send: Callable[[Client], Any]) -> Awaitable[Any]:
            nonlocal asked
            asked += 1
            return real(send)

        with patch.object(session, "ask", ask):
            return await look(), asked

    async def seen(names: list[str]) -> None:
        while await look() != names:
            await one.changed.wait()
            one.changed.clear()

    assert world.run(look()) == [], "the folder of candidates is not there yet"
    world.at("na-east", "other").run(eventually(lambda: two.publish(candidacy("two"))))
    world.run(asyncio.wait_for(seen(["two"]), FAST))
    world.run(one.publish(candidacy("one")))
    world.run(asyncio.wait_for(seen(["one", "two"]), FAST))
    assert world.run(counted()) == (["one", "two"], 1)
    with patch("failover.selector.candidate.RELOOK_SECONDS", 0):
        assert world.run(counted())[1] > 4, "what was read long ago is read again"
    world.at("na-east", "other").run(two.close())
    world.run(asyncio.wait_for(seen(["one"]), FAST))
