"""The stack's configuration: its JSON Schema for editors, and a check of all mistakes."""

from __future__ import annotations

import json as encoder
from pathlib import Path
from typing import Annotated

import typer

from config.load import load_stack, stack_names
from config.mistakes import ConfigError, Mistake
from config.schema import SCHEMA_FILE, stack_schema
from fleet.commands.options import Json
from fleet.errors import Exit, FleetError
from fleet.output import Output
from fleet.project import find_root

group = typer.Typer(
    help="The stacks' configuration.\n\nExample: fleet config check --stack testnet", no_args_is_help=True
)


def add_to(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.add_typer(group, name="config")


@group.command()
def schema(
    context: typer.Context,
    check: Annotated[bool, typer.Option("--check", help="Only tell whether the file is up to date")] = False,
    json: Json = False,
) -> None:
    """Write the JSON Schema of stack files, which editors complete and check against.

    Example: fleet config schema --check
    """
    path = find_root(context.obj) / SCHEMA_FILE
    text = encoder.dumps(stack_schema(), indent=2) + "\n"
    current = path.read_text() if path.exists() else ""
    if check and current != text:
        raise FleetError(f"{SCHEMA_FILE} is not what the models say; run `fleet config schema`")
    if not check:
        path.write_text(text)
    Output(json=json).result({"file": SCHEMA_FILE, "changed": current != text}, f"{SCHEMA_FILE} is up to date")


@group.command()
def check(
    context: typer.Context,
    stack: Annotated[list[str] | None, typer.Option("--stack", "-s", help="A stack; all of them if left out")] = None,
    json: Json = False,
) -> None:
    """Check stacks with everything that they point at, and tell every mistake.

    Example: fleet config check --stack testnet
    """
    root = find_root(context.obj)
    names = stack or stack_names(root)
    if not names:
        raise FleetError("no stack here: a file Pulumi.<stack>.yaml", Exit.BAD_INPUT)
    mistakes = [mistake for name in names for mistake in _mistakes(root, name)]
    if mistakes:
        raise ConfigError(mistakes)
    Output(json=json).result({"stacks": names, "mistakes": []}, f"no mistakes in {', '.join(names)}")


def _mistakes(root: Path, name: str) -> list[Mistake]:
    try:
        load_stack(root, name)
    except ConfigError as error:
        return list(error.mistakes)
    return []
