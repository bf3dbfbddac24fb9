"""What one claim brings with it, from the acquisition to the release: its lease, its calls, how far it got."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from failover.lease import Lease, Timing, may_activate_at
from failover.model import Claim


@dataclass
class Calls:
    """Signing calls of one claim. `unanswered` never falls for one whose answer was not whole."""

    unanswered: int = 0
    last_at: float | None = None
    idle: Callable[[], None] = lambda: None  # called when every one of them is answered

    def sent(self, now: float) -> None:
        """Before the first byte leaves."""
        self.unanswered += 1
        self.last_at = now

    def answered(self) -> None:
        """After the last byte came, or when certainly none had left."""
        self.unanswered -= 1
        if not self.unanswered:
            self.idle()


@dataclass
class Tenure:
    """Seconds of the agent's clock. Only the agent's loop and its heartbeat change it."""

    claim: Claim
    acquired_at: float
    lease: Lease
    calls: Calls = field(default_factory=Calls)
    lost: bool = False
    activated: bool = False
    draining_since: float | None = None

    def patience(self, timing: Timing, now: float) -> float:
        """Seconds until it has to be looked at again: its signer may begin, its lease ends, a heartbeat is over."""
        moments = (may_activate_at(timing, self.acquired_at, self.claim), self.lease.ends_at)
        return min([timing.heartbeat, *(moment - now for moment in moments if moment > now)])

    def refusal(self, now: float) -> str | None:
        """Why no new signing call may be sent; None while one may."""
        if self.lost or not self.lease.held(now):
            return "the claim is over"
        if self.draining_since is not None:
            return "the duty is being handed over"
        return None if self.activated else "the signer is not activated"


@dataclass
class Hand:
    """What an agent has in its hand, shared by its parts: a tenure or none, and whether it was told to end."""

    tenure: Tenure | None = None
    stopping: bool = False
