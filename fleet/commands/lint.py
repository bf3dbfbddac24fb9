"""Mistakes that are no errors of form: wrong ports, published RPC, pins that differ."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from config.lint.run import RULES, Request
from config.lint.run import lint as run_lint
from config.mistakes import ConfigError
from fleet.commands.options import Json
from fleet.errors import Exit, FleetError
from fleet.output import Output, table
from fleet.project import find_root

Files = list[Path] | None


def add_to(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command()(lint)


def lint(
    context: typer.Context,
    stack: Annotated[list[str] | None, typer.Option("--stack", "-s", help="A stack, with its registries")] = None,
    registry: Annotated[Files, typer.Option("--registry", help="A registry; also what ports are derived from")] = None,
    coins: Annotated[Files, typer.Option("--coins", help="A coin list such as GLEECBTC/coins `coins`")] = None,
    script: Annotated[
        Files, typer.Option("--script", help="A script, conf, compose file, Dockerfile, README or version file")
    ] = None,
    rules: Annotated[bool, typer.Option("--rules", help="Only list the rules")] = False,
    json: Json = False,
) -> None:
    """Find what is well formed and still wrong; every stack with its registries when nothing is named.

    With --stack, firewalls in scripts are held against the stack's duties, and pins against its release.

    Example: fleet lint --stack mainnet --coins coins --script setup.sh
    """
    output = Output(json=json)
    if rules:
        shown = table("rule", "what it finds")
        for name, sentence in RULES.items():
            shown.add_row(name, sentence)
        output.result([{"rule": name, "finds": sentence} for name, sentence in RULES.items()], shown)
        return
    root = find_root(context.obj)
    if not any(root.glob("Pulumi.?*.yaml")) and not (stack or registry or coins or script):
        raise FleetError("no stack here: a file Pulumi.<stack>.yaml", Exit.BAD_INPUT)
    given = [tuple(files or ()) for files in (registry, coins, script)]
    request = Request(root=root, stacks=tuple(stack or ()), registries=given[0], coins=given[1], scripts=given[2])
    report = run_lint(request)
    if report.mistakes:
        raise ConfigError(report.mistakes)
    shown = table("rule", "where", "found", "expected")
    for finding in report.findings:
        shown.add_row(finding.rule, Text(finding.path), Text(finding.found), Text(finding.expected))
    found = [asdict(finding) for finding in report.findings]
    output.result(found, shown if found else "nothing found")
    if found:
        raise typer.Exit(Exit.FAILED)
