"""From any members to any others, one server at a time."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keeper.membership import Members, Step, host_of, next_step, parse

HOSTS = st.sampled_from(["zk-a.example.net", "zk-b.example.net", "192.0.2.7"])
ROLES = st.sampled_from(["participant", "observer"])
LINES = st.builds(lambda host, role: f"{host}:2888:3888:{role};127.0.0.1:2181", HOSTS, ROLES)
MEMBERS = st.dictionaries(st.integers(1, 9), LINES, min_size=1)


def applied(members: Members, step: Step) -> dict[int, str]:
    """What ZooKeeper makes of an incremental reconfiguration."""
    assert step.joining is None or step.leaving is None
    if step.joining is not None:
        key, _, line = step.joining.partition("=")
        assert key == f"server.{step.number}"
        return {**members, int(key.removeprefix("server.")): line}
    assert step.leaving == step.number
    return {number: line for number, line in members.items() if number != step.leaving}


def way(start: Members, wanted: Members) -> list[dict[int, str]]:
    """Every membership on the way from one to another, both ends included."""
    made = [dict(start)]
    while (step := next_step(made[-1], wanted)).number is not None:
        made.append(applied(made[-1], step))
        assert len(made) <= len({*start, *wanted}) + 1, "more changes than servers"
    return made


@given(MEMBERS, MEMBERS)
def test_every_way_ends_at_what_is_wanted(start: Members, wanted: Members) -> None:
    made = way(start, wanted)
    assert made[-1] == wanted
    done = next_step(wanted, wanted)
    assert (done.joining, done.leaving, done.number) == (None, None, None)


@given(MEMBERS, MEMBERS)
def test_one_server_changes_at_a_time_and_each_once_at_most(start: Members, wanted: Members) -> None:
    made = way(start, wanted)
    changed = [dict(set(before.items()) ^ set(after.items())).keys() for before, after in pairwise(made)]
    assert all(len(numbers) == 1 for numbers in changed)
    assert len({number for (number,) in changed}) == len(changed)


@given(MEMBERS, MEMBERS)
def test_the_ensemble_is_never_smaller_than_it_was_or_is_to_be(start: Members, wanted: Members) -> None:
    assert min(len(members) for members in way(start, wanted)) == min(len(start), len(wanted))


@given(MEMBERS, MEMBERS, st.data())
def test_a_keeper_that_was_cut_off_goes_on_from_anywhere(start: Members, wanted: Members, data: st.DataObject) -> None:
    made = way(start, wanted)
    place = data.draw(st.integers(0, len(made) - 1))
    assert way(made[place], wanted) == made[place:]


@given(MEMBERS, st.text("0123456789abcdef", min_size=1))
def test_what_zookeeper_writes_is_read_back(members: Members, version: str) -> None:
    text = "".join(f"server.{number}={line}\n" for number, line in members.items()) + f"version={version}"
    assert parse(text) == (members, version)


@pytest.mark.parametrize(
    "line",
    [
        *("server.x=zk:2888:3888:participant", "group.1=1:2", "zk:2888:3888", "server=zk:2888:3888"),
        *("server.1", "server.1=", "server.1=zk", "server.1=zk:2888", "server.1=zk:a:b"),
    ],
)
def test_a_line_that_is_no_member_is_told(line: str) -> None:
    with pytest.raises(ValueError, match=r"expected server\.<id>=<host>:<peer>:<election>:<role>;<client>") as caught:
        parse(f"server.2=zk-2.example.net:2888:3888:participant;2181\n{line}\n")
    assert repr(line) in str(caught.value)


def test_a_server_that_moved_joins_again_under_its_id() -> None:
    old, new = (f"zk-{name}.example.net:2888:3888:participant;127.0.0.1:2181" for name in ("old", "new"))
    step = next_step({1: old, 2: "x:1:2"}, {1: new, 2: "x:1:2"})
    assert step.joining == f"server.1={new}"
    assert step.leaving is None
    assert host_of(new) in step.reason
    assert host_of(old) in step.reason


def test_who_joins_comes_before_who_leaves() -> None:
    step = next_step({1: "a:1:2", 2: "b:1:2"}, {1: "a:1:2", 3: "c:1:2"})
    assert step.reason == "server 3 at c joins"
    assert next_step({1: "a:1:2", 2: "b:1:2", 3: "c:1:2"}, {1: "a:1:2", 3: "c:1:2"}).reason == "server 2 at b leaves"
