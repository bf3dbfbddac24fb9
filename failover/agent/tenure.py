"""What one claim brings with it, from the acquisition to the release: its lease, its calls, how far it got."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from itertools import count

from failover.lease import Lease, Timing, may_activate_at
from failover.model import Claim


@dataclass
class Calls:
    """Signing calls of one claim. A pending one may still be answered; a lost one never is, and what it did is unknown.

    A lost call forfeits a clean release, and is waited for by nobody.
    """

    lost: int = 0
    last_at: float | None = None
    idle: Callable[[], None] = lambda: None  # called when none is pending any more
    _pending: dict[int, str] = field(default_factory=dict[int, str])
    _numbers: Iterator[int] = field(default_factory=count)

    def sent(self, chain: str, now: float) -> int:
        """Before the first byte leaves. The number is for `answered` or `lose`, of which one is called, once."""
        number = next(self._numbers)
        self._pending[number] = chain
        self.last_at = now
        return number

    def answered(self, number: int) -> None:
        """After the last byte came, or when the call was certainly not executed."""
        del self._pending[number]
        if not self._pending:
            self.idle()

    def lose(self, number: int) -> None:
        """There will be no answer any more, and the call may have been executed."""
        self.lost += 1
        self.answered(number)

    def pending(self, silent: Collection[str] = ()) -> int:
        """Calls that may still be answered. Those at the daemons of `silent` chains are not among them."""
        return sum(chain not in silent for chain in self._pending.values())

    def forfeited(self, silent: Collection[str] = ()) -> int:
        """Calls that are lost, those at the daemons of `silent` chains included."""
        return self.lost + sum(chain in silent for chain in self._pending.values())


@dataclass
class Tenure:
    """Seconds of the agent's clock. Only the agent's loop and its heartbeat change it.

    `by_order`: a person has handed the duty over to this candidate, so no better priority takes it away.
    `signs`: all chains that it could have signed for at any time.
    """

    claim: Claim
    acquired_at: float
    lease: Lease
    calls: Calls = field(default_factory=Calls)
    lost: bool = False
    activated: bool = False
    by_order: bool = False
    signs: frozenset[str] = frozenset()
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
