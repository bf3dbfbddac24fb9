"""What a candidate does next: rules in order, a sentence each. No I/O, and no clock but the observation's."""

from __future__ import annotations

import math
from dataclasses import dataclass

from failover.fitness import outdoes, rank, signs_more
from failover.lease import may_activate_at
from failover.model import Candidacy, View
from failover.observation import Act, Decision, Observation, Signer

PATIENCE = 1.0  # seconds that a better candidate has for taking a free duty
# A difference in what wallets and chains show must last: two candidates read them at different moments, and a wallet
# once a minute.
OUTDONE_SECONDS = 90.0
# A chain that another candidate has gained, and that this one never had: it may be about to join here as well.
GAINED_SECONDS = 15.0
# A holder that moves because it is sick waits so long for answers of daemons that are not, and for no round: the
# standby could have signed in that time.
SICK_DRAIN_SECONDS = 2.0


def decide(seen: Observation) -> Decision:
    """One act and why. Safe in any order and however late: what it rests on is a lease, or checked by the ensemble."""
    if seen.claim is None:
        return _without_claim(seen)
    if seen.lost or seen.lease is None or not seen.lease.held(seen.now):
        return _claim_over(seen)
    if seen.signer is Signer.ACTIVE and not seen.activated:
        return Decision(act=Act.KILL, reason="the signer signs though this claim has not activated it")
    if seen.hung and seen.signer in (Signer.IDLE, Signer.ACTIVE):
        return Decision(act=Act.KILL, reason="the signer neither answers nor works")
    leaving = _why_leave(seen)
    if leaving is not None:
        return _leave(seen, leaving)
    return _keep_signing(seen) if seen.activated else _begin(seen)


@dataclass(frozen=True, kw_only=True)
class Leaving:
    """Why a holder hands the duty over. `after_round`: it waits for the end of the round that is under way.

    `sick`: its signer can't do its work, so no round is waited for, and answers of daemons only for a moment.
    """

    reason: str
    after_round: bool = True
    sick: bool = False


def outdone(me: Candidacy, view: View) -> bool:
    """Whether another candidate is better placed in what may pass: `outdone_since` counts from then."""
    return any(other.settled and outdoes(other, me) for other in _takers(me, view))


def outreached(me: Candidacy, view: View) -> bool:
    """Whether another candidate can sign for more: `outreached_since` counts from then."""
    return any(other.settled and signs_more(other, me) for other in _takers(me, view))


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
    if seen.view is not None and seen.view.orders.handover_to == seen.me.candidate:
        return Decision(act=Act.FULFIL, reason=f"{seen.me.candidate} holds the duty as ordered: the order is done")
    if seen.me.reason != "healthy":
        return Decision(act=Act.WAIT, reason=f"holds the duty and signs, as nobody is better off: {seen.me.reason}")
    return Decision(act=Act.WAIT, reason="holds the duty and signs")


def _leave(seen: Observation, leaving: Leaving) -> Decision:
    reason = leaving.reason
    if seen.signer is Signer.DOWN:
        return _release(seen, reason)
    if seen.signer is Signer.STOPPING:
        return Decision(act=Act.WAIT, reason=f"{reason}: the signer is ending")
    if not seen.activated:
        return Decision(act=Act.STOP, reason=f"{reason}: the signer has not begun")
    if seen.draining_since is None:
        if (
            leaving.after_round
            and not leaving.sick
            and seen.in_round
            and not _longer(seen, seen.round_since, seen.drain_limit)
        ):
            return Decision(act=Act.WAIT, reason=f"{reason}: after the round under way", for_round=True)
        return Decision(act=Act.DRAIN, reason=f"{reason}: no new signing calls")
    if not seen.pending:
        return Decision(act=Act.STOP, reason=f"{reason}: no signing call waits for an answer")
    waiting = f"{reason}: {seen.pending} signing calls wait for an answer"
    limit = min(SICK_DRAIN_SECONDS, seen.drain_limit) if leaving.sick else seen.drain_limit
    if _longer(seen, seen.draining_since, limit):
        return Decision(act=Act.KILL, reason=f"{waiting} after {limit:g} s")
    return Decision(act=Act.WAIT, reason=waiting)


def _release(seen: Observation, reason: str) -> Decision:
    """Clean only where a successor need not wait: a claim that saw no end of its own grace passes it on."""
    if seen.pending or seen.forfeited:
        flaw = f"{seen.pending + seen.forfeited} signing calls without an answer"
    elif seen.now < _grace_ends(seen):
        flaw = "the grace was not over"
    elif _longer(seen, seen.draining_since, seen.drain_limit):
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
    if seen.signer is Signer.IDLE and seen.hung:
        return Decision(act=Act.KILL, reason="the signer neither answers nor works")
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


def _why_leave(seen: Observation) -> Leaving | None:
    if seen.stopping:
        return Leaving(reason="the agent is to end", after_round=False)
    leaving = None if seen.view is None else _why_elsewhere(seen, seen.view)
    if leaving is None and seen.draining_since is not None:
        # Its calls were refused: the round is lost already.
        return Leaving(reason="a drain that has begun is finished")
    return leaving


def _why_elsewhere(seen: Observation, view: View) -> Leaving | None:
    """Orders first, then what another candidate could do more.

    With nobody better off a holder that signs stays, however sick: a duty that nobody holds helps no chain.
    """
    me, orders, names = seen.me, view.orders, {other.candidate for other in _others(seen.me, view)}
    if view.all_stop:
        return Leaving(reason="all signers are to stop", after_round=False)
    if me.candidate in orders.drained:
        return Leaving(reason=f"{me.candidate} is drained")
    if orders.pinned != me.candidate and orders.pinned in names:
        return Leaving(reason=f"the duty is pinned to {orders.pinned}")
    takers = sorted(_takers(me, view), key=rank)
    if any(other.candidate == orders.handover_to and other.settled and not signs_more(me, other) for other in takers):
        return Leaving(reason=f"the duty is handed over to {orders.handover_to}")
    return _unhealthy(seen, view) or _better_off(seen, takers) or _by_priority(seen, view, takers)


def _unhealthy(seen: Observation, view: View) -> Leaving | None:
    """One that can sign for nothing hands over to anybody who could: to one whose last activation failed as well."""
    me, fit = seen.me, sorted(_fit(seen.me, view), key=rank)
    if me.healthy:
        return None
    if fit:
        return Leaving(reason=f"{me.candidate} is not healthy ({me.reason}) and {fit[0].candidate} is", sick=True)
    return None if seen.activated else Leaving(reason=_nobody(me, view), sick=True)


def _better_off(seen: Observation, takers: list[Candidacy]) -> Leaving | None:
    settled = [other for other in takers if other.settled]
    more = [other for other in settled if signs_more(other, seen.me)]
    if more and (seen.chains_lost or _longer(seen, seen.outreached_since, GAINED_SECONDS)):
        reason = f"{more[0].candidate} can sign for more chains ({seen.me.reason})"
        return Leaving(reason=reason, sick=seen.chains_lost)
    better = [other for other in settled if outdoes(other, seen.me)]
    if better and _longer(seen, seen.outdone_since, OUTDONE_SECONDS):
        return Leaving(reason=f"{better[0].candidate} is better placed ({seen.me.reason})")
    return None


def _by_priority(seen: Observation, view: View, takers: list[Candidacy]) -> Leaving | None:
    me = seen.me
    if seen.by_order or view.orders.handover_to == me.candidate or not _proven(seen):
        return None
    for other in takers:
        if other.settled and other.priority < me.priority and not signs_more(me, other) and not outdoes(me, other):
            return Leaving(reason=f"{other.candidate} has a better priority and is settled")
    return None


def _proven(seen: Observation) -> bool:
    """Whether a better candidate that is still listed lives: one that died before this claim is gone after so long."""
    return seen.acquired_at is not None and seen.now - seen.acquired_at >= seen.timing.session_timeout


def _longer(seen: Observation, since: float | None, seconds: float) -> bool:
    return since is not None and seen.now - since > seconds


def _grace_ends(seen: Observation) -> float:
    if seen.claim is None or seen.acquired_at is None:
        return math.inf
    return may_activate_at(seen.timing, seen.acquired_at, seen.claim)


def _others(me: Candidacy, view: View) -> list[Candidacy]:
    return [other for other in view.candidates if other.candidate != me.candidate]


def _fit(me: Candidacy, view: View) -> list[Candidacy]:
    """The others who could take a free duty."""
    return [other for other in _others(me, view) if _unfit(other, view) is None]


def _takers(me: Candidacy, view: View) -> list[Candidacy]:
    """The others who could take the duty from a holder that signs: none whose last activation failed."""
    return [other for other in _fit(me, view) if not other.penalised]


def _unfit(candidacy: Candidacy, view: View) -> str | None:
    """Why it must not or can't take the duty."""
    if candidacy.candidate in view.orders.drained:
        return "is drained"
    if view.orders.pinned not in (None, candidacy.candidate):
        return f"is not the one that the duty is pinned to ({view.orders.pinned})"
    return None if candidacy.healthy else f"is not healthy ({candidacy.reason})"


def _best(me: Candidacy, view: View) -> Candidacy | None:
    """Who is to take a free duty: the least bad one. What `me` knows of itself counts, not what it has published."""

    def place(one: Candidacy) -> tuple[object, ...]:
        return not (one.settled and one.candidate == view.orders.handover_to), *rank(one)

    return min((one for one in (me, *_others(me, view)) if _unfit(one, view) is None), key=place, default=None)


def _nobody(me: Candidacy, view: View) -> str:
    everybody = sorted((me, *_others(me, view)), key=lambda one: (one.priority, one.candidate))
    flaws = [f"{one.candidate} {_unfit(one, view)}" for one in everybody]
    return f"NO CANDIDATE IS FIT, nobody can hold the duty: {', '.join(flaws)}"
