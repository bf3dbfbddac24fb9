"""What agents, gates and commands need of a backend, and nothing more."""

from __future__ import annotations

import asyncio
from typing import Protocol

from failover.model import Candidacy, Claim, Confirmation, Orders, View


class SelectorError(Exception):
    """One sentence: why the backend did not do what was asked."""


class NoQuorumError(SelectorError):
    """No answer, or none in time. Whether the request had an effect is unknown."""


class TakenError(SelectorError):
    """The duty is held by somebody."""


class LostError(SelectorError):
    """A quorum said that the claim is over: another term, or no holder any more."""


class Verifier(Protocol):
    """A gate's side: which epoch is the current one, by a quorum."""

    async def confirm_epoch(self, duty: str) -> Confirmation:
        """The current epoch. Raises LostError where nobody holds the duty, NoQuorumError without an answer in time."""
        ...


class Selector(Protocol):
    """A candidate's side of one duty. All methods fail fast: they never wait for a connection to come back."""

    @property
    def changed(self) -> asyncio.Event:
        """Set whenever the view may have changed, the connection came or went; the caller clears it."""
        ...

    async def view(self) -> View:
        """Raises NoQuorumError while there is no connection."""
        ...

    @property
    def freed(self) -> bool:
        """Whether it was told since the last view that the holder has gone, and of no other change: that is a view."""
        ...

    async def publish(self, candidacy: Candidacy) -> None:
        """Say what this candidate is; gone with its session."""
        ...

    async def doubt(self) -> None:
        """Say that the holder may be dead: from then on no gate confirms it, until it confirms its claim itself.

        Not done where somebody said so already, or nobody holds the duty. Raises NoQuorumError.
        """
        ...

    async def fulfil(self) -> None:
        """Take back an order to hand the duty over to this candidate, and no other order. NoQuorumError."""
        ...

    async def acquire(self) -> Claim:
        """Take a duty that nobody holds. Raises TakenError, NoQuorumError.

        After a NoQuorumError the claim may exist: the next `acquire` finds that its own and gives it up first.
        """
        ...

    async def confirm(self, claim: Claim) -> float:
        """When the request that a quorum has acknowledged was sent. It is a beat, and ends a doubt that was seen.

        Raises LostError, NoQuorumError.
        """
        ...

    async def release(self, claim: Claim, *, clean: bool) -> None:
        """Let go. With `clean`, in one transaction with the word. A claim that is over already is no error."""
        ...

    async def close(self) -> None:
        """End the session: what is ephemeral goes at once."""
        ...


class Desk(Protocol):
    """An operator's side: orders that survive restarts."""

    async def orders(self, duty: str) -> Orders: ...
    async def give(self, duty: str, orders: Orders) -> None: ...
    async def duties(self) -> tuple[str, ...]: ...
    async def look(self, duty: str) -> View: ...
    async def all_stop(self, stop: bool) -> None: ...
