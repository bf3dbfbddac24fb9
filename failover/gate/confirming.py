"""Keeps the confirmation of the current epoch fresh, while there are calls that need it and no longer.

One question is under way at a time, whatever the traffic: a call that finds the confirmation half as old as it may be
asks for the next one and goes on; only a call that has no use of the one at hand waits, and one that comes when it is
about to be too old: the call is checked again when its bytes are due.
"""

from __future__ import annotations

import asyncio
import contextlib

from failover.clock import Clock
from failover.model import Confirmation, Epoch
from failover.selector.base import LostError, SelectorError, Verifier

# Callers that no answer satisfies must not make a gate ask thousands of times a second.
QUESTIONS_PER_STALENESS = 20
OLD = 0.75  # of the staleness: a confirmation that may have run out before the call is on its way


class Confirming:
    """`latest` is the last good confirmation, or None since a quorum said that there is no holder."""

    def __init__(self, verifier: Verifier, duty: str, staleness: float, clock: Clock) -> None:
        """`staleness` in seconds: nobody waits longer than that either, for an answer would be too old by then."""
        self._verifier, self._duty, self._staleness, self._clock = verifier, duty, staleness, clock
        self.latest: Confirmation | None = None
        self.failure = "nobody was asked yet"
        self._question: asyncio.Task[None] | None = None
        self._asked_at = float("-inf")  # when the last question that has ended was put
        self._next_at = float("-inf")

    def age(self) -> float:
        """Seconds since `latest` was asked for; infinite without one."""
        return self._clock() - self.latest.sent_at if self.latest else float("inf")

    async def refresh_for(self, epoch: Epoch) -> None:
        """Have in `latest` what can be had for a call of `epoch`; waits at most `staleness` seconds."""
        if self._serves(epoch):
            if self.age() >= self._staleness / 2:
                self._ask()
            return
        arrived = self._clock()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._staleness):
                # The question that is under way may have been put before this epoch began.
                while not self._serves(epoch) and self._asked_at < arrived:
                    await asyncio.shield(self._ask())

    async def close(self) -> None:
        """End the question that is under way."""
        if self._question:
            self._question.cancel()
            await asyncio.wait([self._question])

    def _serves(self, epoch: Epoch) -> bool:
        # A later epoch than the caller's is an answer too: the caller's is over.
        return self.latest is not None and self.latest.epoch >= epoch and self.age() < OLD * self._staleness

    def _ask(self) -> asyncio.Task[None]:
        if self._question is None or self._question.done():
            self._question = asyncio.create_task(self._put_question())
        return self._question

    async def _put_question(self) -> None:
        await asyncio.sleep(max(0.0, self._next_at - self._clock()))
        put_at = self._clock()
        self._next_at = put_at + self._staleness / QUESTIONS_PER_STALENESS
        try:
            async with asyncio.timeout(self._staleness):
                found = await self._verifier.confirm_epoch(self._duty)
        except LostError as error:
            self.latest, self.failure = None, str(error)
        except TimeoutError:
            self.failure = f"no answer within {self._staleness:g} s"
        except SelectorError as error:
            self.failure = str(error)
        except Exception as error:  # a backend's fault must refuse calls, not break the gate
            self.failure = f"{type(error).__name__} while asking"
        else:
            if self.latest is None or found.sent_at >= self.latest.sent_at:
                self.latest = found
        self._asked_at = put_at
