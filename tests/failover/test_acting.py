"""One act at a time, and what is waited for between two of them."""

from __future__ import annotations

import asyncio
from typing import cast
from unittest.mock import AsyncMock, Mock, patch

import pytest

from failover.agent.acting import Acting
from failover.agent.tenure import Calls, Hand, Tenure
from failover.lease import Lease
from failover.log import Log
from failover.model import Claim
from failover.observation import Act, Signer
from tests.failover.situations import TIMING

CLAIM = Claim(duty="alice.main", candidate="eu-west", epoch=7, term=1, clean=True)


class World:
    """An acting part whose claim is held, and everybody around it."""

    def __init__(self) -> None:
        self.hand, self.selector, self.wake = Hand(), Mock(), Mock()
        self.hand.tenure = Tenure(claim=CLAIM, acquired_at=0.0, lease=Lease.of_looks(TIMING))
        self.selector.release, signer = AsyncMock(), Mock(state=Signer.DOWN, activate=AsyncMock())
        self.acting = Acting(
            self.hand,
            Mock(),
            self.selector,
            signer,
            TIMING,
            ready=lambda: frozenset({"KMD"}),
            tell=Mock(),
            wake=self.wake,
            log=cast("Log", Mock()),
            clock=lambda: 3.0,
        )

    async def settled(self) -> None:
        """Everything that can go on has."""
        for _ in range(10):
            await asyncio.sleep(0)


def test_the_last_call_that_a_drain_waits_for_is_told_at_once() -> None:
    async def story() -> None:
        world = World()
        assert world.hand.tenure is not None
        calls = world.hand.tenure.calls
        first, second = calls.sent("KMD", 1.0), calls.sent("CCL", 2.0)
        world.acting.begin(Act.DRAIN)
        await world.settled()
        assert world.hand.tenure.draining_since == 3.0
        world.wake.reset_mock()
        calls.answered(first)
        assert not world.wake.called
        calls.lose(second)
        assert world.wake.called, "a lost call is waited for by nobody"
        assert (calls.pending(), calls.lost) == (0, 1)

    asyncio.run(story())


def test_a_call_to_a_daemon_that_is_silent_is_forfeited_while_it_is() -> None:
    calls = Calls()
    number = calls.sent("CCL", 1.0)
    calls.sent("KMD", 2.0)
    assert (calls.pending({"CCL"}), calls.forfeited({"CCL"})) == (1, 1)
    calls.answered(number)
    assert (calls.pending(), calls.forfeited({"CCL"})) == (1, 0)


def test_an_order_that_is_done_is_taken_back_and_remembered_first() -> None:
    async def story() -> None:
        world = World()
        tenure = world.hand.tenure
        assert tenure is not None

        async def fulfil() -> None:
            assert tenure.by_order, "without the order a better priority would take the duty back"

        world.selector.fulfil = AsyncMock(side_effect=fulfil)
        world.acting.begin(Act.FULFIL)
        await world.settled()
        assert world.selector.fulfil.await_count == 1

    asyncio.run(story())


def test_an_order_that_is_done_does_not_cut_the_activation_off() -> None:
    async def story() -> None:
        world, through, ends = World(), asyncio.Event(), list[str]()

        async def slow() -> None:
            await through.wait()
            ends.append("activated")

        world.selector.fulfil = AsyncMock()
        with patch.object(world.acting, "_activate", slow):
            world.acting.begin(Act.ACTIVATE)
            await world.settled()
            world.acting.begin(Act.FULFIL)
            through.set()
            await world.settled()
        assert (ends, world.selector.fulfil.await_count) == (["activated"], 0)
        world.acting.begin(Act.FULFIL)
        await world.settled()
        assert world.selector.fulfil.await_count == 1

    asyncio.run(story())


@pytest.mark.parametrize(("act", "waits"), [(Act.RELEASE_CLEAN, True), (Act.ACTIVATE, False)])
def test_nobody_looks_around_while_an_act_is_half_done(act: Act, waits: bool) -> None:
    async def story() -> None:
        world, through = World(), asyncio.Event()

        async def slow(*_: object, **__: object) -> None:
            await through.wait()

        world.selector.release = slow
        with patch.object(world.acting, "_activate", slow):
            world.acting.begin(act)
            waiting = asyncio.create_task(world.acting.over())
            await world.settled()
            assert waiting.done() != waits
            world.hand.stopping = True
            through.set()
            await waiting
            await world.settled()
        assert not world.acting.busy

    asyncio.run(story())


@pytest.mark.parametrize("stopping", [False, True])
def test_who_has_let_go_stands_aside_unless_it_is_to_end(stopping: bool) -> None:
    async def story() -> None:
        world = World()
        world.hand.stopping = stopping
        world.acting.begin(Act.RELEASE_CLEAN)
        await world.settled()
        assert world.hand.tenure is None
        assert world.acting.busy != stopping
        await world.acting.over()
        assert not world.acting.busy

    asyncio.run(story())
