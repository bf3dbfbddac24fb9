"""What an agent takes for the view: an answer, or the word of a watch."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine

from failover.agent.viewing import Viewing
from failover.model import View
from failover.selector.memory import Client, MemorySelector
from failover.selector.memory_ensemble import Ensemble
from tests.failover.conformance import candidacy
from tests.failover.situations import TIMING


class Counting(MemorySelector):
    """Counts its looks."""

    looks = 0

    async def view(self) -> View:
        self.looks += 1
        return await super().view()


class World:
    """A duty that `one` holds and `two` has looked at. Seconds of its own."""

    def __init__(self) -> None:
        self.now = 100.0
        ensemble = Ensemble(clock=self.clock, session_timeout=60)
        self.one = MemorySelector(Client(ensemble=ensemble, clock=self.clock), "alice.main", "one")
        self.two = Counting(Client(ensemble=ensemble, clock=self.clock), "alice.main", "two")

    def clock(self) -> float:
        return self.now

    async def begun(self) -> Viewing:
        """The duty is held, then let go; nobody has looked since."""
        claim = await self.one.acquire()
        viewing = Viewing(self.two, TIMING, self.clock)
        seen = await viewing.look()
        assert seen
        assert seen.holder
        assert self.two.looks == 1
        await self.one.release(claim, clean=True)
        return viewing


def _run(story: Coroutine[None, None, None]) -> None:
    asyncio.run(story)


def test_the_word_that_the_holder_has_gone_is_a_view_and_no_answer() -> None:
    async def story() -> None:
        world = World()
        viewing = await world.begun()
        before = viewing.looks
        world.now += 0.3
        seen = await viewing.look()
        assert seen
        assert seen.holder is None
        assert world.two.looks == 1
        assert viewing.looks == before, "no lease counts from a question that nobody asked"
        await world.one.acquire()
        seen = await viewing.look()
        assert (seen is not None and seen.holder is not None, world.two.looks) == (True, 2), "the next look asks"

    _run(story())


def test_news_beside_it_is_looked_at() -> None:
    async def story() -> None:
        world = World()
        viewing = await world.begun()
        await world.one.publish(candidacy("one"))
        seen = await viewing.look()
        assert (seen and [one.candidate for one in seen.candidates], world.two.looks) == (["one"], 2)

    _run(story())


def test_what_was_seen_long_ago_is_no_view_whatever_a_watch_says() -> None:
    async def story() -> None:
        world = World()
        viewing = await world.begun()
        world.now += TIMING.session_timeout
        assert await viewing.look() is None

    _run(story())
