"""Duties whose holder falls sick: what is done to them, and what is read off them."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from bench.failover.arena import REGIONS, Arena
from bench.failover.contender import tail
from bench.failover.ours import tune
from bench.failover.stats import longest_gap
from chaos import stamps
from chaos.collect import logged
from chaos.fleet import Fleet, Member
from chaos.layout import file_name
from chaos.possible import Unit
from chaos.stamps import SECOND, Execution
from chaos.strikes import signer_pid, signs
from config.fencing import Failover

KINDS = ("chain-joins", "daemon-killed", "daemon-frozen", "signer-frozen")
RATE = 2.0  # signing calls a second and coin: several duties share two cores with everything else
DAEMONS = ("KMD", "CCL")  # whose daemons are struck
CHECK_SECONDS = 0.5  # between two readings of logs
BLOCK_SECONDS = 60  # between two blocks of the doubles' chains
AFTER_SECONDS = 5.0  # that a chain's joining is looked at for
SHIPPED = Failover()


class Calm:
    """Whether nothing has been done to anybody for so long that both candidates count as settled."""

    def __init__(self, settle_seconds: float) -> None:
        self._settle_seconds = settle_seconds
        self.begin()

    def begin(self) -> None:
        """From now on."""
        self._since = stamps.now()

    def over(self) -> bool:
        """A few seconds are for the daemons to come back, and to be seen."""
        return stamps.now() - self._since > (self._settle_seconds + 10) * SECOND


@dataclass(kw_only=True)
class Patient:
    """One duty and its two candidates."""

    duty: str
    members: Sequence[Member]
    _checked: int = 0
    _ready: bool = False

    def holder(self) -> Member | None:
        """Whose signer is activated; None where no candidate, or more than one, has logged it."""
        found = [member for member in self.members if signs(member)]
        return found[0] if len(found) == 1 else None

    def other(self, member: Member) -> Member:
        """The one that is not this."""
        return next(item for item in self.members if item is not member)

    def ready(self) -> bool:
        """Whether one signs and the other stands by; looked at twice a second at most."""
        if stamps.now() - self._checked > CHECK_SECONDS * SECOND:
            self._checked, holder = stamps.now(), self.holder()
            self._ready = holder is not None and _reason(self.other(holder)).endswith(" holds the duty")
        return self._ready

    def state(self) -> str:
        """For a sentence of why not."""
        return ", ".join(f"{member.unit.region} of {self.duty}: {_reason(member)}" for member in self.members)

    def hold(self, chain: str) -> None:
        """A chain's daemons go, in both regions, until `joined`."""
        for member in self.members:
            member.daemons[chain].held += 1
            member.daemons[chain].signal(signal.SIGKILL)

    def kill_signer(self) -> None:
        """The holder's."""
        if holder := self.holder():
            signal_signer(holder, signal.SIGKILL)


@dataclass(kw_only=True)
class Lost:
    """A holder that was struck at `struck`. `chain`: whose daemon; empty for its signer."""

    patient: Patient
    kind: str
    chain: str
    holder: Member
    struck: int
    offsets: dict[str, int]

    @property
    def what(self) -> str:
        """As it is told."""
        return f"{self.kind} {self.chain or 'Iguana'} in {self.holder.unit.region}"

    def over(self) -> bool:
        """Whether the other one is activated, and has signed."""
        last = stamps.last_end(self._other.folder / "stamps.jsonl") or 0
        return last > self.struck and when(self._other, "signer activated", self.struck) is not None

    def measured(self) -> dict[str, float] | None:
        """Seconds from the strike to the activation elsewhere and to the first call there, and without any call."""
        activated = when(self._other, "signer activated", self.struck)
        after = [item.begin for item in self._done(self._other) if item.begin > self.struck]
        if activated is None or not after:
            return None
        before = [item.end for item in self._done(self.holder) if item.end < min(after)]
        return {
            "activated_s": (activated - self.struck) / SECOND,
            "first_call_s": (min(after) - self.struck) / SECOND,
            "gap_s": (min(after) - max(before, default=self.struck)) / SECOND,
        }

    def heal(self) -> None:
        """What was struck comes back; a frozen signer was killed by its agent."""
        if self.kind == "daemon-killed":
            self.holder.daemons[self.chain].held -= 1
        if self.kind == "daemon-frozen":
            self.holder.daemons[self.chain].signal(signal.SIGCONT)

    @property
    def _other(self) -> Member:
        return self.patient.other(self.holder)

    def _done(self, member: Member) -> list[Execution]:
        return tail(member.folder / "stamps.jsonl", self.offsets[member.unit.region])


@dataclass(kw_only=True)
class Joined:
    """A duty whose daemons of `chain` came at `came`."""

    patient: Patient
    chain: str
    holder: Member
    came: int
    _joined: int | None = None

    def over(self) -> bool:
        """Whether it is signed for, here or where the duty has moved to, and a while has passed."""
        if self._joined is None:
            self._joined = when(self.holder, "chains joined", self.came) or self._elsewhere()
        return self._joined is not None and stamps.now() - self._joined > (AFTER_SECONDS + 1) * SECOND

    def measured(self) -> dict[str, float] | None:
        """Seconds until it is signed for, and what became of the other chains' calls meanwhile."""
        if self._joined is None:
            return None
        until = self._joined + int(AFTER_SECONDS * SECOND)
        members = self.patient.members
        done = [item for one in members for item in stamps.read(Execution, [one.folder / "stamps.jsonl"])]
        kmd = [item for item in done if item.daemon.endswith("/KMD")]
        executed = sum(self.came <= item.received <= until for item in done)
        tried = sum(attempted(one, self.came, until) for one in members)
        return {
            "joined_s": (self._joined - self.came) / SECOND,
            "pause_s": longest_gap(kmd, self.came, until),
            "pause_before_s": longest_gap(kmd, self.came - (until - self.came), self.came),
            "refused": sum(_refused(one, self.came, until) for one in members),
            "lost": max(0, tried - executed - UNDER_WAY),
            "moved": 0 if self.patient.holder() is self.holder else 1,
        }

    def _elsewhere(self) -> int | None:
        others = [member for member in self.patient.members if member is not self.holder]
        return next(filter(None, (when(one, "signer activated", self.came) for one in others)), None)


UNDER_WAY = 4  # calls at either end of a span: two threads for each of two chains


def patients(arena: Arena, duties: int, settle_seconds: float) -> list[Patient]:
    """So many duties with two candidates each, as shipped."""
    folder = arena.folder / "fleet"
    folder.mkdir()
    names = [f"n{number}.main" for number in range(duties)]
    units = [Unit(duty=name, region=region) for name in names for region in REGIONS]
    fleet = Fleet(arena.rig, folder, units, seed=1, rate=RATE)
    arena.tended.append(fleet)
    for member in fleet.members:
        tune(member, drain_seconds=SHIPPED.drain_seconds)
        as_shipped(member, settle_seconds)
    return [Patient(duty=name, members=fleet.of(name)) for name in names]


def as_shipped(member: Member, settle_seconds: float) -> None:
    """The limits of health that a stack has which says nothing."""
    file = member.folder / "agent.json"
    found: dict[str, Any] = json.loads(file.read_text())
    found["health"] = SHIPPED.health.limits("KMD", BLOCK_SECONDS) | {"settle_seconds": settle_seconds, "chains": []}
    file.write_text(json.dumps(found))


def lost(patient: Patient, kind: str, number: int) -> Lost:
    """Strike its holder. ValueError where nobody holds it."""
    holder = patient.holder()
    if holder is None:
        raise ValueError(f"{patient.duty}: nobody holds it")
    chain = "" if kind == "signer-frozen" else DAEMONS[number % len(DAEMONS)]
    offsets = {member.unit.region: size_of(member) for member in patient.members}
    case = Lost(patient=patient, kind=kind, chain=chain, holder=holder, struck=stamps.now(), offsets=offsets)
    if kind == "signer-frozen":
        signal_signer(holder, signal.SIGSTOP)
    if kind == "daemon-killed":
        holder.daemons[chain].held += 1
        holder.daemons[chain].signal(signal.SIGKILL)
    if kind == "daemon-frozen":
        holder.daemons[chain].signal(signal.SIGSTOP)
    return case


def joined(patient: Patient, chain: str) -> Joined:
    """Let a chain's daemons come. ValueError where nobody holds the duty."""
    holder = patient.holder()
    if holder is None:
        raise ValueError(f"{patient.duty}: nobody holds it")
    for member in patient.members:
        member.daemons[chain].held -= 1
    return Joined(patient=patient, chain=chain, holder=holder, came=stamps.now())


def attempted(member: Member, since: int, until: int) -> int:
    """Signing calls that its signer made, let through or not."""
    lines = (member.folder / "attempts").read_text().splitlines()
    return sum(since <= int(line.rpartition(" ")[2]) <= until for line in lines)


def _refused(member: Member, since: int, until: int) -> int:
    """By the gates of all its chains."""
    found = 0
    for chain in member.gates:
        lines = logged(member.folder / f"{file_name('gate', chain)}.log")
        found += sum(line.get("outcome") == "refused" for stamp, line in lines if since <= stamp <= until)
    return found


def when(member: Member, event: str, since: int) -> int | None:
    """When its agent first said so after a moment, as its line was read."""
    lines = logged(member.folder / "agent.log")
    return next((stamp for stamp, line in lines if stamp > since and line.get("event") == event), None)


def _reason(member: Member) -> str:
    """Its last decision's."""
    decided = [line for _, line in logged(member.folder / "agent.log") if line.get("event") == "decided"]
    return str(decided[-1]["reason"]) if decided else "nothing decided yet"


def signal_signer(member: Member, number: signal.Signals) -> None:
    if (pid := signer_pid(member)) is not None:
        with suppress(ProcessLookupError):
            os.killpg(pid, number)


def size_of(member: Member) -> int:
    path = member.folder / "stamps.jsonl"
    return path.stat().st_size if path.exists() else 0
