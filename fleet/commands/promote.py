"""promote and rollback: another release for a stack, in its file. `fleet up` then makes it so."""

from __future__ import annotations

from typing import Annotated

import typer

from config.load import load_stack
from config.plan import plan_fleet
from fleet.commands.options import Json, StackName
from fleet.errors import Exit, FleetError
from fleet.output import Output
from fleet.project import find_root
from fleet.releases import history, selecting

Heights = Annotated[
    list[str] | None,
    typer.Option("--height", help="CHAIN=N: where a chain is, for hard forks that are still ahead of it"),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show and check it all, and write nothing")]


def add_to(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command()(promote)
    app.command()(rollback)


def promote(
    context: typer.Context,
    source: Annotated[str, typer.Option("--from", help="The stack that runs the release")],
    target: Annotated[str, typer.Option("--to", help="The stack that gets it")],
    height: Heights = None,
    dry_run: DryRun = False,
    json: Json = False,
) -> None:
    """Select for one stack the release that another runs, once evidence and registries say that it may.

    Example: fleet promote --from testnet --to mainnet
    """
    output = Output(json=json)
    root = find_root(context.obj)
    heights = selecting.by_chain(height, "--height")
    origin, loaded = load_stack(root, source), load_stack(root, target)
    ran = history.latest(selecting.history_of(root, origin, output), source)
    if not ran.succeeded:
        raise FleetError(f"update {ran.number} of {source} failed: `fleet up --stack {source}` first", Exit.BAD_INPUT)
    selecting.plan_with(root, source, ran)
    selecting.different(ran.source, plan_fleet(loaded))
    after = selecting.plan_with(root, target, ran)
    selecting.require_production(after.loaded, after)
    earlier = selecting.history_of(root, loaded, output)
    # A stack that never ran has nothing to lose: it changes from what its file names.
    before = selecting.plan_with(root, target, earlier[-1]) if earlier else plan_fleet(loaded)
    step = selecting.Step(before=before, after=after, runs=bool(earlier))
    selecting.select(root, step, heights, output, dry_run)


def rollback(
    context: typer.Context,
    stack: StackName,
    height: Heights = None,
    restored: Annotated[
        list[str] | None,
        typer.Option("--restored", help="A chain of which every daemon went through `fleet restore --leave-stopped`"),
    ] = None,
    dry_run: DryRun = False,
    json: Json = False,
) -> None:
    """Select the release that a stack ran before this one, if every daemon can go back; shows each of them first.

    Example: fleet rollback --stack mainnet --height KMD=4771000
    """
    output = Output(json=json)
    root = find_root(context.obj)
    heights = selecting.by_chain(height, "--height")
    found = selecting.history_of(root, load_stack(root, stack), output)
    last = history.latest(found, stack)
    earlier = history.before(found)
    if earlier is None:
        raise FleetError(f"{stack} ran no release before {last.source} that it did not go back from", Exit.BAD_INPUT)
    plans = [selecting.plan_with(root, stack, update) for update in (last, earlier)]
    step = selecting.Step(before=plans[0], after=plans[1], restored=tuple(restored or ()))
    selecting.require_production(plans[1].loaded, plans[1])
    selecting.select(root, step, heights, output, dry_run)
