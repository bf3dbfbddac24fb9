"""preview: what an update would do, in the engine's words and in the operator's."""

from __future__ import annotations

import copy
from enum import StrEnum
from typing import Annotated, Any

import typer

from config.plan import FleetPlan
from config.prices import load_prices
from fleet import policies, recover
from fleet.commands.options import Json, StackName
from fleet.commands.stack import Remove, load, planned_names
from fleet.errors import Exit, FleetError
from fleet.impact.change import Planned, changes_of
from fleet.impact.impact import Impact, impact_of, to_json
from fleet.impact.text import markdown, shown
from fleet.output import Output
from fleet.reach import unreachable_regions
from fleet.summary import summary, tables
from fleet.update import Look, run
from fleet.workspace import open_stack


class Format(StrEnum):
    """For a terminal, or for a pull request's comment."""

    TEXT = "text"
    MARKDOWN = "markdown"


Shape = Annotated[Format, typer.Option("--format", help="markdown: the operator's diff alone, for a comment")]
Judged = Annotated[
    bool, typer.Option("--policies", help="Let the rules of policy/ judge the plan; a refusal is exit 1")
]
Drift = Annotated[bool, typer.Option("--drift", help="Ask the clusters what is there; anything that differs is exit 1")]


def add_to(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command()(preview)


def preview(
    context: typer.Context,
    stack: StackName,
    remove: Remove = None,
    shape: Shape = Format.TEXT,
    judged: Judged = False,
    drift: Drift = False,
    json: Json = False,
) -> None:
    """Plan an update without making it, and say what it means. Needs neither credentials nor a reachable cluster.

    Example: fleet preview --stack mainnet --policies
    """
    output = Output(json=json)
    root, loaded, plan = load(context, stack)
    for region in unreachable_regions(root, plan):
        output.progress(f"warning: {region}: planned without asking it")
    workspace = open_stack(root, loaded, output.progress, changes=False)
    recover.permit_removals(workspace, planned_names(plan), tuple(remove or ()), True, output.progress)
    deployment: dict[str, Any] = copy.deepcopy(dict(workspace.stack.export_stack().deployment or {}))
    planned, verdicts = Planned(), policies.Verdicts()
    chosen = policies.prepare(root, plan, deployment, remove or ()) if judged else None
    look = Look(listeners=(planned, verdicts), policies=chosen, drift=drift)
    result = run(workspace, plan, "preview", output.progress, look=look)
    impact = _impact(plan, deployment, planned)
    errors = [*verdicts.refused, *result.errors]
    for advice in verdicts.advised:
        output.progress(f"warning: {advice}")
    if json:
        data = summary(plan, result) | {"ok": not errors, "errors": errors, "advice": verdicts.advised}
        output.result({**data, "impact": to_json(impact)})
    elif shape is Format.MARKDOWN:
        print(markdown(impact, errors, verdicts.advised))  # noqa: T201
    else:
        output.result(None, *tables(summary(plan, result)), "", *shown(impact))
    _end(output, errors)


def _impact(plan: FleetPlan, deployment: dict[str, Any], planned: Planned) -> Impact:
    """Places are known for regions of a kind with prices: those that name a region of the cloud."""
    fields = {name: part.region.model_dump() for name, part in plan.regions.items()}
    places = {name: str(found["aws_region"]) for name, found in fields.items() if "aws_region" in found}
    changes = changes_of(deployment, planned, planned_names(plan))
    keeping = [name for name, part in plan.regions.items() if part.region.snapshot_class]
    return impact_of(plan.loaded.name, plan.loaded.release.version, changes, places, load_prices(), keeping)


def _end(output: Output, errors: list[str]) -> None:
    if errors and output.json:
        raise typer.Exit(Exit.FAILED)
    if errors:
        raise FleetError("\n".join(errors))
