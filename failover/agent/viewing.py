"""What the ensemble says of the duty: nothing waits for it longer than a heartbeat, and a slow answer counts too."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Coroutine
from dataclasses import replace

from failover.clock import Clock
from failover.lease import Beat, Lease, Timing
from failover.model import Candidacy, View
from failover.selector.base import Selector, SelectorError
from failover.silence import Silence


class Viewing:
    """One question at a time for the view, and one that says what this candidate is; each may outlast a tick.

    `looks`: the lease that the looks at the duty are worth. `silence`: what they heard of its holder.
    """

    def __init__(self, selector: Selector, timing: Timing, clock: Clock) -> None:
        self._selector, self._timing, self._clock = selector, timing, clock
        self.looks = Lease.of_looks(timing)
        self.silence = Silence(beat=None, seconds=0.0, looked_at=clock())
        self._view: View | None = None
        self._asked_at = 0.0
        self._looking: asyncio.Task[None] | None = None
        self._publishing: asyncio.Task[None] | None = None

    async def look(self) -> View | None:
        """The newest within a heartbeat, or the one before while a session may last; None without a connection."""
        if self._view and self._view.holder and self._selector.freed:
            self._view = replace(self._view, holder=None)  # to take the duty is the next question
        else:
            self._looking = await self._within_heartbeat(self._looking, self._ask)
        fresh = self._clock() - self._asked_at < self._timing.session_timeout
        return self._view if fresh else None

    async def publish(self, me: Candidacy) -> None:
        """Say it, if this session has not."""
        self._publishing = await self._within_heartbeat(self._publishing, lambda: self._say(me))

    def forget(self) -> None:
        """After an act of one's own: what was asked before it tells nothing any more."""
        if self._looking:
            self._looking.cancel()
        self._looking = self._view = None

    def close(self) -> None:
        """Ask nothing any more."""
        for task in (self._looking, self._publishing):
            if task:
                task.cancel()

    async def _within_heartbeat(
        self, task: asyncio.Task[None] | None, ask: Callable[[], Coroutine[None, None, None]]
    ) -> asyncio.Task[None] | None:
        """What goes on after it, if it does."""
        task = task or asyncio.create_task(ask())
        await asyncio.wait({task}, timeout=self._timing.heartbeat)
        if task.cancelled():  # forgotten meanwhile
            return await self._within_heartbeat(None, ask)
        if not task.done():
            return task
        task.result()
        return None

    async def _ask(self) -> None:
        asked_at = self._clock()
        try:
            self._view = await self._selector.view()
        except SelectorError:
            self._view = None
            return
        self._asked_at = asked_at
        self.silence = self.silence.after(self._view.beat, self._clock(), self._timing.heartbeat)
        self.looks = self.looks.renewed(Beat(sent_at=asked_at, answered_at=self._clock()))

    async def _say(self, me: Candidacy) -> None:
        with contextlib.suppress(SelectorError):
            await self._selector.publish(me)
