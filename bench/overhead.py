"""`overhead`: a no-op preview of our program beside a bare program with the same resources and the same state."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from bench import bare, fleets, recording
from bench.process import BenchError, run
from bench.ratios import Report, Sample, comparison, interleaved
from fleet.project import program_of
from sandbox import toolchain

RATIO_TARGET = 1.10  # the whole tree's CPU, at 1,000 resources
GROWTH_TARGET = 1.10  # a resource's CPU at 3,000 by one's at 1,000
TREE, PROGRAM = "tree_cpu_s", "program_cpu_s"
COLLECT_AFTER = 200_000  # as in __main__.py
RARE = "bare 1000, rare gc"
QUIET = ("ours 1000, no log", "bare 1000, no log")
NOTES = [
    "Ours lets Python look for cycles rarely (`COLLECT_AFTER` in `__main__.py`); the bare one does not.",
    "The tree is the program's process and the engine; the provider runs beside them and counts for nobody.",
    "By itself the engine writes all inputs and outputs into a compressed log below PULUMI_HOME, in both programs.",
]


@dataclass(frozen=True, kw_only=True)
class Case:
    """A project whose state holds everything; `resources` counts the stack itself too."""

    root: Path
    resources: int
    environment: Mapping[str, str]

    @property
    def bare(self) -> Path:
        return self.root / "bare.json"


def measure(quick: bool, report: Report) -> dict[str, Any]:
    """All sizes in turns with one another, so that each can be compared with each; without the largest when quick."""
    rounds = 3 if quick else 5
    sizes = [250, 1000] if quick else [250, 1000, 3000]
    with tempfile.TemporaryDirectory() as scratch, served() as port:
        shared = settings(fleets.write_code(Path(scratch, "code")), port)
        cases = {size: prepare(Path(scratch, str(size)), fleets.SIZES[size], shared, report) for size in sizes}
        report(f"overhead: previews of {', '.join(str(case.resources) for case in cases.values())} resources")
        runs = {f"{who} {size}": partial(preview, cases[size], who) for size in sizes for who in ("ours", "bare")}
        quiet = without_log(cases[1000])
        runs |= {f"{who} 1000, no log": partial(preview, quiet, who) for who in ("ours", "bare")}
        runs[RARE] = partial(preview, collecting_rarely(cases[1000]), "bare")
        samples = interleaved(runs, rounds, report)
    comparisons = {
        f"{cases[size].resources} resources": comparison(samples, f"ours {size}", f"bare {size}") for size in sizes
    }
    growth = growth_of(cases, samples) if 3000 in cases else {}
    strict = {f"{quiet.resources} resources, engine without log": comparison(samples, *QUIET)}
    same = {f"{quiet.resources} resources, bare collecting as rarely": comparison(samples, "ours 1000", RARE)}
    made = {**comparisons, **same, **strict, **growth}
    return {"comparisons": made, "verdicts": verdicts(comparisons, growth), "notes": NOTES}


def without_log(case: Case) -> Case:
    """The same case where the engine can't write its log: a file has the place of the log's folder."""
    home = case.root / "home-without-log"
    home.mkdir()
    (home / "logs").touch()
    return replace(case, environment={**case.environment, "PULUMI_HOME": str(home)})


def collecting_rarely(case: Case) -> Case:
    """The same case where the bare program looks for cycles as rarely as ours."""
    return replace(case, environment={**case.environment, "BENCH_COLLECT_AFTER": str(COLLECT_AFTER)})


def growth_of(cases: Mapping[int, Case], samples: Mapping[str, list[Sample]]) -> dict[str, Any]:
    """A resource's cost at 3,000 by one's at 1,000, of both programs."""
    per = {
        name: [_per_resource(cases[int(name.split()[1].rstrip(","))], run) for run in runs]
        for name, runs in samples.items()
    }
    return {f"{who}, per resource": comparison(per, f"{who} 3000", f"{who} 1000") for who in ("ours", "bare")}


def _per_resource(case: Case, sample: Sample) -> Sample:
    """Milliseconds a resource."""
    return {
        key.replace("_s", "_ms"): 1000 * value / case.resources for key, value in sample.items() if key.endswith("_s")
    }


def verdicts(comparisons: Mapping[str, Any], growth: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The targets, and whether the medians keep to them."""
    middle = next(value for name, value in comparisons.items() if 900 <= int(name.split()[0]) <= 1100)
    made = [("ours to bare, whole tree's CPU, 1,000 resources", middle["ratios"][TREE]["median"], RATIO_TARGET)]
    if growth:
        found = growth["ours, per resource"]["ratios"]["tree_cpu_ms"]["median"]
        made.append(("a resource's CPU at 3,000 to one's at 1,000", found, GROWTH_TARGET))
    return [{"what": what, "found": found, "at_most": most, "kept": found <= most} for what, found, most in made]


def preview(case: Case, which: str) -> Sample:
    """One no-op preview. Raises BenchError when it finds anything to do."""
    done = engine(case.root, case.environment, "preview", "ours" if which == "ours" else str(case.bare))
    unchanged = re.search(r"^\s+(\d+) unchanged$", done["printed"], re.M)
    if not unchanged or int(unchanged[1]) != case.resources or re.search(r"to (create|update|delete)", done["printed"]):
        raise BenchError(f"the preview of {which} is no no-op: {done['printed'][-600:]}")
    return {key: done[key] for key in (TREE, PROGRAM, "engine_cpu_s", "tree_wall_s", "program_peak_mib")}


def prepare(root: Path, seats: int, shared: Mapping[str, str], report: Report) -> Case:
    """A project, the recording of its program, and a state that holds all of it."""
    fleets.write_project(root, fleets.stack_values(seats))
    report(f"overhead: recording and making the state of {seats} seats")
    recorded = recording.record(program_of(root), fleets.STACK, recording.configured(root, fleets.STACK))
    (root / "bare.json").write_text(json.dumps(bare.arguments(recorded)))
    (root / "state").mkdir()
    folders = {"PULUMI_HOME": str(root / "home"), "PULUMI_BACKEND_URL": f"file://{root / 'state'}"}
    environment = {**shared, **folders}
    run(["pulumi", "stack", "init", fleets.STACK, "--non-interactive"], cwd=root, environment=environment)
    quickly = {**environment, "PULUMI_SKIP_CHECKPOINTS": "true", "PULUMI_EXPERIMENTAL": "true"}
    engine(root, quickly, "up", "ours")
    return Case(root=root, resources=len(recorded["resources"]) + 1, environment=environment)


def settings(code: Path, port: int) -> dict[str, str]:
    """The environment of all contestants but for their folders: the provider is the one that listens at a port."""
    binary = toolchain.ensure(["pulumi"], lambda _: None)["pulumi"]
    kept = {key: os.environ[key] for key in ("HOME", "LANG") if key in os.environ}
    return {
        **kept,
        "PATH": os.pathsep.join([str(binary.parent), "/usr/bin", "/bin"]),
        "PYTHONPATH": str(code),
        "PULUMI_CONFIG_PASSPHRASE": "bench",
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        "PULUMI_DEBUG_PROVIDERS": f"kubernetes:{port},tls:{port}",
    }


def engine(root: Path, environment: Mapping[str, str], operation: str, which: str) -> dict[str, Any]:
    """One run of bench.engine, with the whole tree's CPU."""
    command = [sys.executable, "-m", "bench.engine", operation, root, which]
    done = run(command, cwd=root, environment=environment)
    result = json.loads(done.out.splitlines()[-1])
    if result["code"] != 0:
        raise BenchError(f"{operation} of {which} failed: {result['printed'][-900:]}")
    return {**result, TREE: done.cpu_s, "tree_wall_s": done.wall_s}


@contextmanager
def served() -> Iterator[int]:
    """The provider's process; yields its port."""
    environment = {**os.environ, "PYTHONPATH": str(fleets.ROOT)}
    command = [sys.executable, "-m", "bench.provider"]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True, cwd=tempfile.gettempdir())
    try:
        assert process.stdout
        line = process.stdout.readline()
        if not line.strip():
            raise BenchError("the provider did not start")
        yield int(line)
    finally:
        process.kill()
        process.wait()


def tools() -> dict[str, str]:
    """Versions of the tools that were measured."""
    return {"engine": toolchain.ENGINE}
