"""The command line: `python -m bench.failover`. Needs root, for networks and mounts of its own."""

from __future__ import annotations

import importlib
import json as jsonlib
import signal
import sys
import tempfile
from pathlib import Path
from typing import Annotated, Any

import typer

from bench import results
from bench.failover.arena import opened
from bench.process import BenchError
from sandbox.errors import SandboxError
from sandbox.mounts import private_mounts

PARTS = ("gate", "takeover", "duties", "blackhole")
COMMAND = "python -m bench.failover"
PACKAGES = ("kazoo", "aiohttp")
PAIRS = 7


def say(line: str) -> None:
    """One line of progress."""
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


def main(
    quick: Annotated[bool, typer.Option("--quick", help="One pair and short runs; nothing is written")] = False,
    only: Annotated[list[str] | None, typer.Option("--only", help=f"Of {', '.join(PARTS)}; all if left out")] = None,
    pairs: Annotated[int, typer.Option("--pairs", min=1, help="Rounds of all contenders")] = PAIRS,
    against: Annotated[
        list[str] | None, typer.Option("--against", help="Of kazoo, patroni, client-go, for takeover; all if left out")
    ] = None,
    kind: Annotated[
        list[str] | None, typer.Option("--kind", help="Of signer, agent, host, handover, leader; all if left out")
    ] = None,
    keep: Annotated[Path | None, typer.Option("--keep", help="A folder for logs and stamps, which stays")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the results as JSON")] = False,
) -> None:
    """Measure failover beside kazoo, Patroni and client-go, and the gate beside nginx; results go to bench/results.

    Example: python -m bench.failover --only takeover --against kazoo --kind host --pairs 10
    """
    if unknown := sorted({*(only or ())} - {*PARTS}):
        raise typer.BadParameter(f"{', '.join(unknown)}: expected one of {', '.join(PARTS)}", param_hint="--only")
    # An end from outside must still stop what was started.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: sys.exit(143))
    found: dict[str, Any] = {}
    failed = False
    for name in only or PARTS:
        try:
            options = {"against": against or (), "kinds": kind or ()}
            with tempfile.TemporaryDirectory(prefix="bench-", ignore_cleanup_errors=True) as scratch:
                folder = (keep or Path(scratch)) / name
                folder.mkdir(parents=True)
                found[name] = _measured(name, folder, quick, 1 if quick else pairs, options)
        except (BenchError, SandboxError, TimeoutError) as error:
            say(f"{name}: {error}")
            failed = True
            continue
        if not quick:
            results.write(found[name])
        for line in () if json else results.table([found[name]]):
            sys.stdout.write(f"{line}\n")
    if json:
        sys.stdout.write(jsonlib.dumps(found, indent=2) + "\n")
    raise typer.Exit(1 if failed else 0)


def _measured(name: str, folder: Path, quick: bool, pairs: int, chosen: dict[str, Any]) -> dict[str, Any]:
    """One part, on an ensemble of its own."""
    part = importlib.import_module(f"bench.failover.{name}")
    with opened(folder, say) as arena:
        say(f"{name}: the ensemble serves")
        measured = part.measure(arena, pairs, quick, **(chosen if name == "takeover" else {}))
    made = results.document(f"failover-{name}", quick, part.tools(), measured)
    return {**made, "command": f"{COMMAND} --only {name} --pairs {pairs}"}


if __name__ == "__main__":
    private_mounts("bench-failover")
    typer.run(main)
