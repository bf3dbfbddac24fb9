"""The words of the protocol: duty, candidate, term, epoch, claim. Plain values, nothing of any backend."""

from __future__ import annotations

import math
from dataclasses import dataclass

Epoch = int


@dataclass(frozen=True, kw_only=True)
class Claim:
    """What a holder has in its hand.

    `epoch` is the fencing number, only ever growing over all holders of a duty (ZooKeeper: the czxid of the holder's
    znode). `term` is the version of the duty's term that this claim wrote. `clean` says that the holder before let go
    with every call answered and its signer stopped: then there is no grace to wait. `doubted_at`: seconds of this
    process's clock, when an answer first showed it the very doubt that this claim ended; infinite without one.
    """

    duty: str
    candidate: str
    epoch: Epoch
    term: int
    clean: bool
    doubted_at: float = math.inf


@dataclass(frozen=True, kw_only=True)
class Candidacy:
    """What a candidate says of itself. Lower `priority` is better.

    `healthy`: it could sign for a chain at least, and nothing keeps it from holding the duty. `settled`: nothing of its
    own has got worse for so long that it may take over from a worse candidate. `signs`: the chains that it could sign
    for now; None from a release that does not say. `weak`: what is wrong with it but keeps it from nothing, such as a
    disk that is nearly full. `still`: chains whose last block is older than their limit, each with that block's height:
    whether the chain stands still or this daemon is behind, only other candidates can tell. `penalised`: an activation
    of its signer failed lately.
    """

    candidate: str
    priority: int
    standby: str
    healthy: bool
    settled: bool
    reason: str
    signs: tuple[str, ...] | None = None
    weak: tuple[str, ...] = ()
    still: tuple[tuple[str, int], ...] = ()
    penalised: bool = False


@dataclass(frozen=True, kw_only=True)
class Orders:
    """What people want of one duty: who must not hold it, who alone may, who shall take it over."""

    drained: tuple[str, ...] = ()
    pinned: str | None = None
    handover_to: str | None = None


@dataclass(frozen=True, kw_only=True)
class Holder:
    """Who holds a duty, as a reader sees it."""

    candidate: str
    epoch: Epoch


@dataclass(frozen=True, kw_only=True)
class View:
    """What a candidate knows of its duty. It may be old: nothing that must be safe rests on it alone.

    `beat`: a number that changes with each of the holder's confirmations; None where the backend does not tell.
    `doubt`: the number of the doubt that stands, whether the holder lives; None without one.
    """

    holder: Holder | None
    candidates: tuple[Candidacy, ...]
    orders: Orders
    all_stop: bool
    beat: int | None = None
    doubt: int | None = None


@dataclass(frozen=True, kw_only=True)
class Confirmation:
    """That an epoch was the duty's at some moment after `sent_at` (seconds of this process's clock), by a quorum."""

    epoch: Epoch
    sent_at: float


def duty_name(notary: str, shard: str) -> str:
    """A duty's name in paths, headers and logs."""
    return f"{notary}.{shard}"
