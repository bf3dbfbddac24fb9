"""The sandbox by hand: `fleet up` starts it by itself, and `fleet sandbox down` ends it."""

from __future__ import annotations

import shutil
from typing import Annotated

import typer

from config.load import load_stack
from fleet.commands.options import Json
from fleet.output import Output, table
from fleet.project import find_root
from sandbox import Sandbox, toolchain
from sandbox.pods import running, zookeeper_image

group = typer.Typer(help="Three regions on this machine.\n\nExample: fleet sandbox status", no_args_is_help=True)


def add_to(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.add_typer(group, name="sandbox")


@group.command()
def start(
    context: typer.Context,
    stack: Annotated[str, typer.Option("--stack", "-s", help="The stack whose regions are started")] = "local",
    json: Json = False,
) -> None:
    """Start the control planes of a stack's sandbox regions.

    Example: fleet sandbox start
    """
    root = find_root(context.obj)
    output = Output(json=json)
    regions = load_stack(root, stack).stack.regions
    sandbox = Sandbox(root, [name for name, region in regions.items() if region.sandboxed])
    sandbox.start(output.progress)
    _show(sandbox, output)


@group.command()
def build(json: Json = False) -> None:
    """Build the sandbox's tools ahead of their first use, which takes minutes when nothing is cached.

    Example: fleet sandbox build
    """
    output = Output(json=json)
    built = [*toolchain.ensure(toolchain.SANDBOX_TOOLS, output.progress)]
    if reason := running.unavailable():
        output.progress(f"ZooKeeper's servers can't run here: {reason}")
    else:
        zookeeper_image.ensure(output.progress)
        built.append("zookeeper")
    output.result(sorted(built), f"ready: {', '.join(sorted(built))}")


@group.command()
def status(context: typer.Context, json: Json = False) -> None:
    """Show the regions that run, with their API servers and processes.

    Example: fleet sandbox status --json
    """
    _show(Sandbox(find_root(context.obj), []), Output(json=json))


@group.command()
def down(context: typer.Context, json: Json = False) -> None:
    """Stop the sandbox and forget its clusters and their stacks' state: no process and no port is left.

    The passphrase stays: secrets in stack files are encrypted with it.

    Example: fleet sandbox down
    """
    root = find_root(context.obj)
    Sandbox(root, []).remove()
    for path in (root / ".fleet").glob("*"):
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
    Output(json=json).result({"running": False}, "the sandbox is down")


def _show(sandbox: Sandbox, output: Output) -> None:
    regions = sandbox.status()
    shown = table("region", "state", "API server", "processes")
    for name, region in regions.items():
        processes = ", ".join(f"{process} {pid}" for process, pid in region.pids.items())
        shown.add_row(name, region.state, region.server, processes)
    data = {name: {"state": item.state, "server": item.server, "pids": item.pids} for name, item in regions.items()}
    output.result(data, shown if regions else "the sandbox is not running")
