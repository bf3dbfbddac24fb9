"""What happened, from the files of a run: executed calls, and the claims that the agents' logs tell of."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from chaos import stamps
from chaos.possible import Unit
from chaos.stamps import SECOND, Acquisition, Execution

# Logs tell when a claim was known; it was asked for at most so long before.
CLAIM_SECONDS = 10
# A line may be read later than what it tells of is acted on.
LATE = SECOND // 5


def acquisitions(unit: Unit, log: Path) -> list[Acquisition]:
    """All claims of one candidate. `answered` is when its line was read: a little later than it was known."""
    found: list[Acquisition] = []
    for stamp, line in logged(log):
        if line.get("event") == "acquired":
            found.append(
                Acquisition(
                    duty=unit.duty,
                    candidate=unit.region,
                    epoch=line["epoch"],
                    waits=round(line["waits"] * SECOND),
                    sent=stamp - CLAIM_SECONDS * SECOND,
                    answered=stamp,
                )
            )
    return found


def logged(log: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """A log's lines that are JSON objects, each after its stamp."""
    if not log.exists():
        return
    for text in log.read_text(errors="replace").splitlines():
        stamp, _, line = text.partition(" ")
        if line.startswith("{"):
            try:
                yield int(stamp), json.loads(line)
            except ValueError:  # a process that was killed in the middle of a line
                continue


def tracebacks(log: Path) -> int:
    """How often a process of ours ran into what nobody had thought of."""
    return log.read_text(errors="replace").count("Traceback (most recent call last)") if log.exists() else 0


def executions(folder: Path, claims: Sequence[Acquisition]) -> list[Execution]:
    """One daemon's stamps. Where a mutant of the gate keeps its caller's epoch to itself: see `attributed`."""
    return attributed(stamps.read(Execution, [folder / "stamps.jsonl"]), claims)


def attributed(done: Sequence[Execution], claims: Sequence[Acquisition]) -> list[Execution]:
    """Calls without an epoch get that of their signer: its candidate's last claim before its first call.

    A signer is started anew for each claim that it signs under, and begins its name with its candidate's.
    """
    first: dict[str, int] = {}
    for item in done:
        first[item.signer] = min(item.begin, first.get(item.signer, item.begin))
    epochs: dict[str, int | None] = {}
    for signer, begin in first.items():
        duty, _, candidate = signer.rpartition("/")[0].rpartition("/")[0].rpartition("/")
        before = [claim for claim in claims if (claim.duty, claim.candidate) == (duty, candidate)]
        before = [claim for claim in before if claim.answered <= begin + LATE]
        epochs[signer] = max(before, key=lambda claim: claim.answered).epoch if before else None
    return [item if item.epoch is not None else replace(item, epoch=epochs[item.signer]) for item in done]
