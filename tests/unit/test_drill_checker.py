"""The drills' checker: no alarm on a legal history, and the very alarm for each way of breaking one."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from random import Random
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from drills import checker
from drills.checker import Promise
from drills.history import ABSENT, Kind, Op, Outcome
from drills.placement import Znode
from tests.drill_world import EPOCH, SERVERS, STEPS, Simulated, Step, begin, simulate

Final = dict[str, dict[str, Znode]]


def promises(ops: list[Op], final: Final) -> set[Promise]:
    return {violation.promise for violation in checker.check(ops, final)}


@settings(max_examples=400, deadline=None)
@given(STEPS)
def test_a_legal_history_breaks_no_promise(steps: list[Step]) -> None:
    world = simulate(steps)
    assert [str(violation) for violation in checker.check(world.ops, world.final())] == []
    assert checker.lost(world.ops, world.final()) == []


def test_the_simulated_world_holds_what_makes_checking_hard() -> None:
    """Else the test above would prove little: late writes, refused ones, stale reads, absent znodes."""
    seen = Counter[str]()

    @settings(max_examples=150, deadline=None, database=None)
    @given(STEPS)
    def look(steps: list[Step]) -> None:
        world = simulate(steps)
        for op in world.ops:
            seen[op.outcome] += 1
            seen["absent"] += op.version == ABSENT
            late = op.outcome is Outcome.UNKNOWN and any(op.value == znode.value for znode in world.tree.values())
            seen["late"] += late and op.kind.is_write
        seen["stale sync"] += len(checker.stale_syncs(world.ops))

    look()
    assert all(seen[name] for name in ("ok", "fail", "unknown", "absent", "late", "stale sync")), seen


def acknowledged(world: Simulated, kind: Kind) -> list[Op]:
    return [op for op in world.ops if op.kind is kind and op.outcome is Outcome.OK]


@given(STEPS, st.randoms(use_true_random=False))
def test_an_acknowledged_create_that_is_missing_is_reported(steps: list[Step], random: Random) -> None:
    world = simulate(steps)
    creates = acknowledged(world, Kind.CREATE)
    assume(creates)
    dropped = random.choice(creates)
    final = world.final()
    for state in final.values():
        del state[dropped.path]
    assert Promise.MISSING in promises(world.ops, final)
    assert dropped in checker.lost(world.ops, final)


@given(STEPS, st.integers(1, 10))
def test_servers_restored_from_an_older_state_are_reported(steps: list[Step], back: int) -> None:
    world = simulate(steps)
    assume(len(world.past) > back)
    old = world.past[-1 - back]
    newer = [op for op in world.ops if op.kind.is_write and op.outcome is Outcome.OK]
    gone = [op for op in newer if op.mzxid and op.mzxid > world.zxid - back]
    assume(gone)
    final = {server: dict(old) for server in SERVERS}
    found = promises(world.ops, final)
    assert found & {Promise.MISSING, Promise.LOST}
    assert checker.lost(world.ops, final) == gone


@given(STEPS, STEPS, st.integers(1, 10), st.booleans())
def test_a_rolled_back_ensemble_that_goes_on_is_reported(
    before: list[Step], after: list[Step], back: int, epoch: bool
) -> None:
    """Its later writes hide the loss in the final state; a new epoch even makes their zxids greater."""
    world = simulate(before)
    assume(len(world.past) > back)
    gone = [op for op in world.ops if op.kind is Kind.SET and op.mzxid and op.mzxid > world.zxid - back]
    assume(gone)
    world.tree, world.past = world.past[-1 - back], world.past[:-back]
    world.zxid = world.zxid + EPOCH if epoch else world.zxid - back
    world.floors, world.floating, count = {}, [], len(world.ops)
    for number, (client, _, kind, pick, flag) in enumerate(after, len(before)):
        world.finish(begin(world, client, number, kind, pick, flag), f"{client}/after", 0)
    overwritten = [op for op in world.ops[count:] if op.outcome is Outcome.OK and op.path == gone[0].path]
    assume(any(op.kind.is_write for op in overwritten))
    assert promises(world.ops, world.final()) & {Promise.LOST, Promise.ORDER, Promise.VERSION}
    assert gone[0] in checker.lost(world.ops, world.final())


@given(STEPS, st.randoms(use_true_random=False))
def test_two_acknowledged_writes_of_one_version_are_reported(steps: list[Step], random: Random) -> None:
    """A lost update: the second one was made on a state that did not have the first."""
    world = simulate(steps)
    sets = acknowledged(world, Kind.SET)
    assume(sets)
    first = random.choice(sets)
    rival = replace(first, client="9", number=0, value="rival", session="9/0", mzxid=world.zxid + 1)
    ops = [*world.ops, replace(rival, completed=world.now())]
    assert Promise.VERSION in promises(ops, world.final())
    assert {op.value for op in checker.lost(ops, world.final())} >= {first.value, "rival"}


@given(STEPS, st.randoms(use_true_random=False))
def test_a_server_that_differs_is_reported(steps: list[Step], random: Random) -> None:
    world = simulate(steps)
    assume(world.tree)
    final = world.final()
    path = random.choice(sorted(world.tree))
    final["zk-2"][path] = replace(world.tree[path], czxid=1)
    found = checker.check(world.ops, final)
    assert [violation.promise for violation in found] == [Promise.DISAGREE]
    assert "zk-1, zk-3: " in found[0].sentence


@given(STEPS, st.randoms(use_true_random=False))
def test_a_fenced_read_that_misses_an_acknowledged_write_is_reported(steps: list[Step], random: Random) -> None:
    world = simulate(steps)
    sets = acknowledged(world, Kind.SET)
    assume(sets)
    missed = random.choice(sets)
    before = next(tree for tree in reversed(world.past) if tree[missed.path].version < (missed.version or 0))[
        missed.path
    ]
    read = Op(
        client="9", number=1, kind=Kind.FENCED, path=missed.path, invoked=world.now(), outcome=Outcome.OK,
        completed=world.now(), value=before.value, version=before.version, mzxid=before.mzxid, session="9/0",
    )  # fmt: skip
    assert promises([*world.ops, read], world.final()) == {Promise.STALE}
    assert promises([*world.ops, replace(read, kind=Kind.READ)], world.final()) == set()
    sync = replace(read, kind=Kind.SYNC)
    assert promises([*world.ops, sync], world.final()) == set()
    assert checker.stale_syncs([*world.ops, sync])[-1] == sync


def op(number: int, kind: Kind, invoked: int, version: int | None = None, path: str = "/d/a", **more: Any) -> Op:
    """An acknowledged one of client c that took 5; its zxid is 100 + its version, unless told otherwise."""
    value = f"v{version}" if version not in (None, ABSENT) else None
    known = {
        "outcome": Outcome.OK, "completed": invoked + 5, "session": f"s{number}", "value": value, "version": version,
        "mzxid": 100 + version if version is not None else None,
    }  # fmt: skip
    return Op(client="c", number=number, kind=kind, path=path, invoked=invoked, **{**known, **more})


def three(**more: Any) -> list[Op]:
    """A create and two sets of one register, one after the other."""
    return [op(0, Kind.CREATE, 10, 0), op(1, Kind.SET, 20, 1), op(2, Kind.SET, 30, 2, **more)]


def ends(version: int = 2, value: str | None = None) -> Final:
    return {server: {"/d/a": Znode(value or f"v{version}", version, 100, 100 + version)} for server in SERVERS}


BACK = op(4, Kind.READ, 50, 1, session="s")
SLOW = op(3, Kind.SET, 35, 3, completed=90)  # seen by another one before its own client knows
CROSSED = [op(3, Kind.SET, 32, 4, mzxid=104, completed=60), op(4, Kind.SET, 33, 3, mzxid=105)]  # side by side
UNKNOWN: dict[str, Any] = {
    "outcome": Outcome.UNKNOWN,
    "completed": None,
    "version": None,
    "mzxid": None,
    "session": None,
}


@pytest.mark.parametrize(
    ("ops", "final", "promise"),
    [
        (three(), ends(1), Promise.LOST),
        (three(), ends(0), Promise.LOST),
        (three(), ends(2, "nobody's"), Promise.NOWHERE),
        ([*three(), op(3, Kind.READ, 40, 2, value="nobody's")], ends(), Promise.NOWHERE),
        ([*three(), op(3, Kind.READ, 22, 2)], ends(), Promise.NOWHERE),  # read before it was written
        ([*three(), op(3, Kind.SET, 40, None, value="no", outcome=Outcome.FAIL)], ends(3, "no"), Promise.NOWHERE),
        ([*three(), op(3, Kind.SET, 40, 3, path="/d/b")], ends(3), Promise.NOWHERE),  # the value of another znode
        (three(expected=0), ends(), Promise.CONDITION),
        ([*three(), op(3, Kind.SET, 40, **UNKNOWN, expected=1, value="v3")], ends(3), Promise.CONDITION),
        ([*three(), op(3, Kind.SET, 40, 3, mzxid=101)], ends(3), Promise.ORDER),  # zxids go back
        ([*three(), op(3, Kind.SET, 15, 3, completed=60), op(4, Kind.SET, 50, 4)], ends(4), None),
        ([*three(), op(3, Kind.CREATE, 40, 0, path="/d/b", value="b", mzxid=90)], ends(), Promise.ORDER),
        ([*three(), op(3, Kind.READ, 40, 3, value="v2", mzxid=103)], ends(), Promise.ONCE),
        (three(), ends(5), Promise.NOWHERE),
        ([*three(), op(3, Kind.SET, 40, 4)], ends(4), Promise.ONCE),  # version 3 was made by no one
        ([*three(), *CROSSED], ends(4), Promise.ORDER),
        ([*three(), op(3, Kind.READ, 40, 2, session="s"), BACK], ends(), Promise.BACKWARDS),
        ([*three(), op(3, Kind.READ, 40, ABSENT, mzxid=0, session="s2")], ends(), Promise.BACKWARDS),  # own write
        ([*three(), op(3, Kind.READ, 40, 1, session="s3")], ends(), None),  # stale, as a plain read may be
        ([*three(), op(3, Kind.FENCED, 40, 1)], ends(), Promise.STALE),
        ([*three(), op(3, Kind.FENCED, 32, 1)], ends(), None),  # overlaps the write
        ([*three(), SLOW, op(4, Kind.READ, 40, 3), op(5, Kind.FENCED, 50, 2)], ends(3), Promise.STALE),
    ],
)  # fmt: skip
def test_a_small_history_breaks_this_promise(ops: list[Op], final: Final, promise: Promise | None) -> None:
    found = promises(ops, final)
    assert promise in found if promise else found == set()


@pytest.mark.parametrize("final", [ends(2), ends(3)])
def test_an_unknown_write_may_take_effect_or_not(final: Final) -> None:
    ops = [*three(), op(3, Kind.SET, 12, **UNKNOWN, value="v3")]
    assert checker.check(ops, final) == []
    assert checker.lost(ops, final) == []


def test_an_unknown_sequential_create_is_known_by_its_value() -> None:
    create = op(3, Kind.CREATE, 40, **UNKNOWN, path="/d/set/s-", value="x")
    final = {server: {**state, "/d/set/s-0000000007": Znode("x", 0, 105, 105)} for server, state in ends().items()}
    assert checker.check([*three(), create], final) == []


@pytest.mark.parametrize("znode", [Znode("v1", 1, 100, 200), Znode("nobody's", 2, 100, 102), Znode("v1", 3, 100, 101)])
def test_a_write_is_lost_if_the_final_state_has_it_in_no_way(znode: Znode) -> None:
    assert checker.lost(three(), {"zk-1": {"/d/a": znode}})[-1] == three()[-1]


def test_of_two_creates_of_one_name_one_is_lost() -> None:
    rival = op(3, Kind.CREATE, 40, 0, value="rival", mzxid=104)
    assert rival in checker.lost([*three(), rival], ends())
    assert Promise.VERSION in promises([*three(), rival], ends())


def test_values_that_are_not_unique_are_refused() -> None:
    with pytest.raises(ValueError, match="values must be unique"):
        checker.check([*three(), op(3, Kind.SET, 40, 2)], ends())


def test_a_violation_reads_as_a_sentence() -> None:
    assert str(checker.check(three(), ends(1))[-1]) == (
        "an acknowledged write is lost: set of /d/a by c (number 2), version 2: zk-1 has 'v1', version 1, zxid 0x65"
    )
