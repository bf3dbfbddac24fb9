"""restore: a daemon's volume goes back to a snapshot that was taken before its program changed."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from components.snapshots import told
from config.plan import FleetPlan, RegionPlan
from fleet.commands.options import Json, StackName
from fleet.commands.stack import load
from fleet.errors import Exit, FleetError
from fleet.output import Output, table
from fleet.reach import api_of, asked
from fleet.restore import Kept, Restore


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(restore)


def restore(
    context: typer.Context,
    stack: StackName,
    region: Annotated[str, typer.Option("--region", help="Where the daemon runs")],
    daemon: Annotated[str, typer.Option("--daemon", help="Its set's name, such as alice-eu-main-kmd")],
    snapshot: Annotated[str | None, typer.Option("--snapshot", help="Back to this one; lists them if left out")] = None,
    confirm: Annotated[
        str, typer.Option("--confirm", help="The daemon's name once more: what it has written since goes")
    ] = "",
    leave_stopped: Annotated[
        bool, typer.Option("--leave-stopped", help="The next `fleet up` starts it: for an older program")
    ] = False,
    through: Annotated[
        str | None, typer.Option("--context", help="A context of your own kubeconfig, where the stack names none")
    ] = None,
    json: Json = False,
) -> None:
    """List a daemon's snapshots, or bring its volume back to one. What it has now is kept as one more.

    Example: fleet restore --stack mainnet --region eu-west --daemon alice-eu-main-kmd
    """
    output = Output(json=json)
    root, loaded, plan = load(context, stack)
    part = _part(plan, region, daemon)
    work = Restore(_api(root, part, through), loaded.stack.namespace, daemon, output.progress)
    try:
        if snapshot is None:
            _listed(output, work.kept(), daemon)
            return
        keeping = _permitted(part, daemon, snapshot, confirm)
        before = work.run(snapshot, keeping, start=not leave_stopped)
    except FleetError:
        raise
    except Exception as error:  # kubernetes raises its own, urllib3's and yaml's
        what = f"region {region}: {told(error)}"
        raise FleetError(f"{what}; what was begun is gone on with by the same command") from None
    kept = f"; what it had is {before}" if before else ""
    then = f"; now: fleet up --stack {stack}" if leave_stopped else ""
    data = {"daemon": daemon, "region": region, "snapshot": snapshot, "before": before or None}
    output.result({**data, "started": not leave_stopped}, f"{daemon} is back at {snapshot}{kept}{then}")


def _permitted(part: RegionPlan, daemon: str, snapshot: str, confirm: str) -> str:
    """The class that keeps what the daemon has now."""
    if confirm != daemon:
        what = f"a restore puts {daemon} back to {snapshot}: what was written since is in a new snapshot alone"
        raise FleetError(f"{what}; say so with --confirm {daemon}", Exit.BAD_INPUT)
    if part.region.snapshot_class is None:
        what = f"region {part.name} has no snapshotClass: what {daemon} has now could not be kept"
        raise FleetError(what, Exit.BAD_INPUT)
    return part.region.snapshot_class


def _part(plan: FleetPlan, region: str, daemon: str) -> RegionPlan:
    part = plan.regions.get(region)
    if part is None:
        raise FleetError(f"no region {region}; there are {', '.join(plan.regions)}", Exit.BAD_INPUT)
    names = [item.name for item in part.daemons]
    if daemon not in names:
        raise FleetError(f"no daemon {daemon} in {region}; there are {', '.join(names) or 'none'}", Exit.BAD_INPUT)
    return part


def _api(root: Path, part: RegionPlan, through: str | None) -> Any:
    if not asked(part) and through is None:
        what = f"the stack does not say how you reach {part.name}: --context, one of your own kubeconfig"
        raise FleetError(what, Exit.BAD_INPUT)
    try:
        return api_of(root, part, through)
    except Exception as error:  # kubernetes raises its own, urllib3's and yaml's
        raise FleetError(f"region {part.name}: {told(error)}", Exit.UNREACHABLE) from None


def _listed(output: Output, found: list[Kept], daemon: str) -> None:
    shown = table("snapshot", "taken", "size", "state", "written by", "why")
    for item in found:
        state = item.trouble or ("ready" if item.ready else "being copied")
        shown.add_row(item.name, item.taken, item.size, state, _short(item.image), item.reason)
    data = {"daemon": daemon, "snapshots": [asdict(item) for item in found]}
    output.result(data, shown if found else f"{daemon} has no snapshot")


def _short(image: str) -> str:
    name, _, digest = image.rpartition("/")[2].partition("@sha256:")
    return f"{name}@{digest[:8]}" if digest else name
