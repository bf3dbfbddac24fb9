"""What many seeds of drills come to."""

from __future__ import annotations

from typing import Any

from drills.campaign import failures, markdown, summary


def drilled(name: str, gap: float, lost: int = 0) -> dict[str, Any]:
    violations = [f"{lost} lost"] if lost else []
    counted = {"acknowledged": 1_000, "lost": lost, "longest_gap_s": gap}
    return {"name": name, **counted, "violations": violations, "passed": not violations}


SEEDS = {
    1: [drilled("kill", 0.5), drilled("freeze", 2.6)],
    2: [drilled("kill", 0.7), drilled("freeze", 2.5)],
    3: [drilled("kill", 1.5, lost=2), drilled("freeze", 2.4)],
}


def test_a_row_sums_up_one_drill_over_all_seeds() -> None:
    kill, freeze = summary(SEEDS.values())
    assert (kill["drill"], kill["seeds"], kill["acknowledged"], kill["lost"]) == ("kill", 3, 3_000, 2)
    assert (kill["gap_median_s"], kill["gap_longest_s"]) == (0.7, 1.5)
    assert freeze["lost"] == 0
    assert markdown([freeze]).splitlines()[-1] == "| freeze | 3 | 3,000 | 0 | 2.50 s | 2.60 s |"


def test_what_did_not_hold_is_told_with_its_seed() -> None:
    assert [*failures(SEEDS)] == ["seed 3, kill: 2 lost"]
