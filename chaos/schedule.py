"""Which fault comes when: from a seed alone, so that a run can be had again. Pure.

Short faults come one after another, many with a second one on top. Between them are long ones, with which a duty has to
go on for longer than liveness allows it to take; beside all of them, others that every region shares.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from random import Random

# Of all faults, those that get a second one on top of them.
PAIRED = 0.75
QUIET = (0.3, 1.5)  # seconds between the end of one fault, or pair, and the next: sometimes enough to recover
SHORT_SECONDS = 45.0  # of short faults before each long one
LONG_SECONDS = (34.0, 38.0)  # with what `liveness.BOUND_SECONDS` is, and some more
LONG_AT_ONCE = (1, 2, 2, 3)  # that begin within
LONG_BEGIN_SECONDS = 2.0
SHARED_SECONDS = (84.0, 100.0)  # over two long ones or so, and ending between them

# The shortest and the longest time that a fault lasts, in seconds, by its kind.
Kinds = Mapping[str, tuple[float, float]]


@dataclass(frozen=True, kw_only=True)
class Planned:
    """One fault: seconds from the run's start, and how long it is to last. `pair`: the number of the one it joins."""

    number: int
    kind: str
    at: float
    seconds: float
    pair: int | None = None

    @property
    def until(self) -> float:
        return self.at + self.seconds


def plan(
    seed: int, seconds: float, kinds: Kinds, lasting: tuple[str, ...] = (), shared: tuple[str, ...] = ()
) -> list[Planned]:
    """Faults by when they begin; all are over by `seconds`. Each kind comes up before one comes up a second time.

    `lasting`: kinds that also come as long ones; `shared`: those that come beside all others.
    """
    chance = Random(f"chaos/{seed}")
    bag, long = _bag(chance, list(kinds)), _bag(Random(f"chaos/{seed}/lasting"), list(lasting))
    made: list[Planned] = []
    at, short_until = chance.uniform(*QUIET), SHORT_SECONDS
    while True:
        if lasting and at >= short_until:
            both = _siege(chance, len(made), long, len(lasting), at)
            short_until = max(fault.until for fault in both) + SHORT_SECONDS
        else:
            both = _short(chance, len(made), bag, kinds, at)
        end = max(fault.until for fault in both)
        if end > seconds:
            break
        made += both
        at = end + chance.uniform(*QUIET)
    beside = list(_beside(Random(f"chaos/{seed}/shared"), seconds, shared, len(made)))
    return sorted([*made, *beside], key=lambda fault: fault.at) if beside else made


def _short(chance: Random, number: int, bag: Iterator[str], kinds: Kinds, at: float) -> list[Planned]:
    first = _drawn(chance, number, next(bag), kinds, at)
    if len(kinds) > 1 and chance.random() < PAIRED:
        return [first, _partner(chance, first, next(bag), kinds)]
    return [first]


def _siege(chance: Random, number: int, bag: Iterator[str], most: int, at: float) -> list[Planned]:
    """Some that begin almost at once and end together."""
    until, count = at + chance.uniform(*LONG_SECONDS), min(most, chance.choice(LONG_AT_ONCE))
    kinds: dict[str, None] = {}
    while len(kinds) < count:  # the end of one bag and the beginning of the next may be the same
        kinds[next(bag)] = None
    made: list[Planned] = []
    for place, kind in enumerate(kinds):
        begin = round(at + chance.uniform(0, LONG_BEGIN_SECONDS) * bool(place), 3)
        pair = number if place else None
        made.append(Planned(number=number + place, kind=kind, at=begin, seconds=round(until - begin, 3), pair=pair))
    return made


def _beside(chance: Random, seconds: float, kinds: tuple[str, ...], number: int) -> Iterator[Planned]:
    at = chance.uniform(*QUIET)
    while kinds:
        fault = Planned(
            number=number, kind=chance.choice(kinds), at=round(at, 3), seconds=round(chance.uniform(*SHARED_SECONDS), 3)
        )
        if fault.until > seconds:
            return
        yield fault
        at, number = fault.until + chance.uniform(*QUIET), number + 1


def _partner(chance: Random, first: Planned, kind: str, kinds: Kinds) -> Planned:
    at = first.at + chance.uniform(0, first.seconds)
    return _drawn(chance, first.number + 1, kind, kinds, at, first.number)


def _drawn(chance: Random, number: int, kind: str, kinds: Kinds, at: float, pair: int | None = None) -> Planned:
    length = round(chance.uniform(*kinds[kind]), 3)
    return Planned(number=number, kind=kind, at=round(at, 3), seconds=length, pair=pair)


def _bag(chance: Random, kinds: list[str]) -> Iterator[str]:
    while True:
        chance.shuffle(kinds)
        yield from list(kinds)
