"""`render`: `fleet render` beside `kustomize build` and `helm template` of the very same objects.

The others get files with every object spelled out; `fleet render` has to work them out of a stack first.
"""

from __future__ import annotations

import os
import shlex
import sys
import tempfile
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from bench import charts, fleets
from bench.process import BenchError, run
from bench.ratios import Report, Sample, comparison, interleaved
from sandbox import toolchain

SEATS = {True: 38, False: 190}  # quick: about 1,000 objects; else about 5,000
FLEET = Path(sys.executable).parent / "fleet"


def measure(quick: bool, report: Report) -> dict[str, Any]:
    """All three in turns, each as one command for all regions."""
    binaries = toolchain.ensure(["helm", "kustomize"], report)
    with tempfile.TemporaryDirectory() as scratch:
        root = Path(scratch)
        fleets.write_project(root / "project", fleets.stack_values(SEATS[quick]))
        environment = settings(root)
        report(f"render: a fleet of {SEATS[quick]} seats")
        fleet_render(root / "project", root / "source", environment)
        prepare(root)
        commands: dict[str, Callable[[Path], Sample]] = {
            "fleet render": lambda out: fleet_render(root / "project", out, environment),
            "kustomize build": lambda out: build(root, binaries["v5"], "build {from}", "kustomize", out, environment),
            "helm template": lambda out: build(root, binaries["helm"], "template x {from}", "helm", out, environment),
        }
        runs = {name: partial(command, root / "out" / name) for name, command in commands.items()}
        samples = interleaved(runs, 3 if quick else 5, report)
        count = same_objects({name: root / "out" / name for name in commands})
    others = ("kustomize build", "helm template")
    return {
        "comparisons": {f"{count} objects, {other}": comparison(samples, "fleet render", other) for other in others},
        "notes": [
            "One process of `fleet render` writes all regions; the others run once for each, one after the other.",
            "So the others hold a third of the objects at a time, and have them spelled out in files.",
            f"The {count} objects that the three wrote were compared and are the same.",
        ],
    }


def prepare(root: Path) -> None:
    """A chart and a kustomization for each region."""
    for path in sorted((root / "source").glob("*.yaml")):
        charts.write_chart(root / "helm" / path.stem, path.stem, path.read_text())
        charts.write_kustomization(root / "kustomize" / path.stem, path.read_text())


def fleet_render(project: Path, out: Path, environment: Mapping[str, str]) -> Sample:
    """The command as a person gives it."""
    command = [FLEET, "-C", project, "render", "--stack", fleets.STACK, "--out", out]
    return run(command, cwd=project, environment=environment).sample


def build(root: Path, binary: Path, arguments: str, kind: str, out: Path, environment: Mapping[str, str]) -> Sample:
    """Another tool on each region's folder, one after the other."""
    out.mkdir(parents=True, exist_ok=True)
    steps: list[str] = []
    for folder in sorted((root / kind).iterdir()):
        words = arguments.replace("{from}", shlex.quote(str(folder)))
        steps.append(f"{shlex.quote(str(binary))} {words} > {shlex.quote(str(out / f'{folder.name}.yaml'))}")
    return run(["/bin/sh", "-c", " && ".join(steps)], cwd=root, environment=environment).sample


def same_objects(folders: Mapping[str, Path]) -> int:
    """How many objects each wrote. Raises BenchError where they are not the same."""
    first, *others = ((name, charts.objects(sorted(folder.glob("*.yaml")))) for name, folder in folders.items())
    for name, found in others:
        if found != first[1]:
            different = [key for key in {*found, *first[1]} if found.get(key) != first[1].get(key)]
            raise BenchError(f"{name} and {first[0]} differ in {len(different)} objects such as {sorted(different)[0]}")
    return len(first[1])


def settings(root: Path) -> dict[str, str]:
    """The environment of all: a home folder of their own, so that nobody's settings come in."""
    (root / "home").mkdir(exist_ok=True)
    own = {"HOME": str(root / "home"), "FLEET_CACHE": str(toolchain.cache()), "LANG": "C.UTF-8"}
    return {"PATH": os.environ["PATH"], **own}


def tools() -> dict[str, str]:
    """Versions of the tools that were measured."""
    return module_versions("helm", "kustomize")


def module_versions(*names: str) -> dict[str, str]:
    """Versions of sandbox tools from their go.mod: the built binaries of some know only a part of theirs."""
    found: dict[str, str] = {}
    for name in names:
        package = toolchain.TOOLS[name].packages[0]
        lines = (toolchain.MODULES / name / "go.mod").read_text().split("\n")
        required = [line.split() for line in lines if "// " in line or "\t" in line or line.startswith("require ")]
        for words in (line[1:] if line[:1] == ["require"] else line for line in required):
            if len(words) >= 2 and (package == words[0] or package.startswith(f"{words[0]}/")):
                found[name] = words[1]
    return found
