"""What every backend of `Selector` does, whichever it is."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Coroutine
from typing import Any, Protocol, TypeVar

import pytest

from failover.clock import boottime
from failover.model import Candidacy, Epoch, Orders, View
from failover.selector.base import LostError, Selector, TakenError
from tests.failover.ensemble import eventually, until

T = TypeVar("T")


class Backend(Protocol):
    """How a test makes the candidates of one fresh duty."""

    def run(self, work: Coroutine[Any, Any, T]) -> T: ...
    def candidate(self, name: str) -> Selector: ...


def candidacy(name: str, priority: int = 1) -> Candidacy:
    return Candidacy(candidate=name, priority=priority, standby="hot", healthy=True, settled=True, reason="all is well")


async def seen_holder(selector: Selector, epoch: Epoch) -> View:
    """The first view that has it: a backend's server may lag behind the one that was written to."""

    async def seen() -> bool:
        holder = (await eventually(selector.view)).holder
        return holder is not None and holder.epoch == epoch

    await until(seen)
    return await selector.view()


async def doubted(selector: Selector, *, stands: bool = True) -> bool:
    return ((await eventually(selector.view)).doubt is not None) is stands


class Conformance:
    """Subclasses have a fixture `backend`."""

    def test_a_free_duty_is_acquired_confirmed_and_seen_by_others(self, backend: Backend) -> None:
        one, two = backend.candidate("one"), backend.candidate("two")

        async def story() -> None:
            claim = await eventually(one.acquire)
            assert (claim.candidate, claim.clean) == ("one", True)
            assert await one.confirm(claim) > 0
            seen = (await seen_holder(two, claim.epoch)).holder
            assert seen
            assert seen.candidate == "one"

        backend.run(story())

    def test_a_duty_that_is_held_is_not_acquired(self, backend: Backend) -> None:
        one, two = backend.candidate("one"), backend.candidate("two")

        async def story() -> None:
            claim = await eventually(one.acquire)
            await seen_holder(two, claim.epoch)
            with pytest.raises(TakenError):
                await two.acquire()
            assert await one.confirm(claim) > 0

        backend.run(story())

    def test_the_word_clean_passes_from_a_release_to_the_next_claim_alone(self, backend: Backend) -> None:
        one, two = backend.candidate("one"), backend.candidate("two")

        async def story() -> None:
            first = await eventually(one.acquire)
            await one.release(first, clean=True)
            second = await eventually(two.acquire)
            await two.release(second, clean=False)
            third = await eventually(one.acquire)
            assert [first.clean, second.clean, third.clean] == [True, True, False]

        backend.run(story())

    def test_epochs_only_grow(self, backend: Backend) -> None:
        one, two = backend.candidate("one"), backend.candidate("two")

        async def story() -> list[int]:
            epochs: list[int] = []
            for number in range(6):
                who = (one, two)[number % 2]
                claim = await eventually(who.acquire)
                epochs.append(claim.epoch)
                await who.release(claim, clean=number % 3 == 0)
            return epochs

        epochs = backend.run(story())
        assert epochs == sorted(set(epochs))

    def test_a_claim_that_was_released_is_lost_even_if_the_same_candidate_holds_again(self, backend: Backend) -> None:
        one = backend.candidate("one")

        async def story() -> None:
            old = await eventually(one.acquire)
            await one.release(old, clean=True)
            with pytest.raises(LostError):
                await one.confirm(old)
            new = await eventually(one.acquire)
            with pytest.raises(LostError):
                await one.confirm(old)
            await one.release(old, clean=True)  # no error, and no effect on the new one
            assert await one.confirm(new) > 0

        backend.run(story())

    def test_a_candidacy_is_seen_changes_and_goes_with_its_session(self, backend: Backend) -> None:
        one, two = backend.candidate("one"), backend.candidate("two")

        async def story() -> None:
            async def sees(*wanted: Candidacy) -> bool:
                return (await eventually(two.view)).candidates == wanted

            await eventually(lambda: one.publish(candidacy("one")))
            await until(lambda: sees(candidacy("one")))
            await one.publish(candidacy("one", priority=7))
            await until(lambda: sees(candidacy("one", priority=7)))
            await one.close()
            await until(sees)

        backend.run(story())

    def test_a_holder_that_closes_frees_the_duty_uncleanly(self, backend: Backend) -> None:
        one, two = backend.candidate("one"), backend.candidate("two")

        async def story() -> None:
            old = await eventually(one.acquire)
            await one.close()
            new = await eventually(two.acquire)
            assert new.epoch > old.epoch
            assert not new.clean

        backend.run(story())

    def test_a_doubt_is_seen_until_the_holder_confirms_or_another_one_takes_the_duty(self, backend: Backend) -> None:
        one, two = backend.candidate("one"), backend.candidate("two")

        async def story() -> None:
            claim = await eventually(one.acquire)
            seen = await seen_holder(two, claim.epoch)
            if seen.beat is None:
                return  # a backend that does not tell has no doubts
            await eventually(two.doubt)
            await until(lambda: doubted(two))
            await until(lambda: doubted(one))
            await one.confirm(claim)
            await until(lambda: doubted(two, stands=False))
            assert (await two.view()).beat != seen.beat
            await eventually(two.doubt)
            await until(lambda: doubted(two))
            before = await eventually(two.view)
            await one.release(claim, clean=False)
            taken = await eventually(two.acquire)
            assert taken.doubted_at < boottime()
            await until(lambda: doubted(two, stands=False))
            assert (await two.view()).beat != before.beat

        backend.run(story())

    def test_a_claim_that_ended_no_doubt_says_so(self, backend: Backend) -> None:
        one, two = backend.candidate("one"), backend.candidate("two")

        async def story() -> None:
            await eventually(one.doubt)  # nobody holds it: there is nobody to doubt
            claim = await eventually(one.acquire)
            assert claim.doubted_at == math.inf
            if (await seen_holder(two, claim.epoch)).beat is not None:
                await two.doubt()
                await until(lambda: doubted(one))
            await one.confirm(claim)
            await one.release(claim, clean=False)
            assert (await eventually(two.acquire)).doubted_at == math.inf

        backend.run(story())

    def test_a_change_is_told(self, backend: Backend) -> None:
        one, two = backend.candidate("one"), backend.candidate("two")

        async def story() -> None:
            await eventually(two.view)
            two.changed.clear()
            await eventually(one.acquire)
            async with asyncio.timeout(30):
                await two.changed.wait()

        backend.run(story())

    def test_a_duty_without_orders_has_none(self, backend: Backend) -> None:
        one = backend.candidate("one")
        ask: Callable[[], Coroutine[Any, Any, View]] = lambda: eventually(one.view)  # noqa: E731
        view = backend.run(ask())
        assert (view.orders, view.all_stop, view.holder) == (Orders(), False, None)

    def test_of_two_that_race_one_is_confirmed(self, backend: Backend) -> None:
        one, two = backend.candidate("one"), backend.candidate("two")

        async def story() -> None:
            for one_ in (one, two):
                await eventually(one_.view)
            for number in range(10):
                tried = await asyncio.gather(one.acquire(), two.acquire(), return_exceptions=True)
                won = [(who, claim) for who, claim in zip((one, two), tried, strict=True) if not _taken(claim)]
                assert len(won) == 1, tried
                who, claim = won[0]
                assert not isinstance(claim, BaseException)
                assert await who.confirm(claim) > 0
                await who.release(claim, clean=bool(number % 2))

        backend.run(story())


def _taken(found: object) -> bool:
    if isinstance(found, BaseException) and not isinstance(found, TakenError):
        raise found
    return isinstance(found, TakenError)
