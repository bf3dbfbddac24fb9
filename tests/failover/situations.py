"""Situations of one candidate, eu, among asia (better) and us (worse)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from failover.lease import Lease, Timing
from failover.model import Candidacy, Claim, Holder, Orders, View
from failover.observation import Observation, Signer

TIMING = Timing(session_timeout=4.0, tick=0.5, heartbeat=0.5, staleness=1.0, grace=1.5, apart=0.2)
NOW = 100.0
ALL = ("KMD", "CCL", "RAPH")


def candidate(name: str, priority: int, **changed: Any) -> Candidacy:
    me = Candidacy(
        candidate=name, priority=priority, standby="hot", healthy=True, settled=True, reason="healthy", signs=ALL
    )
    return replace(me, **changed)


EU = candidate("eu", 1)
ASIA = candidate("asia", 0, settled=False)
US = candidate("us", 2)
SICK = {"healthy": False, "settled": False, "reason": "3 peers"}


def view(
    *others: Candidacy, holder: str | None = "eu", all_stop: bool = False, doubt: int | None = None, **orders: Any
) -> View:
    """As eu sees it; without others, asia (not settled) and us are there."""
    held = None if holder is None else Holder(candidate=holder, epoch=7)
    return View(
        holder=held, candidates=others or (ASIA, US), orders=Orders(**orders), all_stop=all_stop, beat=3, doubt=doubt
    )


def standing_by(**changed: Any) -> Observation:
    """eu holds nothing, asia does, and eu's signer idles."""
    seen = Observation(
        now=NOW,
        me=EU,
        timing=TIMING,
        view=view(holder="asia"),
        claim=None,
        acquired_at=None,
        lease=None,
        looks=Lease(timing=TIMING, counted_from=NOW - 1.0),
        lost=False,
        activated=False,
        by_order=False,
        signer=Signer.IDLE,
        hung=False,
        chains_lost=False,
        pending=0,
        forfeited=0,
        in_round=False,
        round_since=None,
        draining_since=None,
        drain_limit=5.0,
        stopping=False,
        passed_over_since=None,
        outdone_since=None,
        outreached_since=None,
        silent_for=0.0,
    )
    return replace(seen, **changed)


def taken(*, clean: bool = True, **changed: Any) -> Observation:
    """eu has just taken the duty; nothing is activated yet."""
    claim = Claim(duty="alice.main", candidate="eu", epoch=7, term=3, clean=clean)
    lease = Lease(timing=TIMING, counted_from=NOW)
    seen = standing_by(view=view(), claim=claim, acquired_at=NOW, lease=lease)
    return replace(seen, **changed)


def signing(**changed: Any) -> Observation:
    """eu has held the duty for long, and signs."""
    return replace(taken(acquired_at=NOW - 50, activated=True, signer=Signer.ACTIVE), **changed)


def over(seen: Observation) -> Observation:
    """The same, three seconds after the last good confirmation was sent."""
    return replace(seen, lease=Lease(timing=TIMING, counted_from=NOW - 4.0))
