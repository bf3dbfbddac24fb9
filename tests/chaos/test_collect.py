"""What a run leaves behind becomes a history, and the history a verdict."""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

from chaos.collect import acquisitions, attributed, logged, tracebacks
from chaos.desk import TRIES, Desk
from chaos.possible import Topology, Unit
from chaos.processes import Lines, Process
from chaos.stamps import SECOND, Acquisition, Execution, Strike
from chaos.verdict import Verdict, judge, lines
from tests.chaos.histories import DUTY, acquisition, execution

WEST = Unit(duty=DUTY, region="eu-west")
FLEET = Topology(servers={1: "na", 2: "eu-central", 3: "eu-west"}, units=(WEST,))
SOON = 20.0


def test_claims_are_read_from_an_agents_log_whatever_else_stands_there(tmp_path: Path) -> None:
    said = {"time": "any", "event": "acquired", "epoch": 7, "term": 3, "clean": False, "waits": 1.3}
    log = tmp_path / "agent.log"
    log.write_text(f'{20 * SECOND} {json.dumps(said)}\n1 Traceback (most recent call last)\n2 {{"event": "acq\n3\n')
    (claim,) = acquisitions(WEST, log)
    assert (claim.epoch, claim.waits, claim.candidate, claim.answered) == (7, 1_300_000_000, "eu-west", 20 * SECOND)
    assert claim.sent < claim.answered
    assert tracebacks(log) == 1
    assert list(logged(tmp_path / "none")) == []


def test_a_signers_calls_get_the_epoch_of_its_candidates_last_claim() -> None:
    claims = [acquisition(5, 0, 1000), acquisition(6, 1000, 3000)]
    first, second = f"{DUTY}/eu-west/11/1", f"{DUTY}/eu-west/12/2"
    done = [
        execution(None, 1100, 1110, signer=first),
        execution(None, 3500, 3510, signer=first),  # of the old one, though the claim is another by now
        execution(None, 3100, 3110, signer=second),
        execution(9, 3100, 3110, signer=second),
        execution(None, 3100, 3110, signer=f"{DUTY}/na-east/1/1"),
    ]
    assert [item.epoch for item in attributed(done, claims)] == [5, 5, 6, 9, None]


def verdict(executions: list[Execution], claims: list[Acquisition]) -> Verdict:
    takes = Strike(number=0, kind="all-stop", told="", begin=0, end=10 * SECOND, takes=("all",))
    span = (0, 20 * SECOND, 40 * SECOND)
    return judge(1, FLEET, [takes], executions, claims, span, 60.0, 0, [], None)


def steady(epoch: int, begin: int, end: int) -> list[Execution]:
    return [execution(epoch, at, at + 10) for at in range(begin, end, 100)]


def test_a_run_in_which_all_went_well_passes_and_its_shares_are_told() -> None:
    found = verdict(steady(5, 15_000, 40_000), [acquisition(5, 13_000, 13_500)])
    assert found.passed
    assert (found.held_share, found.best_share) == (0.25, 0.5)
    assert "signed for 25.0% of the time, at best 50.0% was possible" in lines(found)
    assert lines(found)[-1] == "passed"


def test_a_duty_that_is_not_held_at_the_end_fails_the_run() -> None:
    found = verdict(steady(5, 15_000, 26_000), [acquisition(5, 13_000, 13_500)])
    assert found.late == [DUTY]
    assert not found.passed


def test_what_both_checkers_find_fails_the_run_and_they_agree() -> None:
    claims = [acquisition(5, 13_000, 13_500), acquisition(6, 30_000, 30_100)]
    found = verdict([*steady(5, 15_000, 33_000), *steady(6, 32_000, 40_000)], claims)
    assert found.rules["order"] == 1
    assert set(found.porcupine.values()) == {"illegal"}
    assert found.disagree == []
    assert lines(found)[-1] == "FAILED"


def test_an_order_is_tried_again_and_what_undoes_it_waits_its_turn(tmp_path: Path) -> None:
    log, desk = tmp_path / "log", Desk(tmp_path / "log", dict(os.environ))
    desk.give([sys.executable, "-c", "print('no'); raise SystemExit(1)"], undoes=False)
    desk.give([sys.executable, "-c", "print('yes')"], undoes=True)
    assert not desk.idle
    deadline = time.monotonic() + SOON
    while not log.exists() or "yes" not in log.read_text():
        assert time.monotonic() < deadline
        desk.tend()
        time.sleep(0.01)
    while not desk.idle:
        assert time.monotonic() < deadline
        desk.tend()
        time.sleep(0.01)
    assert log.read_text().split() == ["no"] * TRIES + ["yes"]
    desk.close()


def test_a_process_is_started_again_unless_it_is_held_and_its_lines_are_stamped(tmp_path: Path) -> None:
    log = tmp_path / "log"
    command = [sys.executable, "-c", "print('hello')"]
    process = Process(name="p", command=command, environment=dict(os.environ), log=log, lines=Lines())
    deadline = time.monotonic() + SOON
    while process.starts < 2 or not log.exists() or log.read_text().count("hello") < 2:
        assert time.monotonic() < deadline
        process.tend()
        time.sleep(0.01)
    process.end()
    process.tend()
    assert process.pid is None
    assert all(line.split()[0].isdecimal() for line in log.read_text().splitlines())
