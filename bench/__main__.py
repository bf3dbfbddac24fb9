"""The command line: `python -m bench`."""

from __future__ import annotations

import importlib
import json as jsonlib
import signal
import sys
from typing import Annotated, Any

import typer

from bench import results
from bench.process import BenchError
from sandbox.errors import SandboxError

NAMES = ("overhead", "render", "apply", "ensemble", "looks")


def say(line: str) -> None:
    """One line of progress."""
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


def main(
    quick: Annotated[bool, typer.Option("--quick", help="Fewer pairs and smaller fleets")] = False,
    only: Annotated[str | None, typer.Option("--only", help=f"One of {', '.join(NAMES)}; all if left out")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the results as JSON")] = False,
) -> None:
    """Measure what the fleet's tools cost beside others, as ratios of runs in turns; results go to bench/results.

    Example: python -m bench --quick --only overhead
    """
    if only is not None and only not in NAMES:
        raise typer.BadParameter(f"{only} is none of {', '.join(NAMES)}", param_hint="--only")
    # An end from outside must still stop what was started: clusters, engine, provider.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    found: dict[str, Any] = {}
    failed = False
    for name in [only] if only else NAMES:
        try:
            benchmark = importlib.import_module(f"bench.{name}")
            found[name] = results.document(name, quick, benchmark.tools(), benchmark.measure(quick, say))
        except (BenchError, SandboxError) as error:
            say(f"{name}: {error}")
            failed = True
            continue
        results.write(found[name])
        for line in () if json else results.table([found[name]]):
            sys.stdout.write(f"{line}\n")
    if json:
        sys.stdout.write(jsonlib.dumps(found, indent=2) + "\n")
    raise typer.Exit(1 if failed else 0)


if __name__ == "__main__":
    typer.run(main)
