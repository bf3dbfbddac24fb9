"""`apply`: first and unchanged `fleet up` beside Helm and kubectl, with the same objects on the same API servers.

Each contestant has a namespace of its own, which is emptied before the next one's turn. Helm and kubectl do the regions
side by side, as `fleet up` does. What waits until every pod is ready is compared with what waits; the variants that
return at once are shown too.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from bench import charts, contenders, fleets, render
from bench.clusters import forget, release_size
from bench.process import BenchError, run
from bench.ratios import Report, Sample, comparison, interleaved
from sandbox import Sandbox, toolchain

SEATS = {True: 2, False: 8}
REGIONS = ("eu-central", "eu-west", "na-east")
RELEASE_LIMIT = 1024 * 1024  # bytes of a Secret, which holds a whole release of Helm's
NOTES = (
    "`fleet up` waits until all is ready, as `helm --wait` and `kubectl rollout status` do; the rest returns at once.",
    "`fleet up` runs here on the sandbox's stand-in plugin, three processes of Python, not on the official one in Go.",
)
TOO_LARGE = ("Too long: may not be more than", "Request entity too large", "request is too large")  # by size


@dataclass(kw_only=True)
class Field:
    """The API servers with everything that the contestants need. `release` and `notes` are told as they run."""

    root: Path
    seats: int
    sandbox: Sandbox
    environment: Mapping[str, str]
    helm: Path
    kubectl: Path | None
    release: str = "Helm could not install any release."
    notes: list[str] = field(default_factory=list)


def measure(quick: bool, report: Report) -> dict[str, Any]:
    """Every contestant in turns: an update of nothing, and then the same one again."""
    with tempfile.TemporaryDirectory() as scratch, opened(Path(scratch), SEATS[quick], report) as ground:
        runs = contestants(ground, report)
        samples = interleaved(runs, 3 if quick else 5, report)
    compared = {
        f"{ground.seats} seats, {name}": comparison(samples, "fleet up", name) for name in samples if name != "fleet up"
    }
    return {"comparisons": compared, "notes": [*NOTES, ground.release, *dict.fromkeys(ground.notes)]}


@contextmanager
def opened(root: Path, seats: int, report: Report) -> Iterator[Field]:
    """A running sandbox, which is stopped whatever happens."""
    binaries = toolchain.ensure(["helm", "pulumi"], report)
    found = shutil.which("kubectl")
    sandbox = Sandbox(root / "fleet", REGIONS)
    (root / "fleet").mkdir()
    try:
        sandbox.start(report)
        environment = {**render.settings(root), "PULUMI_SKIP_UPDATE_CHECK": "true"}
        yield Field(
            root=root,
            seats=seats,
            sandbox=sandbox,
            environment=environment,
            helm=binaries["helm"],
            kubectl=Path(found) if found else None,
        )
    finally:
        sandbox.remove()


def contestants(ground: Field, report: Report) -> dict[str, Callable[[], Sample]]:
    """One turn of each: its project, chart or manifests, in its namespace."""
    waits = {True: "", False: ", without waiting"}
    made: dict[str, Callable[[], Sample]] = {"fleet up": partial(turn, ground, "fleet", fleet_up(ground), report)}
    for wait, suffix in waits.items():
        namespace = f"helm-{'waits' if wait else 'goes-on'}"
        command = contenders.helm(ground.helm, charts_of(ground, namespace), ground.sandbox.kubeconfig, wait)
        made[f"helm upgrade{suffix}"] = partial(turn, ground, namespace, command, report)
    if ground.kubectl is None:
        ground.notes.append("kubectl is not on PATH: left out.")
        report("apply: kubectl is not on PATH: left out")
        return made
    for wait, suffix in waits.items():
        namespace = f"kubectl-{'waits' if wait else 'goes-on'}"
        files, waited = manifests_of(ground, namespace), namespace if wait else None
        command = contenders.kubectl(ground.kubectl, files, ground.sandbox.kubeconfig, waited)
        made[f"kubectl apply{suffix}"] = partial(turn, ground, namespace, command, report)
    return made


def turn(ground: Field, namespace: str, command: list[str | Path], report: Report) -> Sample:
    """A first update, the same again, and the clusters as they were before."""
    try:
        first = run(command, cwd=ground.root, environment=ground.environment)
        second = run(command, cwd=ground.root, environment=ground.environment)
        if namespace.startswith("helm"):
            ground.release = release_note(ground)
    except BenchError as error:
        if not too_large(str(error)):
            raise
        ground.notes.append("Helm can't install the chart: its release is over the 1 MiB that a Secret may hold.")
        return {}
    finally:
        forget([ground.sandbox.kubeconfig(region) for region in REGIONS], namespace)
        shutil.rmtree(ground.root / "fleet" / ".fleet" / "state", ignore_errors=True)
        report(f"    {namespace} is gone again")
    return {
        "first_wall_s": first.wall_s,
        "first_cpu_s": first.cpu_s,
        "first_peak_mib": first.peak_mib,
        "unchanged_wall_s": second.wall_s,
        "unchanged_cpu_s": second.cpu_s,
        "unchanged_peak_mib": second.peak_mib,
    }


def too_large(message: str) -> bool:
    """Whether a server refused Helm's release for its size."""
    return any(words in message for words in TOO_LARGE)


def fleet_up(ground: Field) -> list[str | Path]:
    """The command as a person gives it."""
    project = ground.root / "fleet"
    fleets.write_project(project, fleets.stack_values(ground.seats, namespace="fleet", sandboxed=True))
    return [render.FLEET, "-C", project, "up", "--stack", fleets.STACK]


def manifests_of(ground: Field, namespace: str) -> dict[str, Path]:
    """Each region's objects in a namespace, as `fleet render` writes them."""
    out = ground.root / namespace
    project = out / "project"
    values = fleets.stack_values(ground.seats, namespace=namespace, sandboxed=True)
    fleets.write_project(project, values)
    render.fleet_render(project, out / "rendered", ground.environment)
    return {region: out / "rendered" / f"{region}.yaml" for region in REGIONS}


def charts_of(ground: Field, namespace: str) -> dict[str, Path]:
    """Each region's objects as a chart."""
    files = manifests_of(ground, namespace)
    return {
        region: charts.write_chart(ground.root / namespace / "charts" / region, namespace, path.read_text())
        for region, path in files.items()
    }


def release_note(ground: Field) -> str:
    """How much of its limit Helm's largest release takes, and how many of such objects fill it."""
    found = {region: release_size(ground.sandbox.kubeconfig(region)) for region in REGIONS}
    region, (objects, size) = max(found.items(), key=lambda item: item[1])
    most = objects * RELEASE_LIMIT // max(size, 1)
    return (
        f"Helm's release of {region} ({objects} objects) is a Secret of {size // 1024} KiB; at this rate the limit of "
        f"1 MiB is reached with about {most} objects in one region."
    )


def tools() -> dict[str, str]:
    """Versions of the tools that were measured."""
    found = render.module_versions("helm") | {"kubernetes": toolchain.KUBERNETES, "engine": toolchain.ENGINE}
    binary = shutil.which("kubectl")
    if binary:
        asked = run([binary, "version", "--client", "-o", "json"], cwd=Path(), environment=dict(os.environ))
        found["kubectl"] = json.loads(asked.out)["clientVersion"]["gitVersion"]
    return found
