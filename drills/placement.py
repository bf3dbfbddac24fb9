"""Which write made which version of which znode, as far as anyone saw it: the checker's index of a history."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from drills.history import Kind, Op, Outcome


@dataclass(frozen=True)
class Znode:
    """A znode as a server has it in the end; "" are folders and fences, which no one checks."""

    value: str
    version: int
    czxid: int
    mzxid: int

    def __str__(self) -> str:
        return f"{self.value!r}, version {self.version}, zxid {self.mzxid:#x}"


@dataclass(frozen=True)
class Effect:
    """A write that certainly took effect, and where: it was acknowledged, or its value was seen."""

    op: Op
    version: int
    mzxid: int


@dataclass(frozen=True)
class _Sighting:
    path: str
    value: str
    version: int
    mzxid: int
    before: int | None  # nanoseconds; None for what was read in the end
    by: str


@dataclass
class Placement:
    """`versions`: path -> version -> the (value, mzxid) seen there, one of them unless something is wrong."""

    versions: dict[str, dict[int, set[tuple[str, int]]]] = field(default_factory=dict)
    effects: list[Effect] = field(default_factory=list)
    twice: dict[str, list[tuple[str, int]]] = field(default_factory=dict)
    nowhere: list[str] = field(default_factory=list)
    unseen: dict[str, list[Op]] = field(default_factory=dict)  # path -> unknown writes that no one saw
    created: set[str] = field(default_factory=set)  # paths of which the history has the create
    _later: dict[str, list[tuple[int, int]]] = field(default_factory=dict)

    def unexplained(self) -> Iterator[tuple[str, int, int]]:
        """Znodes with more unseen versions than there are unknown writes: (path, versions, writes)."""
        for path, versions in sorted(self.versions.items()):
            missing, spare = max(versions) + 1 - len(versions), len(self.unseen.get(path, ()))
            if path in self.created and missing > spare:
                yield path, missing, spare

    def overwritten(self, op: Op) -> str | None:
        """Why an acknowledged write was undone although the final state hides it; None if it was not."""
        seen = self.versions[op.path][op.version or 0]
        newest, mzxid = max(seen, key=lambda item: item[1])
        if mzxid > (op.mzxid or 0):
            return f"its version became that of {newest!r}"
        low = self._lowest_after(op.path, op.completed or 0)
        if low is not None and low <= (op.version or 0):
            return f"a write invoked later made version {low}"
        return None

    def _lowest_after(self, path: str, moment: int) -> int | None:
        """The lowest version that a write invoked after this moment made."""
        later = self._later.get(path, [])
        low, high = 0, len(later)
        while low < high:
            middle = (low + high) // 2
            low, high = (middle + 1, high) if later[middle][0] <= moment else (low, middle)
        return later[low][1] if low < len(later) else None

    def finish(self) -> None:
        """Prepare `overwritten`: by path, (invocation, lowest version made from then on), by time."""
        by_path: dict[str, list[tuple[int, int]]] = defaultdict(list)
        for effect in sorted(self.effects, key=lambda effect: effect.op.invoked, reverse=True):
            known = by_path[effect.op.path]
            known.append((effect.op.invoked, min(effect.version, known[-1][1] if known else effect.version)))
        self._later = {path: known[::-1] for path, known in by_path.items()}


def place(ops: Sequence[Op], final: Mapping[str, Mapping[str, Znode]]) -> Placement:
    """ValueError if two writes have the same value."""
    writes = _writes(ops)
    found = Placement(created={op.path for op in ops if op.kind is Kind.CREATE})
    at: dict[str, set[tuple[str, int, int]]] = defaultdict(set)
    for seen in _sightings(ops, final):
        found.versions.setdefault(seen.path, {}).setdefault(seen.version, set()).add((seen.value, seen.mzxid))
        op = writes.get(seen.value)
        problem = "no one wrote it" if op is None else _impossible(op, seen)
        if problem:
            found.nowhere.append(f"{seen.by} saw {seen.value!r} in {seen.path}: {problem}")
        at[seen.value].add((seen.path, seen.version, seen.mzxid))
    for value, places in at.items():
        if len({place[:2] for place in places}) > 1:
            found.twice[value] = sorted({place[:2] for place in places})
        if value in writes:
            found.effects += [
                Effect(replace(writes[value], path=path), version, mzxid) for path, version, mzxid in sorted(places)
            ]
    for value, op in writes.items():
        if value not in at and op.outcome is Outcome.UNKNOWN:
            found.unseen.setdefault(op.path, []).append(op)
    found.finish()
    return found


def _writes(ops: Sequence[Op]) -> dict[str, Op]:
    found: dict[str, Op] = {}
    for op in ops:
        if op.kind.is_write and op.value:
            if op.value in found:
                raise ValueError(f"{found[op.value]} and {op} wrote the same value {op.value!r}: values must be unique")
            found[op.value] = op
    return found


def _sightings(ops: Sequence[Op], final: Mapping[str, Mapping[str, Znode]]) -> Iterator[_Sighting]:
    for op in ops:
        if op.outcome is Outcome.OK and op.value and op.version is not None:
            yield _Sighting(op.path, op.value, op.version, op.mzxid or 0, op.completed, str(op))
    for server, state in sorted(final.items()):
        for path, znode in sorted(state.items()):
            if znode.value:
                yield _Sighting(path, znode.value, znode.version, znode.mzxid, None, f"the final state of {server}")


def _impossible(op: Op, seen: _Sighting) -> str | None:
    if op.outcome is Outcome.FAIL:
        return f"{op} was refused"
    sequential = op.kind is Kind.CREATE and op.path.endswith("-")  # and the reply, with its name, never came
    if seen.path != op.path and not (sequential and seen.path.startswith(op.path)):
        return f"{op} wrote it"
    if seen.before is not None and seen.before < op.invoked:
        return f"{op} was invoked only later"
    return None
