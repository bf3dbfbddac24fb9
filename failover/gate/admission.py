"""Whether a signing call may pass now. Pure: values in, a reason out.

Why this suffices: a confirmation that was sent at s committed while its epoch was the current one, so no later holder
had begun before s. It waits longer than `staleness` before it signs; a call that passes here does so before
s + staleness.
"""

from __future__ import annotations

from dataclasses import dataclass

from failover.model import Confirmation, Epoch


@dataclass(frozen=True, kw_only=True)
class Denial:
    """Why not: a word for the metric, a sentence for the caller."""

    kind: str
    sentence: str


def admit(
    epoch: Epoch, *, confirmation: Confirmation | None, now: float, staleness: float, highest: Epoch
) -> Denial | None:
    """None: the call may be sent now. `highest` is the highest epoch on disk; times are seconds of one clock."""
    if confirmation is None:
        return Denial(kind="unconfirmed", sentence="no epoch is confirmed")
    if epoch < confirmation.epoch:
        return Denial(kind="old", sentence=f"epoch {epoch} is over: the current one is {confirmation.epoch}")
    if epoch > confirmation.epoch:
        return Denial(kind="unknown", sentence=f"epoch {epoch} is unknown: the current one is {confirmation.epoch}")
    age = now - confirmation.sent_at
    if not 0 <= age < staleness:
        return Denial(
            kind="stale", sentence=f"epoch {epoch} was confirmed {age:.3f} s ago: less than {staleness:g} s are needed"
        )
    if epoch < highest:
        return Denial(
            kind="below-highest",
            sentence=f"epoch {epoch} is lower than {highest}, which was seen before: was the ensemble restored?",
        )
    return None
