"""Does somebody else sign with this notary's key? Looked for on the chain itself, before the first activation.

What can be told, and what can't:
- A signature is as old as the transaction, by the world's clock, and not as the block that took it; a round may have
  begun before and its transaction come out up to 300 s later: so a margin.
- A duty that this fleet never held before (its first term): every recent signature is somebody else's.
- Otherwise only a signature from a time in which this agent itself saw that nobody of the fleet held the duty, a margin
  after it saw that begin. One that signs only while the fleet holds the duty too can't be told from the fleet, and
  an agent that has just started has seen no such time: then nothing can be told, and nothing is refused.
- What a candidate has found in the first term it publishes as its reason, and the others refuse as well while it does.
- After the agent's first activation nothing is refused any more: its own signatures are on the chain.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable

from failover.agent.tenure import Tenure
from failover.model import View
from failover.observers import FAILED

MARGIN_SECONDS = 600.0  # a round takes up to 300 s; where only the block is known, its own clock may be minutes off
RECENT_SECONDS = 3600.0
FIRST_TERM = 1
LOOK_SECONDS, AGAIN_SECONDS = 60.0, 2.0
FOREIGN = "somebody else signs with it"

# When the notary's key last signed on the chain, seconds since 1970; None where no recent signature is to be seen.
LastSigned = Callable[[], Awaitable[float | None]]


def refusal(*, signed_at: float | None, term: int | None, vacant_since: float | None, now: float) -> str | None:
    """Why this candidate must not sign; None where nothing speaks against it. Seconds since 1970."""
    if signed_at is None:
        return None
    ago = f"this notary's key signed {max(0.0, now - signed_at):.0f} s ago"
    if term == FIRST_TERM and now - signed_at < RECENT_SECONDS:
        return f"{ago}, and this fleet never held the duty: {FOREIGN}"
    if vacant_since is not None and signed_at > vacant_since + MARGIN_SECONDS:
        return f"{ago}, while nobody of this fleet held the duty: {FOREIGN}"
    return None


class Lookout:
    """Remembers what the view and the chain have shown; `now` is the world's clock, for it is compared with blocks."""

    def __init__(self, last_signed: LastSigned, now: Callable[[], float] = time.time) -> None:
        self._last_signed, self._now = last_signed, now
        self._vacant_since: float | None = None
        self._signed_at: float | None = None
        self._looked = self._active_once = False
        self._refused, self._refused_for = "", 0.0
        self._others = ""

    def saw(self, view: View, me: str) -> None:
        """At each look at the ensemble, without a claim of this agent's own."""
        if view.holder is not None:
            self._vacant_since = None
        elif self._vacant_since is None:
            self._vacant_since = self._now()
        # The first term is one candidate's alone: what it found there, the others can't find again.
        warned = [one for one in view.candidates if one.candidate != me and one.reason.endswith(FOREIGN)]
        self._others = f"{warned[0].candidate} has seen signatures that are not this fleet's" if warned else ""

    async def run(self) -> None:
        """Look at the chain again and again, until the first activation."""
        while not self._active_once:
            with contextlib.suppress(*FAILED):  # the daemon's own reading says what is wrong with it
                self._signed_at, self._looked = await self._last_signed(), True
            await asyncio.sleep(LOOK_SECONDS if self._looked else AGAIN_SECONDS)
        await asyncio.Event().wait()

    def refusal(self, tenure: Tenure | None) -> str | None:
        """Why this candidate must not sign, under this claim or the next one."""
        self._active_once = self._active_once or (tenure is not None and tenure.activated)
        if self._active_once:
            return None
        if not self._looked:
            return "the chain was not looked at yet for signatures by somebody else"
        now = self._now()
        signed_at = self._signed_at
        # What was taken for a later one, before the wallet had told its age, is none of the reasons any more.
        if signed_at is None or now - signed_at >= RECENT_SECONDS or signed_at < self._refused_for:
            self._refused = ""
        term = tenure.claim.term if tenure else None
        found = refusal(signed_at=signed_at, term=term, vacant_since=self._vacant_since, now=now)
        if found and signed_at is not None:
            self._refused, self._refused_for = found, signed_at
        return self._refused or self._others or None
