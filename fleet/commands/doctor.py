"""What this machine lacks, and what to do."""

from __future__ import annotations

import resource
import shutil
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

import typer

from config.load import load_stack
from config.mistakes import ConfigError
from config.plan import FleetPlan, RegionPlan, plan_fleet
from fleet.clusters.facts import ask
from fleet.clusters.judging import judge
from fleet.commands.options import Json
from fleet.errors import Exit
from fleet.output import Output, table
from fleet.project import find_root
from fleet.reach import asked, unreachable_regions
from fleet.workspace import last_line, plugin_installed
from sandbox import toolchain
from sandbox.pods import running

FILES_WANTED = 4096
FREE_BYTES_WANTED = 15 * 1024**3


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing that was looked at. `remedy` says what to do where it is not `ok`."""

    what: str
    ok: bool
    found: str
    remedy: str = ""


def add_to(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command()(doctor)


def doctor(
    context: typer.Context,
    stack: Annotated[str | None, typer.Option("--stack", "-s", help="Look at this stack's regions too")] = None,
    json: Json = False,
) -> None:
    """Tell what is missing on this machine, and what to do.

    Example: fleet doctor --stack local
    """
    root = find_root(context.obj)
    findings = [*_machine(root), *_tools()]
    findings += _stack(root, stack) if stack else []
    shown = table("", "what", "found", "what to do")
    for finding in findings:
        shown.add_row("ok" if finding.ok else "!!", finding.what, finding.found, finding.remedy)
    Output(json=json).result([asdict(finding) for finding in findings], shown)
    if not all(finding.ok for finding in findings):
        raise typer.Exit(Exit.MISSING)


def _machine(root: Path) -> Iterator[Finding]:
    version = ".".join(str(part) for part in sys.version_info[:3])
    yield Finding(what="Python", ok=sys.version_info >= (3, 11), found=version, remedy="")
    go = shutil.which("go")
    built = all(toolchain.is_built(tool) for tool in toolchain.TOOLS.values())
    remedy = "" if go or built else "install Go 1.26: the sandbox's tools are built from their modules"
    yield Finding(what="Go", ok=bool(go) or built, found=go or "not on PATH", remedy=remedy)
    files = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    enough = files >= FILES_WANTED
    yield Finding(what="open files", ok=enough, found=str(files), remedy="" if enough else f"ulimit -n {FILES_WANTED}")
    free = shutil.disk_usage(root).free
    enough = free >= FREE_BYTES_WANTED or built
    remedy = "" if enough else "free 15 GiB: Go's build cache takes most of it"
    yield Finding(what="free disk", ok=enough, found=f"{free / 1024**3:.0f} GiB", remedy=remedy)


def _tools() -> Iterator[Finding]:
    for tool in toolchain.TOOLS.values():
        ready = toolchain.is_built(tool)
        found = "built" if ready else f"not built yet; `fleet up` builds it in about {tool.minutes:g} min"
        yield Finding(what=tool.name, ok=True, found=found)
    reason = running.unavailable()
    found = f"simulated: {reason}" if reason else "the sandbox runs them for real"
    yield Finding(what="ZooKeeper's servers", ok=True, found=found)
    found = "installed" if plugin_installed() else "not installed; the sandbox and previews use a stand-in"
    yield Finding(what="Kubernetes plugin", ok=True, found=found)


def _stack(root: Path, name: str) -> Iterator[Finding]:
    try:
        plan = plan_fleet(load_stack(root, name))
    except ConfigError as error:
        for mistake in error.mistakes:
            yield Finding(what=mistake.path, ok=False, found=mistake.found, remedy=mistake.expected)
        return
    silent = {item.region: item for item in unreachable_regions(root, plan)}
    for region, part in plan.regions.items():
        remedy = "fleet sandbox start" if part.region.sandboxed else "look at the kubeconfig and the network"
        problem = silent.get(region)
        fine = (
            "its API server answers" if asked(part) else "not asked: its kubeconfig is a secret, or made by the update"
        )
        found = f"{problem.server}: {problem.reason}" if problem else fine
        yield Finding(what=f"region {region}", ok=not problem, found=found, remedy=remedy if problem else "")
        if asked(part) and not problem:
            yield from _cluster(root, plan, part)


def _cluster(root: Path, plan: FleetPlan, region: RegionPlan) -> Iterator[Finding]:
    """What the region's cluster has of what the program needs."""
    try:
        facts = ask(root, region, plan.loaded.stack.namespace)
    except Exception as error:  # kubernetes raises its own, urllib3's and yaml's
        reason = getattr(error, "reason", None) or last_line(str(error)) or type(error).__name__
        found = f"its API server tells nothing: {reason}"
        yield Finding(what=f"region {region.name}", ok=False, found=found, remedy="look at the kubeconfig's user")
        return
    for item in judge(plan, region, facts):
        yield Finding(what=f"{region.name}: {item.what}", ok=item.ok, found=item.found, remedy=item.remedy)
