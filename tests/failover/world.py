"""Agents, gates, watchdogs and an ensemble in virtual time; whoever drives it decides who moves next."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Generator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from failover.decide import decide, passed_over
from failover.lease import Beat, Lease, Timing
from failover.model import Candidacy, Claim, Confirmation, Epoch, View
from failover.observation import Act, Decision, Observation, Signer
from failover.selector import LostError, NoQuorumError, TakenError
from failover.selector.memory import Client, MemorySelector, MemoryVerifier
from failover.silence import Silence

DUTY = "alice.main"
TIMING = Timing(session_timeout=4.0, tick=0.5, heartbeat=0.5, staleness=2.0, grace=2.4, apart=0.4)
RATES = (0.97, 1.03, 1.0)  # clocks drift within 3 %, and 2.0 s * 1.03 / 0.97 is less than the grace
STEP = 0.2
MOVES = 4  # requests and answers that arrive in a step: two or three steps make a round of questions


class Moment:
    """Something on its way: it arrives when the driver says so."""

    def __await__(self) -> Generator[None, None, None]:
        yield


async def on_its_way() -> None:
    await Moment()


@dataclass
class Call:
    """A signing call: on its way to a gate, then its answer on the way back."""

    epoch: Epoch
    gate: int
    arrived: bool = False
    answered: bool = False


@dataclass
class Actor:
    """A process with a clock and one request under way. A paused agent does nothing, a paused gate hears no answer."""

    client: Client
    paused: bool = False
    flight: Coroutine[Any, Any, None] | None = None

    def move(self) -> None:
        """One request or one answer arrives, or the next one sets out."""
        if self.flight is None:
            self.flight = self.next()
        with suppress(StopIteration):
            self.flight.send(None)
            return
        self.flight = None

    def next(self) -> Coroutine[Any, Any, None]:
        raise NotImplementedError


class Credulous(MemoryVerifier):
    """It asks for a holder, and for no doubt."""

    async def confirm_epoch(self, duty: str) -> Confirmation:
        sent_at = self.client.clock()
        seat = await self.client.ask(lambda _: self.client.ensemble.duty(duty).seat)
        if seat is None:
            raise LostError(f"nobody holds {duty}")
        return Confirmation(epoch=seat.holder.epoch, sent_at=sent_at)


@dataclass
class Gate(Actor):
    """One daemon's gate: it lets calls of the confirmed epoch through while the confirmation is fresh."""

    timing: Timing = TIMING
    from_answer: bool = False  # the mistake: counting from when the answer came
    credulous: bool = False  # the mistake: to confirm a holder whom somebody doubts
    confirmed: Confirmation | None = None
    floor: Epoch = 0
    verifier: MemoryVerifier = field(init=False)

    def __post_init__(self) -> None:
        self.verifier = Credulous(self.client) if self.credulous else MemoryVerifier(self.client)

    async def next(self) -> None:
        try:
            found = await self.verifier.confirm_epoch(DUTY)
        except LostError:
            self.confirmed = None
        except NoQuorumError:
            pass
        else:
            sent_at = self.client.clock() if self.from_answer else found.sent_at
            self.confirmed = Confirmation(epoch=found.epoch, sent_at=sent_at)

    def admits(self, epoch: Epoch) -> bool:
        seen = self.confirmed
        if seen is None or seen.epoch != epoch or epoch < self.floor:
            return False
        if self.client.clock() - seen.sent_at >= self.timing.staleness:
            return False
        self.floor = epoch
        return True


@dataclass
class Agent(Actor):
    """One candidate: it observes, decides and acts; the watchdog beside it never pauses."""

    me: Candidacy = field(kw_only=True)
    timing: Timing = TIMING
    view: View | None = None
    claim: Claim | None = None
    claims: list[Epoch] = field(default_factory=list[Epoch])
    acquired_at: float | None = None
    lease: Lease | None = None
    looks: Lease = field(init=False)
    lost: bool = False
    activated: bool = False
    signer: Signer = Signer.DOWN
    calls: list[Call] = field(default_factory=list[Call])
    draining_since: float | None = None
    passed_over_since: float | None = None
    silence: Silence = field(init=False)
    in_round: bool = False
    round_since: float | None = None
    turn: int = 0
    decision: Decision | None = None
    selector: MemorySelector = field(init=False)

    def __post_init__(self) -> None:
        self.looks = Lease.of_looks(self.timing)
        self.silence = Silence(beat=None, seconds=0.0, looked_at=self.client.clock())
        self.selector = MemorySelector(self.client, DUTY, self.me.candidate)

    def observed(self) -> Observation:
        now = self.client.clock()
        if self.view is None or self.claim is not None or not passed_over(self.me, self.view):
            self.passed_over_since = None
        elif self.passed_over_since is None:
            self.passed_over_since = now
        epoch = None if self.claim is None else self.claim.epoch
        pending = sum(call.epoch == epoch and not call.answered for call in self.calls)
        own = {name: getattr(self, name) for name in OWN} | {"silent_for": self.silence.seconds}
        return Observation(
            now=now,
            pending=pending,
            forfeited=0,
            by_order=False,
            hung=False,
            chains_lost=False,
            outdone_since=None,
            outreached_since=None,
            drain_limit=2.0,
            stopping=False,
            **own,
        )

    def tick(self) -> None:
        if self.signer is Signer.STOPPING:
            self.signer = Signer.DOWN
        seen = self.observed()
        decision = self.decision = decide(seen)
        self.round_since = (self.round_since or seen.now) if decision.for_round else None
        self.act(decision.act)
        self.move()

    def act(self, act: Act) -> None:
        """What needs no answer happens at once."""
        if act is Act.KILL:
            self.signer = Signer.DOWN
        elif act is Act.STOP:
            self.signer = Signer.STOPPING
        elif act is Act.PREPARE:
            self.signer = Signer.IDLE
        elif act is Act.ACTIVATE:
            self.activated, self.signer = True, Signer.ACTIVE
        elif act is Act.DRAIN:
            self.draining_since = self.client.clock()

    def next(self) -> Coroutine[Any, Any, None]:
        act = Act.WAIT if self.decision is None else self.decision.act
        if act is Act.ACQUIRE:
            return self.told(self.acquire)
        if act is Act.DOUBT:
            return self.told(self.doubt)
        if act in (Act.RELEASE_CLEAN, Act.RELEASE_UNCLEAN):
            return self.told(lambda: self.release(clean=act is Act.RELEASE_CLEAN))
        self.turn += 1
        return self.told((self.confirm, self.publish, self.look)[self.turn % 3])

    async def told(self, request: Callable[[], Awaitable[None]]) -> None:
        try:
            await request()
        except LostError:
            self.lost = True
        except NoQuorumError:
            self.view = None
        except TakenError:
            pass

    async def acquire(self) -> None:
        sent_at = self.client.clock()
        self.claim = await self.selector.acquire()
        self.acquired_at = self.client.clock()
        self.lease = self.looks.begun(Beat(sent_at=sent_at, answered_at=self.acquired_at))
        self.lost, self.activated, self.draining_since = False, False, None
        self.claims.append(self.claim.epoch)

    async def release(self, *, clean: bool) -> None:
        assert self.claim is not None
        self.lost = True  # its outcome may stay unknown: nothing may rest on it any more
        await self.selector.release(self.claim, clean=clean)
        self.claim = self.acquired_at = self.lease = None

    async def confirm(self) -> None:
        if self.claim is not None and self.lease is not None:
            claim, lease = self.claim, self.lease
            sent_at = await self.selector.confirm(claim)
            self.lease = lease.renewed(Beat(sent_at=sent_at, answered_at=self.client.clock()))

    async def doubt(self) -> None:
        await self.selector.doubt()
        await self.look()

    async def publish(self) -> None:
        await self.selector.publish(self.me)

    async def look(self) -> None:
        sent_at = self.client.clock()
        self.view = await self.selector.view()
        self.silence = self.silence.after(self.view.beat, self.client.clock(), self.timing.heartbeat)
        self.looks = self.looks.renewed(Beat(sent_at=sent_at, answered_at=self.client.clock()))

    def watch(self) -> None:
        """The watchdog: past the deadline that the agent wrote down, the signer is dead."""
        if self.signer is not Signer.DOWN and self.lease is not None and not self.lease.held(self.client.clock()):
            self.signer = Signer.DOWN


OWN = ("me", "timing", "view", "claim", "acquired_at", "lease", "looks", "lost", "activated", "signer")
OWN += ("in_round", "round_since", "draining_since", "passed_over_since")
