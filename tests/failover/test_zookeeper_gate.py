"""A gate's side of the ZooKeeper backend, on real servers."""

from __future__ import annotations

import pytest

from failover.clock import boottime
from failover.selector.base import LostError
from tests.failover.conformance import doubted, seen_holder
from tests.failover.ensemble import eventually, until
from tests.failover.zookeeper_world import World, commits


def test_a_gate_follows_from_holder_to_holder(world: World) -> None:
    one, two, gate = world.candidate("one"), world.candidate("two"), world.verifier()

    async def story() -> None:
        with pytest.raises(LostError, match="Nobody"):
            await eventually(lambda: gate.confirm_epoch(world.duty))
        for selector, clean in ((one, True), (two, False), (one, True)):
            claim = await eventually(selector.acquire)
            before = boottime()
            for _ in range(2):
                found = await eventually(lambda: gate.confirm_epoch(world.duty))
                assert found.epoch == claim.epoch
                assert before <= found.sent_at <= boottime()
            await selector.release(claim, clean=clean)
            with pytest.raises(LostError):
                await eventually(lambda: gate.confirm_epoch(world.duty))

    world.run(story())


def test_a_confirmations_age_counts_from_when_it_was_sent(world: World) -> None:
    one, gate = world.candidate("one"), world.verifier()

    async def story() -> None:
        await eventually(one.acquire)
        for _ in range(2):
            with commits() as sent:
                found = await eventually(lambda: gate.confirm_epoch(world.duty))
            assert found.sent_at <= sent[-1]

    world.run(story())


def test_a_gate_confirms_nobody_in_doubt(world: World) -> None:
    one, two, gate = world.candidate("one"), world.candidate("two"), world.verifier()

    async def story() -> None:
        claim = await eventually(one.acquire)
        assert (await eventually(lambda: gate.confirm_epoch(world.duty))).epoch == claim.epoch
        await seen_holder(two, claim.epoch)
        await two.doubt()
        for _ in range(2):
            with pytest.raises(LostError, match="doubts"):
                await eventually(lambda: gate.confirm_epoch(world.duty))
        await until(lambda: doubted(one))
        await one.confirm(claim)
        assert (await eventually(lambda: gate.confirm_epoch(world.duty))).epoch == claim.epoch

    world.run(story())
