"""porcupine, with a model of its own, comes to the same verdict as the interval checker."""

from __future__ import annotations

import shutil
from pathlib import Path
from random import Random

import pytest

from chaos.checker import check
from chaos.linearizable import ensure, verdicts
from chaos.stamps import Acquisition, Execution
from tests.chaos.histories import DUTY, acquisition, execution, legal, scrambled

pytestmark = pytest.mark.skipif(not shutil.which("go"), reason="porcupine is a Go module, and there is no Go here")
SHARED = {"order", "known", "claims"}  # the rules that the model has too
CLAIMS = [acquisition(5, 0, 10), acquisition(6, 15, 25)]


def renamed(items: list[Execution], claims: list[Acquisition], duty: str) -> tuple[list[Execution], list[Acquisition]]:
    """The same history for another duty, so that one run of porcupine judges many."""
    return (
        [Execution(**{**vars(item), "duty": duty}) for item in items],
        [Acquisition(**{**vars(item), "duty": duty}) for item in claims],
    )


def ours(executions: list[Execution], acquisitions: list[Acquisition]) -> str:
    found = check(executions, acquisitions)
    return "illegal" if SHARED & {item.rule for item in found} else "ok"


def test_both_agree_on_hundreds_of_histories_good_and_bad() -> None:
    executions: list[Execution] = []
    acquisitions: list[Acquisition] = []
    expected: dict[str, str] = {}
    for seed in range(600):
        history = legal(seed, 6) if seed % 6 == 0 else scrambled(seed, Random(seed).randrange(5))
        duty = f"duty-{seed}"
        more = renamed(history.executions, history.acquisitions, duty)
        expected[duty] = ours(*more)
        executions += more[0]
        acquisitions += more[1]
    assert verdicts(executions, acquisitions) == expected
    assert min(list(expected.values()).count(word) for word in ("ok", "illegal")) > 100


@pytest.mark.parametrize(
    ("executions", "verdict"),
    [
        ([execution(5, 30, 40), execution(6, 40, 50)], "ok"),
        ([execution(5, 30, 41), execution(6, 40, 50)], "illegal"),
        ([execution(5, 30, 35), execution(6, 40, 50), execution(5, 60, 61)], "illegal"),
        ([execution(5, 30, 35), execution(None, 40, 50)], "illegal"),
        ([execution(7, 30, 35)], "illegal"),
        ([execution(6, 12, 13)], "illegal"),
    ],
)
def test_what_each_rule_forbids_is_illegal_for_both(executions: list[Execution], verdict: str) -> None:
    assert verdicts(executions, CLAIMS) == {DUTY: verdict}
    assert ours(executions, CLAIMS) == verdict


def test_a_history_of_many_chunks_is_judged_across_them() -> None:
    long = [execution(5, 30 + 3 * number, 31 + 3 * number) for number in range(3000)]
    late = [execution(6, 9100, 9101), execution(5, 9200, 9201)]
    assert verdicts(long, CLAIMS) == {DUTY: "ok"}
    more = [execution(6, 9100 + 3 * number, 9101 + 3 * number) for number in range(1500)]
    assert verdicts([*long, *more], CLAIMS) == {DUTY: "ok"}
    assert verdicts([*long, *late], CLAIMS) == {DUTY: "illegal"}
    assert verdicts([*long, *more, execution(5, 20_000, 20_001)], CLAIMS) == {DUTY: "illegal"}


def test_its_picture_is_written_on_demand(tmp_path: Path) -> None:
    verdicts([execution(5, 30, 40)], CLAIMS, tmp_path / "seed-1.html")
    assert "<html" in (tmp_path / f"seed-1-{DUTY}.html").read_text()


def test_it_is_built_once() -> None:
    told: list[str] = []
    assert ensure(told.append) == ensure(told.append)
    assert len(told) <= 1
