"""Does a history keep ZooKeeper's promises? Pure: operations and the servers' final states in, violations out.

What is promised, and held against every history:

- Writes are linearizable, and zxids grow in their order: a write that is invoked after something was seen has a greater
  zxid than it, and its znode a greater version. Each set of a znode makes its version one more, and versions, zxids and
  values of one znode belong together one to one.
- An acknowledged write stays. An unknown one takes effect once or never, at any time after it was invoked. A refused
  one never does.
- A fenced read sees what was seen or acknowledged, by anyone, before it was invoked.
- Any read of a session sees at least the state that the session saw before, over all znodes.
- In the end, servers agree.

Not promised, and not held against it: that a plain read is fresh, or one after ZooKeeper's own sync, which asks no
quorum (ZOOKEEPER-1675); `stale_syncs` counts the latter.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from drills.history import ABSENT, Kind, Op, Outcome
from drills.placement import Placement, Znode, place

State = Mapping[str, Znode]


class Promise(StrEnum):
    """The promise that was broken."""

    MISSING = "an acknowledged create is missing"
    LOST = "an acknowledged write is lost"
    ORDER = "writes are out of order"
    VERSION = "a version has two writes"
    CONDITION = "a condition did not hold"
    ONCE = "a write took effect twice"
    NOWHERE = "a value came from nowhere"
    BACKWARDS = "a session went back in time"
    STALE = "a fenced read is stale"
    DISAGREE = "servers disagree"


@dataclass(frozen=True)
class Violation:
    promise: Promise
    sentence: str

    def __str__(self) -> str:
        return f"{self.promise}: {self.sentence}"


def check(ops: Sequence[Op], final: Mapping[str, State]) -> list[Violation]:
    """Everything that a correct ensemble can't have done. `final` is each server's state after healing.

    ValueError if two writes have the same value: then the history itself is of no use.
    """
    placement = place(ops, final)
    return [
        *_placed(placement),
        *_conditions(placement),
        *_order(ops, placement),
        *_sessions(ops, placement),
        *_disagreements(final),
        *_losses(ops, final, placement),
    ]


def _placed(placement: Placement) -> Iterator[Violation]:
    """Versions, zxids and values of one znode belong together one to one, and grow together."""
    for sentence in placement.nowhere:
        yield Violation(Promise.NOWHERE, sentence)
    for path, versions in sorted(placement.versions.items()):
        last = 0
        for version, seen in sorted(versions.items()):
            if len(seen) > 1:
                told = " and ".join(f"{value!r} (zxid {mzxid:#x})" for value, mzxid in sorted(seen))
                yield Violation(Promise.VERSION, f"version {version} of {path} was {told}")
            first = min(mzxid for _, mzxid in seen)
            if first <= last:
                yield Violation(
                    Promise.ORDER, f"version {version} of {path} has zxid {first:#x}, the one before it {last:#x}"
                )
            last = max(mzxid for _, mzxid in seen)
    for value, at in sorted(placement.twice.items()):
        yield Violation(
            Promise.ONCE, f"{value!r} was seen at {', '.join(f'{path} version {version}' for path, version in at)}"
        )
    for path, missing, spare in placement.unexplained():
        yield Violation(
            Promise.ONCE,
            f"{missing} versions of {path} were made by no write seen, and only {spare} are unaccounted for",
        )


def _conditions(placement: Placement) -> Iterator[Violation]:
    for effect in placement.effects:
        expected = effect.op.expected
        if expected is not None and effect.version != expected + 1:
            yield Violation(
                Promise.CONDITION, f"{effect.op} was made on the condition of version {expected}: got {effect.version}"
            )


def _order(ops: Sequence[Op], placement: Placement) -> Iterator[Violation]:
    """Sweep over time: what anyone has seen by then bounds what is invoked after.

    Of writes zxids are enough, over all znodes: `_placed` holds that versions go with them.
    """
    seen = sorted(
        (op.completed, op.path, op.version, op.mzxid or 0)
        for op in ops
        if op.outcome is Outcome.OK and op.completed is not None and op.version is not None
    )
    later = [(effect.op, effect.version, effect.mzxid) for effect in placement.effects]
    later += [(op, op.version or 0, 0) for op in ops if _is_read(op, Kind.FENCED)]
    newest, versions, done = 0, defaultdict[str, int](lambda: ABSENT), 0
    for op, version, mzxid in sorted(later, key=lambda item: item[0].invoked):
        while done < len(seen) and seen[done][0] < op.invoked:
            _, path, known, zxid = seen[done]
            versions[path] = max(versions[path], known)
            newest, done = max(newest, zxid), done + 1
        if op.kind is Kind.FENCED and version < versions[op.path]:
            yield Violation(Promise.STALE, f"{op}, after version {versions[op.path]} had been seen")
        elif op.kind.is_write and mzxid <= newest:
            yield Violation(Promise.ORDER, f"{op} has zxid {mzxid:#x}, and was invoked after {newest:#x} had been seen")


def stale_syncs(ops: Sequence[Op]) -> list[Op]:
    """Reads after ZooKeeper's sync that missed a write acknowledged before: known, and no violation."""
    acknowledged = sorted(
        (op.completed or 0, op.path, op.version or 0) for op in ops if op.outcome is Outcome.OK and op.kind.is_write
    )
    found, newest, done = list[Op](), defaultdict[str, int](lambda: ABSENT), 0
    for op in sorted((op for op in ops if _is_read(op, Kind.SYNC)), key=lambda op: op.invoked):
        while done < len(acknowledged) and acknowledged[done][0] < op.invoked:
            _, path, version = acknowledged[done]
            newest[path], done = max(newest[path], version), done + 1
        found += [op] if (op.version or 0) < newest[op.path] else []
    return found


def _is_read(op: Op, kind: Kind) -> bool:
    return op.kind is kind and op.outcome is Outcome.OK and op.version is not None


def _sessions(ops: Sequence[Op], placement: Placement) -> Iterator[Violation]:
    """A session that has seen zxid z reads each znode as it was at z or later. Operations of one do not overlap."""
    writes = {path: sorted({m for seen in each.values() for _, m in seen}) for path, each in placement.versions.items()}
    newest = defaultdict[str, int](int)
    for op in sorted((op for op in ops if op.outcome is Outcome.OK and op.session), key=lambda op: op.invoked):
        session, mzxid = op.session or "", op.mzxid or 0
        if not op.kind.is_write:
            after = writes.get(op.path, [])
            index = bisect_right(after, mzxid)
            if index < len(after) and after[index] <= newest[session]:
                yield Violation(
                    Promise.BACKWARDS, f"{op}, zxid {mzxid:#x}: its session had seen {newest[session]:#x} before"
                )
        newest[session] = max(newest[session], mzxid)


def _disagreements(final: Mapping[str, State]) -> Iterator[Violation]:
    for path in sorted({path for state in final.values() for path in state}):
        told: dict[Znode | None, list[str]] = defaultdict(list)
        for server, state in sorted(final.items()):
            told[state.get(path)].append(server)
        if len(told) > 1:
            views = "; ".join(f"{', '.join(servers)}: {znode or 'missing'}" for znode, servers in told.items())
            yield Violation(Promise.DISAGREE, f"{path} is {views}")


def lost(ops: Sequence[Op], final: Mapping[str, State]) -> list[Op]:
    """The acknowledged writes that did not last, on any of the servers or overwritten as if they had never been."""
    return [op for op, _ in _lost(ops, final, place(ops, final))]


def _losses(ops: Sequence[Op], final: Mapping[str, State], placement: Placement) -> Iterator[Violation]:
    for op, why in _lost(ops, final, placement):
        missing = op.kind is Kind.CREATE and why.endswith("missing")
        yield Violation(Promise.MISSING if missing else Promise.LOST, f"{op}: {why}")


def _lost(ops: Sequence[Op], final: Mapping[str, State], placement: Placement) -> Iterator[tuple[Op, str]]:
    for op in ops:
        if op.kind.is_write and op.outcome is Outcome.OK:
            why = next((why for server, state in sorted(final.items()) if (why := _gone(op, server, state))), None)
            why = why or placement.overwritten(op)
            if why:
                yield op, why


def _gone(op: Op, server: str, state: State) -> str | None:
    """Why the write can't be part of a server's state; None if it can."""
    znode, version, mzxid = state.get(op.path), op.version or 0, op.mzxid or 0
    if znode is None:
        return f"on {server} it is missing"
    if (znode.version, znode.mzxid) == (version, mzxid) and znode.value == op.value:
        return None
    if znode.version > version and znode.mzxid > mzxid:
        return None
    return f"{server} has {znode}"
