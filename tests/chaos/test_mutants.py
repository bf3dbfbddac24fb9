"""Mutants fit the code as it is now, and a copy with one is what a fleet would run."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

from chaos.fleet import environment
from chaos.layout import ROOT
from chaos.mutant import Mutant
from chaos.mutants import MUTANTS
from chaos.nemeses import KINDS
from chaos.stuck import STUCK
from tests.mutants import Mutant as Broken


def test_there_are_enough_of_them_with_names_of_their_own() -> None:
    assert len({mutant.name for mutant in MUTANTS}) == len(MUTANTS) >= 15
    assert len(STUCK) >= 6
    assert all(mutant.tests for mutant in STUCK)


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_each_changes_what_is_there_once_and_is_still_a_program(mutant: Mutant) -> None:
    text = (ROOT / mutant.file).read_text()
    assert text.count(mutant.old) == 1
    changed = text.replace(mutant.old, mutant.new)
    compile(changed, mutant.file, "exec")  # the parser alone lets an `await` pass where none may be
    assert ast.dump(ast.parse(changed)) != ast.dump(ast.parse(text))
    assert set(mutant.faults) <= set(KINDS)
    assert not mutant.model or mutant.model in (ROOT / "tests" / "model" / "test_model.py").read_text()
    assert bool(mutant.model) <= bool(mutant.tests)


@pytest.mark.long
@pytest.mark.parametrize("mutant", [mutant for mutant in MUTANTS if mutant.tests], ids=lambda mutant: mutant.name)
def test_tests_of_the_code_notice_what_chaos_alone_may_miss(mutant: Mutant, tmp_path: Path) -> None:
    broken = Broken(
        promise=mutant.name, file=mutant.file, line=mutant.old, broken=mutant.new, tests=mutant.tests
    )  # fmt: skip
    assert broken.caught_in(tmp_path)


def test_a_copy_comes_before_the_projects_own_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mutant = next(mutant for mutant in MUTANTS if mutant.name == "wall-clock-for-deadlines")
    monkeypatch.setenv("FAILOVER_PATH", str(mutant.copied_to(tmp_path)))
    program = "import inspect, failover.clock; print(inspect.getsource(failover.clock.boottime))"
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment(), cwd="/", capture_output=True, text=True, check=True
    )
    assert "return time.time()" in done.stdout
    assert os.environ["FAILOVER_PATH"] == str(tmp_path)


def test_a_mutant_of_code_that_has_changed_says_so(tmp_path: Path) -> None:
    stale = Mutant(name="old", file="failover/clock.py", old="no such line", new="", faults=())
    with pytest.raises(ValueError, match="0 times, expected once"):
        stale.copied_to(tmp_path)


def test_the_table_of_faults_has_all_that_was_asked_for() -> None:
    assert len(KINDS) >= 45
    for kind in KINDS.values():
        assert 0 < kind.seconds[0] <= kind.seconds[1] < 10
        assert kind.what
        assert kind.heal
