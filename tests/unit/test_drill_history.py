"""What the drills' clients record is read back as it was; gaps, lines of the report, one-off questions."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drills import history
from drills.client import Config, Recorder
from drills.history import NANOSECONDS, Kind, Op, Outcome
from drills.probe import Found, ask
from drills.report import VIOLATIONS_SHOWN, Result, as_json, text
from failover.access import Access, Tls
from tests.listening import listening


def config(folder: Path) -> Config:
    access = Access(servers={"zk-1": "10.0.0.1:2281"}, tls=Tls(ca="ca", cert="cert", key="key"), identities=("CN=a",))
    return Config(client="west-0", region="west", history=str(folder / "west-0.jsonl"), access=access)


def test_a_configuration_file_is_read_as_it_was_written(tmp_path: Path) -> None:
    file = tmp_path / "config.json"
    file.write_text(json.dumps(asdict(config(tmp_path))))
    assert Config.read(file) == config(tmp_path)
    file.write_text(json.dumps({**asdict(config(tmp_path)), "colour": "blue"}))
    with pytest.raises(TypeError, match="colour"):
        Config.read(file)


def recorded(tmp_path: Path) -> Path:
    recorder = Recorder(config(tmp_path))
    recorder.add("connected", server="zk-1")
    recorder.add("invoke", op=1, kind=Kind.CREATE, path="/d/s-", value="x")
    recorder.add(Outcome.OK, op=1, path="/d/s-0000000000", version=0, mzxid=7, session="0x1")
    recorder.add("invoke", op=2, kind=Kind.SET, path="/d/a", value="y", expected=3)
    recorder.add(Outcome.UNKNOWN, op=2, error="ConnectionLoss", session="0x1")
    recorder.add("invoke", op=3, kind=Kind.READ, path="/d/a")
    recorder.add(Outcome.OK, op=3, value="y", version=4, mzxid=9, session="0x1")
    recorder.add("invoke", op=4, kind=Kind.SET, path="/d/a", value="z")
    return tmp_path / "west-0.jsonl"


def test_what_was_recorded_is_read_back(tmp_path: Path) -> None:
    create, unknown, read, cut = history.read([recorded(tmp_path)])
    assert (create.path, create.value, create.version, create.mzxid) == ("/d/s-0000000000", "x", 0, 7)
    assert (unknown.outcome, unknown.value, unknown.expected) == (Outcome.UNKNOWN, "y", 3)
    assert unknown.error == "ConnectionLoss"
    assert (read.kind, read.value, read.version, read.session) == (Kind.READ, "y", 4, "0x1")
    assert (cut.outcome, cut.completed, cut.value) == (Outcome.UNKNOWN, None, "z")
    assert {op.client for op in (create, unknown, read, cut)} == {"west-0"}
    assert create.completed is not None
    assert create.invoked < create.completed < unknown.invoked


@given(cut=st.integers(1, 60), again=st.booleans())
def test_a_killed_clients_torn_last_line_is_tolerated(
    tmp_path_factory: pytest.TempPathFactory, cut: int, again: bool
) -> None:
    """Its successor, of the same name and in the same file, counts from one again."""
    folder = tmp_path_factory.mktemp("torn")
    path = recorded(folder)
    path.write_bytes(path.read_bytes()[:-cut])
    assert len(history.read([path])) == 4 if cut == 1 else 3
    if again:
        recorded(folder)
        assert len(history.read([path])) == (8 if cut == 1 else 7)


def test_a_damaged_line_in_the_middle_is_refused(tmp_path: Path) -> None:
    path = recorded(tmp_path)
    lines = path.read_text().splitlines()
    path.write_text("\n".join([*lines[:3], lines[3][:20], *lines[4:]]))
    with pytest.raises(ValueError, match=r"west-0.jsonl: line 4 is damaged"):
        history.read([path])


def write(client: str, seconds: float, outcome: Outcome = Outcome.OK, kind: Kind = Kind.SET) -> Op:
    at = round(seconds * NANOSECONDS)
    return Op(client=client, number=at, kind=kind, path="/d/a", invoked=at - 1, completed=at, outcome=outcome)


def test_the_longest_gap_is_one_in_which_no_client_had_a_write_acknowledged() -> None:
    ops = [write("a", 1), write("a", 2), write("a", 6), write("b", 3), write("b", 4.5)]
    ops += [write("b", 5, Outcome.UNKNOWN), write("b", 5.2, Outcome.FAIL), write("b", 5.5, kind=Kind.READ)]
    found = history.statistics(ops, NANOSECONDS, 7 * NANOSECONDS)
    assert (found.acknowledged, found.unknown, found.failed) == (5, 1, 1)
    assert found.longest_gap_s == pytest.approx(1.5)
    assert found.gap_by_client_s == pytest.approx({"a": 4, "b": 2.5})


def test_the_ends_of_the_window_bound_gaps_too() -> None:
    window = (0, 10 * NANOSECONDS)
    assert history.statistics([], *window).longest_gap_s == pytest.approx(10)
    assert history.statistics([write("a", 2)], *window).longest_gap_s == pytest.approx(8)
    assert history.statistics([write("a", 9)], *window).longest_gap_s == pytest.approx(9)
    outside = [write("a", 11), replace(write("a", 12), completed=None, outcome=Outcome.UNKNOWN)]
    assert history.statistics(outside, *window).acknowledged == 0
    assert history.statistics(outside, *window).unknown == 0


KILLED = Result(name="leader", done="killed", acknowledged=12345, lost=0, longest_gap_s=0.357, seconds=12.4)
WIPED = Result(name="all", done="wiped the data of two", acknowledged=9, lost=9, longest_gap_s=1, seconds=3)
RESULTS = [KILLED, replace(WIPED, violations=["a"] * 12)]


def test_the_report_is_a_line_a_drill_with_its_violations_below() -> None:
    lines = text(RESULTS).splitlines()
    assert lines[:4] == [
        "drill   done                   acknowledged  lost  longest gap  took",
        "leader  killed                       12,345     0       0.36 s  12 s",
        "all     wiped the data of two             9     9       1.00 s   3 s",
        "    a",
    ]
    assert lines[-1] == f"    … and {12 - VIOLATIONS_SHOWN} more"
    assert [row["passed"] for row in json.loads(as_json(RESULTS))] == [True, False]
    assert len(json.loads(as_json(RESULTS))[1]["violations"]) == 12


def test_a_server_that_is_silent_or_away_is_told_apart_within_the_deadline() -> None:
    with listening() as server:
        at = f"127.0.0.1:{server.getsockname()[1]}"
        silent = ask(at, "/", deadline_s=0.3)
        assert silent.found is Found.SILENT
        assert 0.2 < silent.seconds < 2
    assert ask(at, "/", deadline_s=0.3).found is Found.UNREACHABLE


def test_a_question_without_its_authority_is_the_callers_mistake(tmp_path: Path) -> None:
    missing = Tls(ca=str(tmp_path / "ca.crt"), cert="cert", key="key")
    with pytest.raises(FileNotFoundError):
        ask("127.0.0.1:1", "/", missing)
