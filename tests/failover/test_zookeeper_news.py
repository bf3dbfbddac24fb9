"""What a watch has told is enough to take a duty, on real servers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import pytest

from failover.connection import Client
from failover.model import Claim
from failover.selector.base import TakenError
from failover.selector.watched import Watched
from failover.selector.znodes import Term, to_bytes
from failover.selector.zookeeper import ZooKeeperSelector
from tests.failover.conformance import candidacy
from tests.failover.ensemble import eventually, until
from tests.failover.zookeeper_world import World


@pytest.fixture(autouse=True)
def long_memory() -> Iterator[None]:
    """However slow this machine is, nothing is read again for its age."""
    with patch("failover.selector.candidate.RELOOK_SECONDS", 3600):
        yield


@pytest.mark.parametrize("end", ["clean", "unclean", "session"])
def test_a_freed_duty_is_taken_with_nothing_asked_before(world: World, end: str) -> None:
    one, two = world.candidate("one"), world.candidate("two")

    async def story() -> None:
        claim = await _held_and_seen(one, two)
        await (one.close() if end == "session" else one.release(claim, clean=end == "clean"))
        await until(lambda: _freed(two))
        with _questions(two) as asked:
            new = await two.acquire()
        assert asked == ["get", "commit", "stat"], "the word before, the transaction, the holder after"
        assert new.clean == (end == "clean")
        assert new.epoch > claim.epoch
        assert await two.confirm(new) > 0
        assert (await two.view()).holder is not None
        assert not two.freed

    world.run(story())


def test_a_session_that_ends_takes_more_with_it_than_the_duty(world: World) -> None:
    """Who decides without a look would still count on the candidate that has died."""
    one, two = world.candidate("one"), world.candidate("two")

    async def story() -> None:
        await eventually(lambda: one.publish(candidacy("one")))
        await _held_and_seen(one, two)
        await one.close()

        async def told() -> bool:
            return two._watched is not None and len(two._watched.news) > 1

        await until(told)
        assert not two.freed
        assert not (await two.view()).candidates

    world.run(story())


def test_a_guess_that_is_wrong_costs_a_question_and_no_more(world: World) -> None:
    one, two = world.candidate("one"), world.candidate("two")

    async def story() -> Claim:
        await one.release(await _held_and_seen(one, two), clean=True)
        await until(lambda: _freed(two))
        with patch.object(Watched, "version", lambda *_: 99):
            return await two.acquire()

    assert world.run(story()).clean


def test_the_word_of_another_term_is_not_believed(world: World) -> None:
    """A server that lags shows an older one, which says nothing of who held the duty since."""
    one, two = world.candidate("one"), world.candidate("two")

    async def story() -> Claim:
        await one.release(await _held_and_seen(one, two), clean=False)
        await until(lambda: _freed(two))
        session = two._sessions.current
        _, stat = await session.get(f"/duties/{world.duty}/term")
        older = to_bytes(Term(candidate="zero", clean=True)), stat._replace(version=stat.version - 1)

        async def lagging(_: str) -> tuple[bytes, Any]:
            return older

        with patch.object(session, "get", lagging):
            return await two.acquire()

    assert not world.run(story()).clean


def test_a_duty_that_somebody_else_took_meanwhile_is_taken(world: World) -> None:
    one, two, three = (world.candidate(name) for name in ("one", "two", "three"))

    async def story() -> None:
        await one.release(await _held_and_seen(one, two), clean=True)
        await until(lambda: _freed(two))
        await eventually(three.acquire)
        assert two._watched is not None
        assert two._watched.gone(two._holder), "whose watch fires once"
        with pytest.raises(TakenError):
            await two.acquire()
        assert not two.freed

    world.run(story())


async def _held_and_seen(one: ZooKeeperSelector, two: ZooKeeperSelector) -> Claim:
    claim = await eventually(one.acquire)

    async def seen() -> bool:
        view = await two.view()
        return view.holder is not None and two._watched is not None and two._watched.version(two._term) == claim.term

    await eventually(two.view)
    await until(seen)
    return claim


async def _freed(two: ZooKeeperSelector) -> bool:
    return two.freed


@contextmanager
def _questions(two: ZooKeeperSelector) -> Iterator[list[str]]:
    """What is asked meanwhile, in order."""
    session, asked = two._sessions.current, list[str]()
    real = session.ask
    names = {"get_async": "get", "exists_async": "stat", "transaction": "commit"}

    def ask(send: Callable[[Client], Any]) -> Awaitable[Any]:
        asked.extend(name for used, name in names.items() if used in send.__code__.co_names)
        return real(send)

    with patch.object(session, "ask", ask):
        yield asked
