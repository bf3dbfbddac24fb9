"""What an agent decides on, and what it may decide: values only."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from failover.lease import Lease, Timing
from failover.model import Candidacy, Claim, View


class Signer(Enum):
    """The signer's process: not there, up but not signing (a hot standby), signing, or still ending."""

    DOWN = "down"
    IDLE = "idle"
    ACTIVE = "active"
    STOPPING = "stopping"


class Act(Enum):
    """What an agent does in one tick; each is safe to repeat."""

    WAIT = "wait"
    PREPARE = "prepare"  # start the signer, not activated
    ACQUIRE = "acquire"
    DOUBT = "doubt"  # say that the holder may be dead: no gate confirms it until it says that it is not
    ACTIVATE = "activate"  # let the signer sign
    FULFIL = "fulfil"  # take back the order to hand the duty over to this candidate: it is done
    DRAIN = "drain"  # take no new signing calls; those under way get their answer
    STOP = "stop"  # end the signer, gracefully, then by force
    RELEASE_CLEAN = "release clean"
    RELEASE_UNCLEAN = "release unclean"
    KILL = "kill"  # at once: the claim is over, or may be


@dataclass(frozen=True, kw_only=True)
class Observation:
    """All that counts at `now`, in seconds of the agent's clock.

    `view` is None without a connection. `acquired_at`, `lease` and `claim` come and go together; `looks` is the lease
    that the looks at the duty are worth. `lost`: a quorum said so. `activated`: ACTIVATE was begun under this very
    claim, whatever became of it. `by_order`: this claim was ordered by a person, so that no priority takes it away.
    `hung`: the signer's process neither answers nor works. `chains_lost`: there are chains that it could have signed
    for under this claim, and can't any more.

    Signing calls of this claim: `pending` ones may still be answered, and are waited for in a drain; `forfeited` ones
    never are, so the release is not clean. `in_round`: the signer takes part in a round that it would fail;
    `draining_since` is when calls were first refused under this claim, and their last answers are waited for until
    `drain_limit` seconds after it. `round_since`: since when the end of a round is waited for, as long too.

    `stopping`: the agent itself was told to end; `passed_over_since`: since when somebody better was to take a duty
    that nobody holds; `outdone_since`, `outreached_since`: since when another candidate has been better placed, or
    could have signed for more; `silent_for`: seconds that looks showed no new beat of the holder.
    """

    now: float
    me: Candidacy
    timing: Timing
    view: View | None
    claim: Claim | None
    acquired_at: float | None
    lease: Lease | None
    looks: Lease
    lost: bool
    activated: bool
    by_order: bool
    signer: Signer
    hung: bool
    chains_lost: bool
    pending: int
    forfeited: int
    in_round: bool
    round_since: float | None
    draining_since: float | None
    drain_limit: float
    stopping: bool
    passed_over_since: float | None
    outdone_since: float | None
    outreached_since: float | None
    silent_for: float


@dataclass(frozen=True, kw_only=True)
class Decision:
    """What to do, and why: one sentence for the log. `for_round`: it waits for nothing but a round's end."""

    act: Act
    reason: str
    for_round: bool = False
