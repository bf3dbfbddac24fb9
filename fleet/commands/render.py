"""Manifests as files: exactly the objects of an update, without a cluster or the engine."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
import yaml

from components.manifests.fleet import pem_shown, region_objects, secret_shown
from config.load import load_stack
from config.plan import plan_fleet
from fleet.commands.options import Json, StackName
from fleet.errors import Exit, FleetError
from fleet.output import Output, table
from fleet.project import find_root


class _Dumper(yaml.CSafeDumper):
    """Plain YAML without anchors: a reader of manifests expects each object whole."""

    def ignore_aliases(self, data: object) -> bool:
        del data
        return True


def add_to(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command()(render)


def render(
    context: typer.Context,
    stack: StackName,
    out: Annotated[Path, typer.Option("--out", "-o", help="The folder for one YAML file per region")],
    json: Json = False,
) -> None:
    """Write the objects that an update would apply, one YAML file per region; a secret shows as its key.

    Example: fleet render --stack mainnet --out rendered
    """
    plan = plan_fleet(load_stack(find_root(context.obj), stack))
    files: dict[str, dict[str, object]] = {}
    try:
        out.mkdir(parents=True, exist_ok=True)
        for name, region in plan.regions.items():
            objects = [manifest for _, manifest in region_objects(plan, region, secret_shown, pem_shown)]
            path = out / f"{name}.yaml"
            path.write_text(yaml.dump_all(objects, Dumper=_Dumper, sort_keys=False, width=120))
            files[name] = {"file": str(path), "objects": len(objects)}
    except OSError as error:
        raise FleetError(f"--out {out}: {error.strerror}", Exit.BAD_INPUT) from None
    shown = table("region", "objects", "file")
    for name, file in files.items():
        shown.add_row(name, str(file["objects"]), str(file["file"]))
    Output(json=json).result(files, shown)
