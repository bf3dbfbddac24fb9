"""When a fault counts as over, and what a run's faults are put to."""

from __future__ import annotations

import json
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from chaos import ills
from chaos.possible import Topology, Unit
from chaos.run import Run
from chaos.schedule import Planned
from chaos.strikes import Kind, Struck

UNIT = Unit(duty="alice.main", region="eu-west")


def run_with(struck: Struck) -> Run:
    kind = Kind(name="k", what="w", heal="h", seconds=(0.1, 0.1), make=lambda _: struck)
    fleet: Any = SimpleNamespace(tend=lambda: None, topology=Topology(servers={}, units=(UNIT,)))
    return Run(fleet=fleet, seed=1, kinds={"k": kind})


def work(run: Run, seconds: float) -> None:
    run._work(time.monotonic() + seconds, lambda: False)  # pyright: ignore[reportPrivateUsage]


def test_a_fault_is_over_only_when_what_it_took_is_back() -> None:
    back: list[bool] = []
    run = run_with(Struck(told="t", over=lambda: bool(back), takes=("server:1",), hits=(UNIT.name,)))
    run._strike(Planned(number=0, kind="k", at=0, seconds=0.05))  # pyright: ignore[reportPrivateUsage]
    work(run, 0.3)
    first = run.strikes[0].end
    work(run, 0.1)
    assert run.strikes[0].end > first  # it still lasts
    back.append(True)
    work(run, 1.0)
    (over,) = run.strikes
    assert over.end == run.strikes[0].end
    assert (over.takes, over.hits) == (("server:1",), (UNIT.name,))


def test_two_troubles_of_one_daemon_are_taken_back_one_by_one(tmp_path: Path) -> None:
    file = tmp_path / "troubles.json"
    ills.put(file, {"busy": True})
    ills.put(file, {"peers": 0})
    ills.better(file, {"busy": True}, lambda: None)
    assert json.loads(file.read_text()) == {"peers": 0}
    ills.put(file, {"peers": 3})
    ills.better(file, {"peers": 0}, lambda: None)  # another fault's by now
    assert json.loads(file.read_text()) == {"peers": 3}
