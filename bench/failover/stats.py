"""Spreads, gaps between executed calls, and targets met or not. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any

from chaos.stamps import SECOND, Execution


@dataclass(frozen=True, kw_only=True)
class Spread:
    """What was measured `count` times; by nearest rank, so p99 of fewer than a hundred is the greatest."""

    p50: float
    p99: float
    most: float
    count: int


@dataclass(frozen=True, kw_only=True)
class Takeover:
    """One duty that changed hands; seconds. `election_s`: from the end, or the release, to the claim.

    `gap_s`: from the last executed call of the signer before to the first of the next; `start_s`: from the claim to it.
    """

    gap_s: float
    election_s: float
    start_s: float


@dataclass(frozen=True, kw_only=True)
class Event:
    """What a candidate did, and when, as `chaos.stamps` count."""

    stamp: int
    what: str


@dataclass(frozen=True, kw_only=True)
class Target:
    """A promise beside what was found."""

    what: str
    found: float
    at_most: float

    @property
    def kept(self) -> bool:
        return self.found <= self.at_most

    def as_dict(self) -> dict[str, Any]:
        """As bench.results has its verdicts."""
        shown = {"found": round(self.found, 4), "at_most": round(self.at_most, 4)}
        return {"what": self.what, **shown, "kept": self.kept}


def percentile(values: Iterable[float], share: float) -> float:
    """By nearest rank, `share` of 0 to 1. ValueError without values."""
    ordered = sorted(values)
    if not ordered:
        raise ValueError("nothing was measured")
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def spread(values: Sequence[float]) -> Spread:
    """ValueError without values."""
    return Spread(p50=percentile(values, 0.5), p99=percentile(values, 0.99), most=max(values), count=len(values))


def sample(takeover: Takeover) -> dict[str, float]:
    """As a pair of bench.ratios holds it."""
    return asdict(takeover)


def next_signer(done: Sequence[Execution], struck: int) -> tuple[Execution, Execution] | None:
    """The last call of who signed when it was struck, and the first of the next signer's process; None so far."""
    before = [item for item in done if item.begin <= struck]
    if not before:
        return None
    old = max(before, key=lambda item: item.begin).signer
    after = [item for item in done if item.begin > struck and item.signer != old]
    if not after:
        return None
    first = min(after, key=lambda item: item.begin)
    last = max((item for item in done if item.signer == old), key=lambda item: item.end)
    return last, first


def takeover(done: Sequence[Execution], struck: int, events: Mapping[str, Sequence[Event]]) -> Takeover | None:
    """What came of a strike; `events`: what the candidates did, by their regions. None before it is over."""
    found = next_signer(done, struck)
    if found is None:
        return None
    last, first = found
    claims = [event.stamp for event in events[region_of(first)] if event.what == "acquired" and event.stamp > struck]
    early = [stamp for stamp in claims if stamp <= first.end]
    if not early:
        return None
    claim = max(early)
    ends = [
        event.stamp for event in events[region_of(last)] if event.what == "released" and struck < event.stamp <= claim
    ]
    return Takeover(
        gap_s=max(0, first.begin - last.end) / SECOND,
        election_s=(claim - max(ends, default=struck)) / SECOND,
        start_s=max(0, first.begin - claim) / SECOND,
    )


def region_of(done: Execution) -> str:
    """Whose daemon executed it: its name is the region's, and its chain's behind that where it has more than one."""
    return done.daemon.partition("/")[0]


def longest_gap(done: Sequence[Execution], since: int, until: int) -> float:
    """Seconds without a call of anybody's, between two moments; one that still lasts at the end counts."""
    ends = sorted(item.end for item in done if since <= item.end <= until)
    return max(b - a for a, b in pairwise([since, *ends, until])) / SECOND


def medians(rounds: Sequence[Mapping[str, float]]) -> dict[str, dict[str, float]]:
    """Each measure's spread over all rounds, rounded to tenths of milliseconds."""
    shared = [key for key in rounds[0] if all(key in one for one in rounds)] if rounds else []
    return {key: _short(spread([one[key] for one in rounds])) for key in shared}


def _short(found: Spread) -> dict[str, float]:
    return {key: round(value, 4) for key, value in asdict(found).items()}
