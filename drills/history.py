"""What the workload's clients did: records, their files (one JSON object a line), and statistics over them."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import pairwise
from pathlib import Path
from typing import Any

NANOSECONDS = 1_000_000_000
ABSENT = -1  # the version that a read of a missing znode returns


class Kind(StrEnum):
    CREATE = "create"
    SET = "set"
    READ = "read"  # plain: may be stale, but never goes back within its session
    SYNC = "sync"  # ZooKeeper's sync, then a read: no quorum is asked, so a deposed leader may answer
    FENCED = "fenced"  # a write of one's own, then a read: sees whatever was acknowledged before it was invoked

    @property
    def is_write(self) -> bool:
        return self in (Kind.CREATE, Kind.SET)


class Outcome(StrEnum):
    OK = "ok"
    FAIL = "fail"  # certainly had no effect
    UNKNOWN = "unknown"  # may take effect at any time after it was invoked, once at most


@dataclass(frozen=True, kw_only=True, slots=True)
class Op:
    """One operation. Times are nanoseconds of CLOCK_MONOTONIC, which all processes of a machine share.

    `value` is what was written or read: written values are unique, "" is never written. `version` and `mzxid` are those
    of the znode's stat in the reply, `expected` is a conditional set's version. `session` is None where the client
    changed its session meanwhile. The path of a sequential create is its prefix until the reply names it.
    """

    client: str
    number: int
    kind: Kind
    path: str
    invoked: int
    value: str | None = None
    expected: int | None = None
    outcome: Outcome = Outcome.UNKNOWN
    completed: int | None = None
    session: str | None = None
    version: int | None = None
    mzxid: int | None = None
    error: str | None = None

    def __str__(self) -> str:
        what = f"{self.kind} of {self.path} by {self.client} (number {self.number})"
        return what if self.version is None else f"{what}, version {self.version}"


@dataclass(frozen=True, kw_only=True)
class Statistics:
    """Writes that completed in a window, and the longest time without an acknowledged one, in seconds."""

    acknowledged: int
    unknown: int
    failed: int
    longest_gap_s: float
    gap_by_client_s: dict[str, float]


def read(paths: Iterable[Path]) -> list[Op]:
    """All operations of the clients' files, by the time of their invocation. ValueError names a damaged line."""
    found = [op for path in paths for op in _read_file(path)]
    return sorted(found, key=lambda op: (op.invoked, op.client, op.number))


def _read_file(path: Path) -> Iterator[Op]:
    client, pending = path.stem, dict[int, Op]()
    for record in _records(path):
        match record["event"]:
            case "start":  # the client of this name was started again: its numbers begin anew
                yield from pending.values()
                client, pending = str(record["client"]), {}
            case "invoke":
                pending[record["op"]] = _invoked(client, record)
            case "ok" | "fail" | "unknown":
                yield _completed(pending.pop(record["op"]), record)
            case _:
                pass  # changes of the connection's state, for people
    yield from pending.values()


def _records(path: Path) -> Iterator[dict[str, Any]]:
    """A client that was killed leaves its last line torn: at the end, or before its successor's start."""
    torn = 0
    for number, line in enumerate(path.read_bytes().splitlines(), 1):
        try:
            record = json.loads(line)
        except ValueError:
            torn = torn or number
            continue
        if torn and record.get("event") != "start":
            raise ValueError(f"{path.name}: line {torn} is damaged, and lines of the same client follow it")
        torn = 0
        yield record


def _invoked(client: str, record: dict[str, Any]) -> Op:
    return Op(
        client=client,
        number=record["op"],
        kind=Kind(record["kind"]),
        path=record["path"],
        invoked=record["at"],
        value=record.get("value"),
        expected=record.get("expected"),
    )


def _completed(op: Op, record: dict[str, Any]) -> Op:
    names = ("session", "version", "mzxid", "error", *(("path", "value") if record["event"] == "ok" else ()))
    told = {name: record[name] for name in names if record.get(name) is not None}
    # An unknown write's completion is only the moment at which the client gave up, and bounds nothing.
    return replace(op, outcome=Outcome(record["event"]), completed=record["at"], **told)


def statistics(ops: Iterable[Op], start: int, end: int) -> Statistics:
    """Of the writes that completed in [start, end]; those that never completed count as unknown by their invocation.

    A gap is an interval in which no client at all had a write acknowledged. The window's two ends bound gaps as well.
    """
    writes = [op for op in ops if op.kind.is_write and start <= (op.completed or op.invoked) <= end]
    count = {outcome: sum(op.outcome is outcome for op in writes) for outcome in Outcome}
    moments: dict[str, list[int]] = defaultdict(list)
    for op in writes:
        moments[op.client] += [op.completed] if op.outcome is Outcome.OK and op.completed else []
    return Statistics(
        acknowledged=count[Outcome.OK],
        unknown=count[Outcome.UNKNOWN],
        failed=count[Outcome.FAIL],
        longest_gap_s=longest_gap([at for each in moments.values() for at in each], start, end),
        gap_by_client_s={client: longest_gap(each, start, end) for client, each in sorted(moments.items())},
    )


def longest_gap(moments: Sequence[int], start: int, end: int) -> float:
    """Seconds of the longest interval of [start, end] that holds none of the moments."""
    edges = [start, *sorted(at for at in moments if start <= at <= end), end]
    return max(later - earlier for earlier, later in pairwise(edges)) / NANOSECONDS
