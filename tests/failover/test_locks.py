"""Soft locks on real servers; time is the test's own."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest

from drills.rig import Rig
from failover.locks import Locks
from failover.model import Claim
from failover.selector.base import LostError, TakenError
from failover.selector.zookeeper import ZooKeeperSelector
from tests.failover.ensemble import Place, eventually

NUMBERS = itertools.count()
TTL = 30.0


class Shard:
    """One signer's side: its claim, its locks and its clock, which the test sets."""

    def __init__(self, place: Place, rig: Rig, duty: str) -> None:
        self.now, self._place = 1000.0, place
        access = rig.access("eu-west")
        self.selector = place.make(lambda: ZooKeeperSelector(access, duty, "one"))
        self.locks = place.make(lambda: Locks(access, lambda: self.now))
        self.claim: Claim = place.run(eventually(self.selector.acquire))

    def close(self) -> None:
        self._place.run(self.selector.close())
        self._place.run(self.locks.close())


@pytest.fixture
def place(rig: Rig) -> Iterator[Place]:
    made = Place(rig.place("eu-west", "locker"))
    yield made
    made.close()


@pytest.fixture
def shards(rig: Rig, place: Place) -> Iterator[tuple[Shard, Shard]]:
    number = next(NUMBERS)
    made = Shard(place, rig, f"locks-{number}.main"), Shard(place, rig, f"locks-{number}.3p")
    made[1].now = 5_000_000.0  # two machines' clocks have nothing in common
    yield made
    for shard in made:
        shard.close()


@pytest.fixture
def utxo() -> str:
    return f"KMD-{next(NUMBERS):064x}:0"


def test_what_one_shard_has_locked_another_cannot_until_it_is_returned(
    place: Place, shards: tuple[Shard, Shard], utxo: str
) -> None:
    main, third = shards

    async def story() -> None:
        lock = await eventually(lambda: main.locks.lock(main.claim, utxo, TTL))
        assert lock.ends_at == main.now + TTL
        with pytest.raises(TakenError, match="main"):
            await eventually_taken(third, utxo)
        await main.locks.unlock(lock)
        await main.locks.unlock(lock)  # twice is once
        assert (await eventually(lambda: third.locks.lock(third.claim, utxo, TTL))).held(third.now)

    place.run(story())


async def eventually_taken(shard: Shard, utxo: str) -> None:
    """Past what a new connection answers."""
    await eventually(shard.selector.view)
    await eventually(lambda: shard.locks.lock(shard.claim, f"{utxo}-other", TTL))
    await shard.locks.lock(shard.claim, utxo, TTL)


def test_a_lock_is_outlived_only_after_its_time_was_seen_to_pass(
    place: Place, shards: tuple[Shard, Shard], utxo: str
) -> None:
    main, third = shards

    async def story() -> None:
        lock = await eventually(lambda: main.locks.lock(main.claim, utxo, TTL))
        third.now += 10 * TTL  # what passed before it first looked says nothing
        with pytest.raises(TakenError):
            await eventually_taken(third, utxo)
        third.now += TTL
        with pytest.raises(TakenError):
            await third.locks.lock(third.claim, utxo, TTL)
        third.now += TTL / 50
        taken = await third.locks.lock(third.claim, utxo, TTL)
        assert taken.held(third.now)
        with pytest.raises(LostError):
            await main.locks.renew(lock)

    place.run(story())


def test_a_renewed_lock_starts_its_time_anew_for_everybody(
    place: Place, shards: tuple[Shard, Shard], utxo: str
) -> None:
    main, third = shards

    async def story() -> None:
        lock = await eventually(lambda: main.locks.lock(main.claim, utxo, TTL))
        for _ in range(4):
            with pytest.raises(TakenError):
                await eventually_taken(third, utxo)
            main.now += 0.8 * TTL
            third.now += 0.8 * TTL
            lock = await main.locks.renew(lock)
            assert lock.ends_at == main.now + TTL

    place.run(story())


def test_an_owner_that_is_late_gives_up_by_its_own_clock(place: Place, shards: tuple[Shard, Shard], utxo: str) -> None:
    main, _ = shards

    async def story() -> None:
        lock = await eventually(lambda: main.locks.lock(main.claim, utxo, TTL))
        main.now += TTL
        assert not lock.held(main.now)
        with pytest.raises(LostError, match="in time"):
            await main.locks.renew(lock)

    place.run(story())


def test_who_was_deposed_takes_and_renews_nothing(place: Place, shards: tuple[Shard, Shard], utxo: str) -> None:
    main, _ = shards

    async def story() -> None:
        lock = await eventually(lambda: main.locks.lock(main.claim, utxo, TTL))
        await main.selector.release(main.claim, clean=False)
        with pytest.raises(LostError):
            await main.locks.renew(lock)
        with pytest.raises(LostError):
            await main.locks.lock(main.claim, f"{utxo}-free", TTL)
        new = await main.selector.acquire()
        with pytest.raises(TakenError):  # its own earlier epoch may still have a call under way
            await main.locks.lock(new, utxo, TTL)

    place.run(story())


def test_within_an_epoch_a_lock_whose_answer_was_lost_is_taken_again(
    place: Place, shards: tuple[Shard, Shard], utxo: str
) -> None:
    main, _ = shards

    async def story() -> None:
        lost = await eventually(lambda: main.locks.lock(main.claim, utxo, TTL))
        again = await main.locks.lock(main.claim, utxo, TTL)
        assert again.version == lost.version + 1
        assert (await main.locks.renew(again)).held(main.now)

    place.run(story())
