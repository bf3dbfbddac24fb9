"""How long a holder may act on what it was last told: decided on its own clock, never by a library's flag."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from failover.model import Claim


@dataclass(frozen=True, kw_only=True)
class Timing:
    """Seconds. The same for all agents and gates of a fleet: the proof needs one `staleness` and one `grace`."""

    session_timeout: float
    tick: float
    heartbeat: float
    staleness: float
    grace: float
    apart: float  # clocks' differences over a session, and a kill: with it two leases never run at once
    fenced: bool = True  # by gates, which a doubt stops; a checkpoint master's only fence is its lease's end

    @property
    def oldest_look(self) -> float:
        """A claim that rests on an older one would begin with too short a lease."""
        return self.session_timeout / 3 + 2 * self.tick

    @property
    def silence(self) -> float:
        """A holder that has said nothing for so long is doubted.

        Early enough for the grace to be over when the session is, late enough for a beat or two to be lost.
        """
        return max(0.4 * self.session_timeout, 3 * self.heartbeat)

    @property
    def shortest_session(self) -> float:
        """With a shorter one a lease could end before its first renewal counts, two heartbeats and a tick later."""
        return 1.5 * (3 * self.tick + 2 * self.heartbeat)


@dataclass(frozen=True, kw_only=True)
class Beat:
    """A question of this session, a confirmation or a look: when it was sent, when its answer came."""

    sent_at: float
    answered_at: float


@dataclass(frozen=True, kw_only=True)
class Lease:
    """A holder's own deadline. Past it, it is not the holder, whatever anybody says.

    An acknowledged write does not renew the session where it counts, at the ensemble's leader: only a follower's answer
    to the leader's ping does, each half tick (LearnerHandler.java, PING beside REQUEST, ZooKeeper 3.9.5). A follower
    that is cut off right after the acknowledgement takes the news with it. So the lease counts from a beat that was
    answered a tick before a later one was sent: between the two the follower told, on the very connection that carried
    the later one. `models/lease.pml` shows what goes wrong otherwise.
    """

    timing: Timing
    counted_from: float
    untold: tuple[Beat, ...] = ()

    @classmethod
    def of_looks(cls, timing: Timing) -> Lease:
        """For a candidate's looks at the duty, before the first: what a claim would rest on. It is long over."""
        return cls(timing=timing, counted_from=-math.inf)

    def begun(self, acquired: Beat) -> Lease:
        """A claim's own, made of the looks before it: a session that was silent may end as soon as it has claimed.

        Looks of an earlier session count as well, for the leader hears of a new one when it is made.
        """
        return Lease(timing=self.timing, counted_from=self.heard_by(acquired.sent_at), untold=(acquired,))

    @property
    def ends_at(self) -> float:
        """Counted from when that beat was sent: its answer may have been long on its way."""
        return self.counted_from + self.timing.session_timeout

    def heard_by(self, sent_at: float) -> float:
        """When the last beat was sent of which the leader knows for certain, if one that is sent now gets through."""
        told = [beat.sent_at for beat in self.untold if beat.answered_at + self.timing.tick <= sent_at]
        return max([self.counted_from, *told])

    def renewed(self, beat: Beat) -> Lease:
        """After a later beat; an answer that overtakes another shortens nothing."""
        beats = (*self.untold, beat)
        latest = max(item.sent_at for item in beats)
        untold = tuple(item for item in beats if item.answered_at + self.timing.tick > latest)
        return replace(self, counted_from=replace(self, untold=beats).heard_by(latest), untold=untold)

    def held(self, now: float) -> bool:
        """Whether the holder may still act."""
        return now < self.ends_at


def may_activate_at(timing: Timing, acquired_at: float, claim: Claim) -> float:
    """When a new holder's signer may begin.

    After an unclean end a gate may forward the old holder's call until `staleness` after it sent its last good
    confirmation, which committed before this claim: the grace outlasts that. `acquired_at` is when the claim's answer
    came, which is later than its commit. None committed while a doubt stood either, and this claim ended the very doubt
    that it saw: so the grace counts from there where that is earlier, beside the wait for the old session's end. What
    two clocks may differ by over a session is waited for all the same.
    """
    if claim.clean:
        return acquired_at
    if not timing.fenced:
        return acquired_at + timing.grace
    return max(acquired_at + timing.apart, min(acquired_at, claim.doubted_at) + timing.grace)
