"""The command line: `python -m bench.failover`. Needs root, for networks and mounts of its own.

Exit codes: 0 measured, 1 a part was not, 2 bad arguments, 3 this process may not.
"""

from __future__ import annotations

import importlib
import json as jsonlib
import signal
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from bench import results
from bench.failover.arena import opened
from bench.failover.patients import KINDS as SICK
from bench.failover.takeovers import KINDS
from bench.process import BenchError
from sandbox.errors import SandboxError
from sandbox.mounts import private_mounts

PARTS = ("gate", "takeover", "sick", "first", "duties", "blackhole")
COMMAND = "python -m bench.failover"
PACKAGES = ("kazoo", "aiohttp")
PAIRS = 7
OTHERS = ("kazoo", "patroni", "client-go")


def say(line: str) -> None:
    """One line of progress."""
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


def main(
    quick: Annotated[bool, typer.Option("--quick", help="One pair and short runs; nothing is written")] = False,
    only: Annotated[list[str] | None, typer.Option("--only", help=f"Of {', '.join(PARTS)}; all if left out")] = None,
    pairs: Annotated[int, typer.Option("--pairs", min=1, help="Rounds of all contenders")] = PAIRS,
    against: Annotated[
        list[str] | None, typer.Option("--against", help=f"For takeover, of {', '.join(OTHERS)}; all if left out")
    ] = None,
    kind: Annotated[
        list[str] | None,
        typer.Option(
            "--kind", help=f"For takeover, of {', '.join(KINDS)}; for sick, of {', '.join(SICK)}; all if left out"
        ),
    ] = None,
    keep: Annotated[Path | None, typer.Option("--keep", help="A folder for logs and stamps, which stays")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the results as JSON")] = False,
) -> None:
    """Measure failover beside kazoo, Patroni and client-go, and the gate beside nginx; results go to bench/results.

    Example: python -m bench.failover --only takeover --against kazoo --kind host --pairs 10
    """
    _known("--only", only, PARTS)
    _known("--kind", kind, (*KINDS, *SICK))
    _known("--against", against, OTHERS)
    # An end from outside must still stop what was started.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: sys.exit(143))
    try:
        private_mounts("bench-failover")
    except SandboxError as error:
        say(str(error))
        raise typer.Exit(3) from None
    found = dict[str, dict[str, Any]]()
    for name in only or PARTS:
        if one := _attempted(name, quick, 1 if quick else pairs, keep, _options(name, against or (), kind or ())):
            found[name] = one
            if not json:
                sys.stdout.writelines(f"{line}\n" for line in results.table([one]))
    if json:
        sys.stdout.write(jsonlib.dumps(found, indent=2) + "\n")
    raise typer.Exit(0 if len(found) == len(only or PARTS) else 1)


def _attempted(
    name: str, quick: bool, pairs: int, keep: Path | None, options: Mapping[str, Sequence[str]]
) -> dict[str, Any] | None:
    """One part, written at once; one that fails says why, and the others go on."""
    try:
        with tempfile.TemporaryDirectory(prefix="bench-", ignore_cleanup_errors=True) as scratch:
            folder = (keep or Path(scratch)) / name
            folder.mkdir(parents=True)
            found = _measured(name, folder, quick, pairs, options)
            if not quick:
                results.write(found)
            return found
    except (BenchError, SandboxError, TimeoutError) as error:
        say(f"{name}: {error}")
    return None


def _options(name: str, against: Sequence[str], kinds: Sequence[str]) -> dict[str, Sequence[str]]:
    """What a part knows of."""
    if name == "takeover":
        return {"against": against, "kinds": [kind for kind in kinds if kind in KINDS]}
    return {"kinds": [kind for kind in kinds if kind in SICK]} if name == "sick" else {}


def _known(option: str, given: list[str] | None, known: tuple[str, ...]) -> None:
    if unknown := sorted({*(given or ())} - {*known}):
        raise typer.BadParameter(f"{', '.join(unknown)}: expected of {', '.join(known)}", param_hint=option)


def _measured(name: str, folder: Path, quick: bool, pairs: int, options: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """One part, on an ensemble of its own."""
    part = importlib.import_module(f"bench.failover.{name}")
    with opened(folder, say) as arena:
        say(f"{name}: the ensemble serves")
        measured = part.measure(arena, pairs, quick, **options)
    given = "".join(f" --{key.removesuffix('s')} {value}" for key, values in options.items() for value in values)
    made = results.document(f"failover-{name}", quick, part.tools(), measured)
    return {**made, "command": f"{COMMAND} --only {name} --pairs {pairs}{given}"}


if __name__ == "__main__":
    typer.run(main)
