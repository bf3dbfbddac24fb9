"""Which fault comes when: from a seed alone, so that a run can be had again. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from random import Random

# Of all faults, those that get a second one on top of them.
PAIRED = 0.5
QUIET = (0.5, 2.5)  # seconds between the end of one fault, or pair, and the next: sometimes enough to recover

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


def plan(seed: int, seconds: float, kinds: Kinds) -> list[Planned]:
    """Faults by when they begin; all are over by `seconds`. Each kind comes up before one comes up a second time."""
    chance = Random(f"chaos/{seed}")
    bag = _bag(chance, list(kinds))
    made: list[Planned] = []
    at = chance.uniform(*QUIET)
    while True:
        first = _drawn(chance, len(made), next(bag), kinds, at)
        both = [first]
        if len(kinds) > 1 and chance.random() < PAIRED:
            both.append(_partner(chance, first, next(bag), kinds))
        end = max(fault.until for fault in both)
        if end > seconds:
            return made
        made += both
        at = end + chance.uniform(*QUIET)


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
