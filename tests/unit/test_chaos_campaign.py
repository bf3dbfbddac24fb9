"""What many seeds of chaos come to, and that a campaign goes on where it was cut off."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from chaos.campaign import summary
from drills import seeds


def verdict(seed: int, **changes: Any) -> dict[str, Any]:
    found: dict[str, Any] = {
        "seed": seed,
        "passed": True,
        "late": [],
        "kinds": {"cut-region": 3, "kill-agent": 2},
        "rules": {},
        "pairs": 1,
        "calls": 100,
        "claims": 4,
        "disagree": [],
        "porcupine": {"a.main": "ok", "b.main": "ok"},
        "quiet": 2,
        "held_share": 0.5,
        "best_share": 0.8,
        "held_again": {"a.main": 6.04, "b.main": 7.5},
    }
    return {**found, **changes}


def test_all_seeds_are_added_up_and_who_failed_is_named() -> None:
    wrong = {"passed": False, "rules": {"order": 2}, "kinds": {"slow": 1}, "late": ["a.main"]}
    wrong["held_again"] = {"a.main": None, "b.main": 9.0}
    found = summary([verdict(1), verdict(2), verdict(3, **wrong)])
    assert (found["seeds"], found["passed"], found["failed"]) == ([1, 2, 3], 2, [3])
    assert (found["faults"], found["kinds"]) == (11, {"cut-region": 6, "kill-agent": 4, "slow": 1})
    assert (found["violations"], found["late"]) == ({"order": 2}, {"3": ["a.main"]})
    assert (found["pairs"], found["quiet"], found["calls"], found["claims"]) == (3, 6, 300, 12)
    assert found["porcupine"] == {"ok": 6}
    assert (found["held_again_median_s"], found["held_again_longest_s"]) == (7.5, 9.0)


def test_a_seed_that_is_there_is_not_run_again(tmp_path: Path) -> None:
    log = tmp_path / "log"

    def command(seed: int) -> list[str]:
        said = f"print({seed} * 10); open({str(log)!r}, 'a').write('{seed} ')"
        return [sys.executable, "-c", said]

    assert seeds.collect([1, 2], tmp_path / "kept", command) == {1: 10, 2: 20}
    assert seeds.collect(seeds.parse("1-3"), tmp_path / "kept", command, at_once=2) == {1: 10, 2: 20, 3: 30}
    assert log.read_text().split() == ["1", "2", "3"]
    assert json.loads((tmp_path / "kept" / "2.json").read_text()) == 20


def test_a_run_that_crashed_leaves_nothing_to_be_taken_for_a_result(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="Expecting value"):
        seeds.collect([7], tmp_path, lambda _: [sys.executable, "-c", "print('half')"])
    assert not list(tmp_path.glob("*.json"))
