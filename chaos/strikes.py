"""What a fault works with: the fleet, chance, and what it hands back so that it can be healed and judged."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from random import Random

from chaos.fleet import Fleet, Member

HOLDER_SHARE = 0.6  # of the faults that hit one candidate, hit the one that signs


def nothing() -> None:
    """Heals by itself."""


def at_once() -> bool:
    """What was healed works again."""
    return True


@dataclass(frozen=True, kw_only=True)
class Struck:
    """A fault that was made: what it did, what takes it back, what could not work meanwhile (see `possible`).

    `hits`: the candidates that it was made to, by name; none where it concerns all. `over`: whether, once healed, all
    that it took is back: a server has to start and to join, an order to be taken back by a command.
    """

    told: str
    heal: Callable[[], None] = nothing
    over: Callable[[], bool] = at_once
    takes: Iterable[str] = ()
    hits: Iterable[str] = ()


Strike = Callable[["Scene"], Struck]


@dataclass(frozen=True, kw_only=True)
class Kind:
    """One row of the table of faults. `seconds`: the least and the most that it lasts.

    `lasts`: it may also last so long that a duty has to go on with it. `shared`: it takes nobody, and may go on beside
    all others for minutes.
    """

    name: str
    what: str
    heal: str
    seconds: tuple[float, float]
    make: Strike
    lasts: bool = False
    shared: bool = False


@dataclass(kw_only=True)
class Scene:
    """One fault's own chance, so that what it hits depends on its number and seed alone, and on who holds what."""

    fleet: Fleet
    chance: Random
    later: Callable[[float, Callable[[], None]], None] = field(repr=False)

    def duty(self) -> str:
        """One of the duties."""
        return self.chance.choice(self.fleet.topology.duties)

    def member(self, holders: float = HOLDER_SHARE) -> Member:
        """One candidate: often the one whose signer signs, if there is one."""
        candidates = self.fleet.of(self.duty())
        signing = [member for member in candidates if signs(member)]
        return self.chance.choice(signing if signing and self.chance.random() < holders else candidates)

    def chain(self) -> str:
        """One of the chains."""
        return self.chance.choice(self.fleet.chains)

    def server(self, leads: bool) -> int:
        """The ensemble's leader, or a follower; any server while there is no quorum."""
        rig = self.fleet.rig
        leader = rig.leader()
        found = [number for number in rig.numbers if (number == leader) is leads]
        return self.chance.choice(found or rig.numbers)


def told_to_watchdog(member: Member) -> dict[str, object]:
    """What the agent last wrote for its watchdog; empty without a file."""
    try:
        return json.loads((member.folder / "state" / "deadline.json").read_text())
    except (OSError, ValueError):
        return {}


def signs(member: Member) -> bool:
    """Whether its signer is activated, as its agent has it."""
    return told_to_watchdog(member).get("ends_at") is not None


def signer_pid(member: Member) -> int | None:
    """The leader of the signer's process group."""
    signer = told_to_watchdog(member).get("signer")
    return signer["leader"]["pid"] if isinstance(signer, dict) else None


def where(member: Member) -> str:
    """A candidate, as it is told."""
    return f"{member.unit.duty} in {member.unit.region}{', who signed' if signs(member) else ''}"
