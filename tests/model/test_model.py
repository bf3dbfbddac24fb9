"""The protocol as models: SPIN visits every state that they can reach, and finds the fault in every weakened one."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

MODELS = Path(__file__).parents[2] / "models"
DEPTH = 2_000_000
SECONDS = 300  # of one run, on a machine with other things to do


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What a verifier said: its errors, and how many states it stored."""

    errors: int
    states: int
    output: str

    @property
    def complete(self) -> bool:
        """Whether the search left nothing out: no limit reached, no state told from another by its hash alone."""
        limits = ("max search depth too small", "Search not completed", "out of memory", "Bit state", "Hash-Compact")
        return not any(limit in self.output for limit in limits)


def tool(name: str) -> str:
    """Where a tool is; fails with the way to install it."""
    found = shutil.which(name)
    if found is None:
        pytest.fail(f"{name} is not on PATH, and the models can't be checked without it: apt-get install -y {name}")
    return found


def run(*command: str, cwd: Path) -> str:
    """A command's output; a failing command's output is the failure."""
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=SECONDS, check=False)
    if done.returncode != 0:
        pytest.fail(f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return done.stdout + done.stderr


def verify(model: str, folder: Path, *macros: str, breadth_first: bool = False) -> Verdict:
    """Check a model; breadth first finds the shortest way to a fault."""
    spin, gcc = tool("spin"), tool("gcc")
    shutil.copy(MODELS / model, folder)
    run(spin, *(f"-D{macro}" for macro in macros), "-a", model, cwd=folder)
    search = ["-DBFS"] if breadth_first else []
    run(gcc, "-O2", "-DSAFETY", "-DNOFAIR", "-DMEMLIM=4000", *search, "-o", "pan", "pan.c", cwd=folder)
    output = run("./pan", f"-m{DEPTH}", cwd=folder)
    errors, states = re.search(r"errors: (\d+)", output), re.search(r"(\d+) states, stored", output)
    assert errors is not None, output
    assert states is not None, output
    verdict = Verdict(errors=int(errors[1]), states=int(states[1]), output=output)
    sys.stdout.write(f"{model} {' '.join(macros)}: {verdict.errors} errors, {verdict.states} states\n")
    return verdict


@pytest.mark.parametrize(
    ("model", "macros"),
    [("failover.pml", ()), ("failover.pml", ("RESTORE",)), ("lease.pml", ())],
)
def test_no_reachable_state_breaks_the_order_of_epochs(model: str, macros: tuple[str, ...], tmp_path: Path) -> None:
    """Of `lease.pml` it is the order of signers: two are never active at once, whatever pauses."""
    verdict = verify(model, tmp_path, *macros)
    assert verdict.errors == 0, verdict.output
    assert verdict.complete, verdict.output
    assert verdict.states > 100_000, "a model this small has lost most of its behaviour"


@pytest.mark.parametrize(
    ("model", "macros"),
    [
        ("failover.pml", "NO_GRACE"),
        ("failover.pml", "NO_MARGIN"),
        ("failover.pml", "NO_STALENESS"),
        ("failover.pml", "NO_EPOCH_CHECK"),
        ("failover.pml", "STALENESS_FROM_ANSWER"),
        ("failover.pml", "CONFIRM_BY_READ"),
        ("failover.pml", "READ_EPOCH_FIRST"),
        ("failover.pml", "CLEAN_WITH_UNANSWERED"),
        ("failover.pml", "RELEASE_BEFORE_STOP"),
        ("failover.pml", "CLEAN_IN_GRACE"),
        ("failover.pml", "RESUME_AFTER_RELEASE"),
        ("failover.pml", "CONFIRMS_IN_DOUBT"),
        ("failover.pml", "DOUBT_NOT_CHECKED"),
        ("failover.pml", "DOUBT_FROM_THE_QUESTION"),
        ("failover.pml", "WORD_NOT_PROVED"),
        ("failover.pml", "RESTORE NO_HIGHWATER"),
        ("lease.pml", "OLD_RULE"),
        ("lease.pml", "COUNT_FROM_LATEST"),
        ("lease.pml", "TELLS_AT_ONCE"),
        ("lease.pml", "BEGUN_UNHEARD"),
        ("lease.pml", "NO_GRACE"),
        ("lease.pml", "RELEASE_BEFORE_STOP"),
        ("lease.pml", "WATCHDOG_SPARES_IDLE"),
        ("lease.pml", "CONFIRM_BY_READ"),
        ("lease.pml", "BEAT_OF_ANOTHER_SESSION"),
    ],
)
def test_a_protocol_without_one_of_its_rules_is_caught(model: str, macros: str, tmp_path: Path) -> None:
    """A model in which nothing can go wrong proves nothing: each rule is needed, and the model shows why."""
    verdict = verify(model, tmp_path, *macros.split(), breadth_first=True)
    assert verdict.errors == 1, verdict.output
    assert "assertion violated" in verdict.output, "an error, but not the one that was looked for"
    story = run(tool("spin"), *(f"-D{macro}" for macro in macros.split()), "-t", "-T", model, cwd=tmp_path)
    sys.stdout.write(story[: story.find("#processes")])
    assert "assertion violated" in story
