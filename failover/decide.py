"""What a candidate does next: rules in order, a sentence each. No I/O, and no clock but the observation's."""

from __future__ import annotations

import math

from failover.lease import may_activate_at
from failover.model import Candidacy, View
from failover.observation import Act, Decision, Observation, Signer

PATIENCE = 1.0  # seconds that a better candidate has for taking a free duty


def decide(seen: Observation) -> Decision:
    """One act and why. Safe in any order and however late: what it rests on is a lease, or checked by the ensemble."""
    if seen.claim is None:
        return _without_claim(seen)
    if seen.lost or seen.lease is None or not seen.lease.held(seen.now):
        return _claim_over(seen)
    if seen.signer is Signer.ACTIVE and not seen.activated:
        return Decision(act=Act.KILL, reason="the signer signs though this claim has not activated it")
    reason = _why_let_go(seen)
    if reason is not None:
        return _let_go(seen, reason)
    return _keep_signing(seen) if seen.activated else _begin(seen)


def passed_over(me: Candidacy, view: View) -> bool:
    """Whether nobody holds the duty and somebody better is to take it: `passed_over_since` counts from then."""
    best = _best(me, view)
    return view.holder is None and best is not None and best.candidate != me.candidate


def _claim_over(seen: Observation) -> Decision:
    why = "a quorum said that the claim is over" if seen.lost else "the lease is over"
    if seen.signer is not Signer.DOWN:
        return Decision(act=Act.KILL, reason=why)
    # The session may still live, and the duty would be nobody's until it ends.
    return Decision(act=Act.RELEASE_UNCLEAN, reason=f"{why} and the signer is dead")


def _begin(seen: Observation) -> Decision:
    if seen.signer is Signer.DOWN:
        return Decision(act=Act.PREPARE, reason="the duty is taken and the signer is not up")
    if seen.signer is Signer.STOPPING:
        return Decision(act=Act.WAIT, reason="the duty is taken and an earlier signer is still ending")
    if seen.now < _grace_ends(seen):
        return Decision(act=Act.WAIT, reason="the holder before let go without a word: the grace is not over")
    return Decision(act=Act.ACTIVATE, reason="the duty is taken and nobody else can sign")


def _keep_signing(seen: Observation) -> Decision:
    if seen.signer is Signer.DOWN:
        return _release(seen, "the signer died")
    if seen.signer is Signer.STOPPING:
        return Decision(act=Act.WAIT, reason="the signer is ending by itself")
    if seen.signer is Signer.IDLE:
        return Decision(act=Act.ACTIVATE, reason="the signer was activated and does not sign")
    return Decision(act=Act.WAIT, reason="holds the duty and signs")


def _let_go(seen: Observation, reason: str) -> Decision:
    if seen.signer is Signer.DOWN:
        return _release(seen, reason)
    if seen.signer is Signer.STOPPING:
        return Decision(act=Act.WAIT, reason=f"{reason}: the signer is ending")
    if not seen.activated:
        return Decision(act=Act.STOP, reason=f"{reason}: the signer has not begun")
    if seen.draining_since is None:
        if seen.in_round and not _urgent(seen) and not _longer_than_limit(seen, seen.round_since):
            return Decision(act=Act.WAIT, reason=f"{reason}: after the round under way", for_round=True)
        return Decision(act=Act.DRAIN, reason=f"{reason}: no new signing calls")
    if not seen.unanswered:
        return Decision(act=Act.STOP, reason=f"{reason}: every signing call is answered")
    waiting = f"{reason}: {seen.unanswered} signing calls without an answer"
    if _drained_too_long(seen):
        return Decision(act=Act.KILL, reason=f"{waiting} after {seen.drain_limit:g} s")
    return Decision(act=Act.WAIT, reason=waiting)


def _release(seen: Observation, reason: str) -> Decision:
    """With the word only where a successor need not wait: a claim that saw no end of its own grace passes it on."""
    if seen.unanswered:
        flaw = f"{seen.unanswered} signing calls without an answer"
    elif seen.now < _grace_ends(seen):
        flaw = "the grace was not over"
    elif _drained_too_long(seen):
        flaw = f"it took more than {seen.drain_limit:g} s"
    else:
        return Decision(act=Act.RELEASE_CLEAN, reason=f"{reason}: every call answered, the signer is down")
    return Decision(act=Act.RELEASE_UNCLEAN, reason=f"{reason}: {flaw}, the signer is down")


def _without_claim(seen: Observation) -> Decision:
    if seen.signer is Signer.ACTIVE:
        return Decision(act=Act.KILL, reason="the signer signs without a claim")
    if seen.stopping:
        return _stand_down(seen, "the agent is to end")
    if seen.view is None:
        return Decision(act=Act.WAIT, reason="no connection to the ensemble")
    if seen.view.all_stop:
        return _stand_down(seen, "all signers are to stop")
    if seen.signer is Signer.STOPPING:
        return Decision(act=Act.WAIT, reason="the signer is still ending")
    return _stand_by(seen, seen.view)


def _stand_down(seen: Observation, reason: str) -> Decision:
    if seen.signer is Signer.IDLE:
        return Decision(act=Act.STOP, reason=reason)
    return Decision(act=Act.WAIT, reason=reason)


def _stand_by(seen: Observation, view: View) -> Decision:
    me, best = seen.me, _best(seen.me, view)
    if view.holder is not None and view.holder.candidate == me.candidate:
        # An acquisition whose answer was lost: while the session lives nobody else can take the duty.
        return _acquire(seen, "an earlier claim of this candidate is in the way: takes it anew")
    if view.holder is None and best is None:
        return Decision(act=Act.WAIT, reason=_nobody(me, view))
    flaw = _unfit(me, view)
    if flaw is not None:
        return Decision(act=Act.WAIT, reason=f"{me.candidate} {flaw}")
    if view.holder is not None:
        held = f"{view.holder.candidate} holds the duty"
        if _doubts(seen, view):
            silent = f"{held} and has said nothing for {seen.timing.silence:g} s"
            return Decision(act=Act.DOUBT, reason=f"{silent}: no gate is to believe in it until it does")
        if me.standby == "hot" and seen.signer is Signer.DOWN:
            return Decision(act=Act.PREPARE, reason=f"{held}: a hot standby has its signer up")
        return Decision(act=Act.WAIT, reason=held)
    if best is None or best.candidate == me.candidate:
        return _acquire(seen, f"nobody holds the duty and {me.candidate} is the best")
    if seen.passed_over_since is not None and seen.now - seen.passed_over_since > PATIENCE:
        return _acquire(seen, f"nobody holds the duty and {best.candidate} does not take it")
    return Decision(act=Act.WAIT, reason=f"nobody holds the duty: {best.candidate} is to take it")


def _doubts(seen: Observation, view: View) -> bool:
    return seen.timing.fenced and view.doubt is None and seen.silent_for >= seen.timing.silence


def _acquire(seen: Observation, reason: str) -> Decision:
    if seen.looks.heard_by(seen.now) < seen.now - seen.timing.oldest_look:
        return Decision(act=Act.WAIT, reason=f"{reason}, once the ensemble has certainly heard of this session")
    return Decision(act=Act.ACQUIRE, reason=reason)


def _why_let_go(seen: Observation) -> str | None:
    if seen.stopping:
        return "the agent is to end"
    reason = None if seen.view is None else _why_elsewhere(seen, seen.view)
    if reason is None and seen.draining_since is not None:
        return "a drain that has begun is finished"  # its calls were refused: the round is lost already
    return reason


def _why_elsewhere(seen: Observation, view: View) -> str | None:
    me, orders, others = seen.me, view.orders, _others(seen.me, view)
    names = {other.candidate for other in others}
    fit = [other for other in others if _unfit(other, view) is None]
    if view.all_stop:
        return "all signers are to stop"
    if me.candidate in orders.drained:
        return f"{me.candidate} is drained"
    if orders.pinned != me.candidate and orders.pinned in names:
        return f"the duty is pinned to {orders.pinned}"
    if any(other.candidate == orders.handover_to for other in fit):
        return f"the duty is handed over to {orders.handover_to}"
    better = [other for other in fit if other.settled and other.priority < me.priority]
    if better and orders.handover_to != me.candidate and _proven(seen):
        return f"{min(better, key=_rank).candidate} has a better priority and is settled"
    if me.healthy:
        return None
    if fit:
        return f"{me.candidate} is not healthy ({me.reason}) and {min(fit, key=_rank).candidate} is"
    return _nobody(me, view)


def _proven(seen: Observation) -> bool:
    """Whether a better candidate that is still listed lives: one that died before this claim is gone after so long."""
    return seen.acquired_at is not None and seen.now - seen.acquired_at >= seen.timing.session_timeout


def _urgent(seen: Observation) -> bool:
    return seen.stopping or (seen.view is not None and seen.view.all_stop)


def _drained_too_long(seen: Observation) -> bool:
    return _longer_than_limit(seen, seen.draining_since)


def _longer_than_limit(seen: Observation, since: float | None) -> bool:
    return since is not None and seen.now - since > seen.drain_limit


def _grace_ends(seen: Observation) -> float:
    if seen.claim is None or seen.acquired_at is None:
        return math.inf
    return may_activate_at(seen.timing, seen.acquired_at, seen.claim)


def _others(me: Candidacy, view: View) -> list[Candidacy]:
    return [other for other in view.candidates if other.candidate != me.candidate]


def _unfit(candidacy: Candidacy, view: View) -> str | None:
    if candidacy.candidate in view.orders.drained:
        return "is drained"
    if view.orders.pinned not in (None, candidacy.candidate):
        return f"is not the one that the duty is pinned to ({view.orders.pinned})"
    return None if candidacy.healthy else f"is not healthy ({candidacy.reason})"


def _rank(candidacy: Candidacy) -> tuple[int, str]:
    return candidacy.priority, candidacy.candidate


def _best(me: Candidacy, view: View) -> Candidacy | None:
    """Who is to take a free duty. What `me` knows of itself counts, not what it has published."""
    fit = [one for one in (me, *_others(me, view)) if _unfit(one, view) is None]
    return min(fit, key=lambda one: (one.candidate != view.orders.handover_to, *_rank(one)), default=None)


def _nobody(me: Candidacy, view: View) -> str:
    everybody = sorted((me, *_others(me, view)), key=_rank)
    flaws = [f"{one.candidate} {_unfit(one, view)}" for one in everybody]
    return f"NO CANDIDATE IS FIT, the duty is to be held by nobody: {', '.join(flaws)}"
