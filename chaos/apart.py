"""Whether two signers of one duty were ever at it at once, were their calls let through or not. Pure.

The gates are the fence; this is about what stands before it: an agent that counts its lease right, a watchdog that
kills in time. Where the watchdog itself was struck nothing is promised, and nothing is asked.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

from chaos.checker import Violation
from chaos.stamps import SECOND, Strike

# Faults of the watchdog, which may outlast themselves: its start, and a lease that ends meanwhile.
EXCUSES = frozenset({"freeze-host", "kill-host", "freeze-watchdog", "kill-watchdog"})
AFTER_SECONDS = 15


@dataclass(frozen=True, kw_only=True)
class Turn:
    """When one signer's process first and last began a call."""

    duty: str
    signer: str
    first: int
    last: int


def read(duty: str, path: Path) -> list[Turn]:
    """The turns of one candidate's signers, from the file of their attempts: a name and a time a line."""
    spans: dict[str, list[int]] = defaultdict(list)
    for line in path.read_text().splitlines() if path.exists() else ():
        name, _, at = line.rpartition(" ")
        spans[name].append(int(at))
    return [Turn(duty=duty, signer=name, first=min(times), last=max(times)) for name, times in spans.items()]


def check(turns: Iterable[Turn], strikes: Sequence[Strike]) -> list[Violation]:
    """All pairs that were at it at once without an excuse."""
    by_duty: dict[str, list[Turn]] = defaultdict(list)
    for turn in turns:
        by_duty[turn.duty].append(turn)
    found: list[Violation] = []
    for duty, all_turns in sorted(by_duty.items()):
        for old, new in combinations(sorted(all_turns, key=lambda turn: turn.first), 2):
            if old.last > new.first and not _excused(new.first, old.last, strikes):
                both = (old.last - new.first) / SECOND
                found.append(Violation("apart", duty, f"{old.signer} went on for {both:.3f} s beside {new.signer}"))
    return found


def _excused(begin: int, end: int, strikes: Sequence[Strike]) -> bool:
    patience = AFTER_SECONDS * SECOND
    return any(strike.kind in EXCUSES and strike.begin <= end and strike.end + patience >= begin for strike in strikes)
