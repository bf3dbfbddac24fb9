"""How long a holder may act on what it was last told: decided on its own clock, never by a library's flag."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Timing:
    """Seconds. The same for all agents and gates of a fleet: the proof needs one `staleness` and one `grace`."""

    session_timeout: float
    tick: float
    heartbeat: float
    staleness: float
    grace: float

    @property
    def shortest_session(self) -> float:
        """With a shorter one a lease could end before its first renewal counts, two heartbeats and a tick later."""
        return 1.5 * (3 * self.tick + 2 * self.heartbeat)


@dataclass(frozen=True, kw_only=True)
class Beat:
    """An acknowledged confirmation: when it was sent, when its answer came."""

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
    def begun(cls, timing: Timing, sent_at: float) -> Lease:
        """With an acquisition: its session was last heard of at an idle client's ping, a third of the timeout ago."""
        return cls(timing=timing, counted_from=sent_at - timing.session_timeout / 3 - 2 * timing.tick)

    @property
    def ends_at(self) -> float:
        """Counted from when that beat was sent: its answer may have been long on its way."""
        return self.counted_from + self.timing.session_timeout

    def renewed(self, beat: Beat) -> Lease:
        """After a later beat; an answer that overtakes another shortens nothing."""
        beats = (*self.untold, beat)
        latest = max(item.sent_at for item in beats)
        told = [item.sent_at for item in beats if item.answered_at + self.timing.tick <= latest]
        untold = tuple(item for item in beats if item.answered_at + self.timing.tick > latest)
        return Lease(timing=self.timing, counted_from=max([self.counted_from, *told]), untold=untold)

    def held(self, now: float) -> bool:
        """Whether the holder may still act."""
        return now < self.ends_at


def may_activate_at(timing: Timing, acquired_at: float, clean: bool) -> float:
    """When a new holder's signer may begin.

    After an unclean end a gate may forward the old holder's call until `staleness` after it sent its last good
    confirmation, which committed before this claim: the grace outlasts that. `acquired_at` is when the claim's answer
    came, which is later than its commit.
    """
    return acquired_at if clean else acquired_at + timing.grace
