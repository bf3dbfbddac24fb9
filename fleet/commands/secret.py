"""The stack's secrets: values that the engine encrypts into the stack's file."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

from config.load import PROJECT, split_document, stack_file
from config.mistakes import ConfigError, Mistake, shown
from config.reader import read_yaml
from config.stack import Stack
from config.types import SECRET_KEY
from fleet.commands.options import Json, StackName
from fleet.errors import FleetError
from fleet.output import Output
from fleet.project import find_root
from fleet.workspace import Ground, last_line, prepare

group = typer.Typer(
    help="The stack's secrets.\n\nExample: fleet secret set rpcPassword --stack testnet", no_args_is_help=True
)
LONGEST = 256 * 1024  # characters; a kubeconfig has about 6,000


def add_to(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.add_typer(group, name="secret")


@group.command("set")
def set_secret(
    context: typer.Context,
    key: Annotated[str, typer.Argument(help="The key by which the configuration names the secret")],
    stack: StackName,
    json: Json = False,
) -> None:
    """Encrypt a value, typed unseen or read from standard input, into the stack's file.

    Example: fleet secret set kubeconfigEu --stack mainnet < eu.kubeconfig
    """
    output = Output(json=json)
    root = find_root(context.obj)
    stage = _stage(root, stack, key)
    value = typer.prompt(key, hide_input=True, err=True) if sys.stdin.isatty() else sys.stdin.read(LONGEST + 1)
    if not value.strip() or len(value) > LONGEST:
        found = "nothing" if not value.strip() else "more"
        raise ConfigError([Mistake(path="the value", found=found, expected=f"up to {LONGEST} characters")])
    ground = prepare(root, stack, stage == "sandbox", output.progress, changes=True)
    file = ["--config-file", str(stack_file(root, stack))]
    _engine(ground, ["stack", "select", "--create", stack], "")
    _engine(ground, ["config", "set", "--secret", "--stack", stack, *file, f"{PROJECT}:{key}"], value)
    output.result({"stack": stack, "key": key, "set": True}, f"{key} is set in Pulumi.{stack}.yaml, encrypted")


def _stage(root: Path, stack: str, key: str) -> object:
    """The stage of a stack whose other settings may be wrong still: a missing secret is a mistake, too."""
    source = stack_file(root, stack).name
    values, _, mistakes = split_document(read_yaml(stack_file(root, stack), source), source)
    plain = {str(field.alias) for field in Stack.model_fields.values()}
    if not SECRET_KEY.fullmatch(key) or key in plain:
        found = f"the plain key {key}" if key in plain else shown(key)
        mistakes.append(Mistake(path="KEY", found=found, expected="a secret's key such as rpcPassword"))
    if mistakes:
        raise ConfigError(mistakes)
    return values.get("stage")


def _engine(ground: Ground, arguments: list[str], given: str) -> None:
    """Run the engine with the value on its standard input: an argument would show in the list of processes."""
    done = subprocess.run(
        [str(ground.engine), "--non-interactive", *arguments],
        cwd=ground.work,
        env={**os.environ, **ground.environment},
        input=given,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise FleetError(f"the engine could not encrypt it: {last_line(done.stderr)}")
