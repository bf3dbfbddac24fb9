"""What the drills showed: one aligned line each, its violations below it; or all of it as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field

VIOLATIONS_SHOWN = 10  # per drill: one rolled back ensemble breaks thousands of promises


@dataclass(frozen=True, kw_only=True)
class Result:
    """One drill. `acknowledged` and `lost` count writes, the gap is the longest without an acknowledged one."""

    name: str
    done: str
    acknowledged: int
    lost: int
    longest_gap_s: float
    seconds: float
    violations: list[str] = field(default_factory=list)

    @property
    def passed(self) -> bool:
        return self.lost == 0 and not self.violations


def text(results: Sequence[Result]) -> str:
    """A table for people, without colours."""
    head = ("drill", "done", "acknowledged", "lost", "longest gap", "took")
    rows = [_cells(result) for result in results]
    widths = [max(len(row[column]) for row in (head, *rows)) for column in range(len(head))]
    lines = [_line(head, widths)]
    for result, row in zip(results, rows, strict=True):
        lines += [_line(row, widths), *(f"    {sentence}" for sentence in _shown(result.violations))]
    return "\n".join(lines)


def line(result: Result) -> str:
    """One drill while the others still run: columns that fit most drills, violations below."""
    name, done, acknowledged, lost, gap, took = _cells(result)
    told = f"{name:<26}{acknowledged:>7} acknowledged {lost:>5} lost  gap {gap:>8} {took:>6}  {done}"
    return "\n".join([told, *(f"    {sentence}" for sentence in _shown(result.violations))])


def as_json(results: Iterable[Result]) -> str:
    """The same as a list of objects, each with `passed` and all of its violations."""
    return json.dumps([{**asdict(result), "passed": result.passed} for result in results], indent=2)


def _cells(result: Result) -> tuple[str, ...]:
    gap, took = f"{result.longest_gap_s:.2f} s", f"{result.seconds:.0f} s"
    return result.name, result.done, f"{result.acknowledged:,}", f"{result.lost:,}", gap, took


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    """Words to the left, figures to the right."""
    padded = [
        cell.ljust(width) if column < 2 else cell.rjust(width)
        for column, (cell, width) in enumerate(zip(cells, widths, strict=True))
    ]
    return "  ".join(padded).rstrip()


def _shown(violations: Sequence[str]) -> list[str]:
    more = len(violations) - VIOLATIONS_SHOWN
    return [*violations[:VIOLATIONS_SHOWN], *([f"… and {more:,} more"] if more > 0 else [])]
