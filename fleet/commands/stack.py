"""up, refresh, destroy and outputs: one stack through the engine."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from components.certificates import protected_names
from components.manifests.fleet import pem_shown, region_objects, secret_shown
from config.aws.names import protected
from config.load import LoadedStack, load_stack
from config.plan import FleetPlan, plan_fleet
from fleet import recover, state
from fleet.commands.options import Json, StackName
from fleet.errors import Exit, FleetError
from fleet.leader import ensemble_leader, tell_program
from fleet.output import Output
from fleet.project import find_root
from fleet.reach import unreachable_regions
from fleet.releases.selecting import require_production
from fleet.summary import summary, tables
from fleet.update import Operation, run
from fleet.workspace import Workspace, open_stack
from sandbox import Sandbox

Remove = Annotated[
    list[str] | None,
    typer.Option("--remove", help="Let a data-bearing thing go that is no longer planned, by its name"),
]
Forget = Annotated[
    list[str] | None,
    typer.Option("--forget", help="What an interrupted update was making on AWS, once you looked for it, by its name"),
]


def add_to(app: typer.Typer) -> None:
    """Add the commands of this module."""
    for command in (up, refresh, destroy, outputs):
        app.command()(command)


def up(
    context: typer.Context, stack: StackName, remove: Remove = None, forget: Forget = None, json: Json = False
) -> None:
    """Bring the fleet to what its stack says. A sandbox stack's clusters are started first.

    Example: fleet up --stack local
    """
    _change(context, stack, "up", Output(json=json), tuple(remove or ()), tuple(forget or ()))


def refresh(context: typer.Context, stack: StackName, json: Json = False) -> None:
    """Read what the clusters really hold into the state; nothing in a cluster changes.

    Example: fleet refresh --stack testnet
    """
    _change(context, stack, "refresh", Output(json=json))


def destroy(
    context: typer.Context,
    stack: StackName,
    confirm: Annotated[str, typer.Option("--confirm", help="The stack's name once more: its data goes too")] = "",
    forget: Forget = None,
    json: Json = False,
) -> None:
    """Delete everything of a stack, its data included.

    Example: fleet destroy --stack local --confirm local
    """
    if confirm != stack:
        raise FleetError(f"destroy deletes every chain's data; say so with --confirm {stack}", Exit.BAD_INPUT)
    _change(context, stack, "destroy", Output(json=json), (), tuple(forget or ()))


def outputs(context: typer.Context, stack: StackName, json: Json = False) -> None:
    """Print what the last update put out.

    Example: fleet outputs --stack local --json
    """
    output = Output(json=json)
    root, loaded, _ = load(context, stack)
    workspace = open_stack(root, loaded, output.progress, changes=False)
    values = {key: None if item.secret else item.value for key, item in workspace.stack.outputs().items()}
    output.result(values, *(f"{key}: {value if value is not None else '[secret]'}" for key, value in values.items()))


def load(context: typer.Context, name: str) -> tuple[Path, LoadedStack, FleetPlan]:
    """The project's folder, the stack and its plan; raises ConfigError with every mistake."""
    root = find_root(context.obj)
    loaded = load_stack(root, name)
    return root, loaded, plan_fleet(loaded)


def planned_names(plan: FleetPlan) -> set[str]:
    """The logical names of every object of the plan, and of what else goes only by name."""
    regions = plan.regions.values()
    objects = {name for part in regions for name, _ in region_objects(plan, part, secret_shown, pem_shown)}
    return {*objects, *protected_names(plan), *protected(plan)}


def _change(
    context: typer.Context,
    name: str,
    operation: Operation,
    output: Output,
    remove: tuple[str, ...] = (),
    forget: tuple[str, ...] = (),
) -> None:
    root, loaded, plan = load(context, name)
    if loaded.release.status == "draft" and loaded.stack.stage != "sandbox" and operation == "up":
        what = f"release {loaded.release.version} is a draft: its images are not published; the sandbox alone runs it"
        raise FleetError(what, Exit.BAD_INPUT)
    if operation == "up":
        require_production(loaded, plan)
    sandboxed = sorted(key for key, part in plan.regions.items() if part.region.sandboxed)
    if sandboxed:
        Sandbox(root, sandboxed).start(output.progress)
    silent = unreachable_regions(root, plan)
    if silent:
        raise FleetError("; ".join(str(region) for region in silent) + "; nothing was changed", Exit.UNREACHABLE)
    workspace = open_stack(root, loaded, output.progress, changes=True)
    recover.recover(workspace, plan, output.progress, forget)
    if operation == "up":
        recover.permit_removals(workspace, planned_names(plan), remove, False, output.progress)
        tell_program(ensemble_leader(root, plan))
    elif operation == "destroy":
        recover.unprotect(workspace, list(state.protected(workspace.stack.export_stack().deployment or {})))
    _finish(workspace, plan, operation, output)


def _finish(workspace: Workspace, plan: FleetPlan, operation: Operation, output: Output) -> None:
    result = run(workspace, plan, operation, output.progress)
    data = summary(plan, result)
    if result.errors:
        output.result(data)
        if not output.json:
            raise FleetError("\n".join(result.errors))
        raise typer.Exit(Exit.FAILED)
    output.result(data, *tables(data))
    if operation == "up" and plan.loaded.stack.stage != "sandbox" and not plan.loaded.stack.ensemble.founded:
        output.progress("the ensemble runs: set `founded: true` under ensemble, so that an emptied disk gets no vote")
