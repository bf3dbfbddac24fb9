"""`python -m chaos --seed N --minutes M`: a fleet under faults, a line each; then both checkers. Needs root.

Odd seeds have one duty with three candidates, even ones two with two each.
FAILOVER_PATH names a folder with another copy of the package `failover`.
Exit codes: 0 nothing was wrong, 1 something was, 3 something is missing on this machine.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from chaos import layout, linearizable, schedule
from chaos.collect import tracebacks
from chaos.nemeses import KINDS
from chaos.run import LONGEST_SETTLE_SECONDS, Run, keep
from chaos.stage import staged
from chaos.verdict import Verdict, judge, lines
from sandbox.errors import SandboxError


def main(arguments: Sequence[str] | None = None) -> int:
    """One run, as asked for."""
    asked = _parser().parse_args(arguments)
    try:
        linearizable.ensure(_tell)
        with tempfile.TemporaryDirectory(prefix="chaos-") as scratch:
            verdict = _run(asked, asked.keep or Path(scratch))
    except SandboxError as error:
        _tell(str(error))
        return 3
    except TimeoutError as error:
        _tell(f"FAILED: {error}")
        return 1
    for line in lines(verdict):
        _tell(line)
    if asked.json:
        print(json.dumps(verdict.as_dict(), indent=2))  # noqa: T201
    return 0 if verdict.passed else 1


def _run(asked: argparse.Namespace, folder: Path) -> Verdict:
    kinds = {name: kind for name, kind in KINDS.items() if not asked.only or name in asked.only}
    seconds = asked.minutes * 60
    lasting = tuple(name for name, kind in kinds.items() if kind.lasts)
    # A run of chosen kinds has nothing beside them.
    shared = () if asked.only else tuple(name for name, kind in kinds.items() if kind.shared)
    times = {name: kind.seconds for name, kind in kinds.items()}
    faults = schedule.plan(asked.seed, seconds, times, lasting, shared)
    units = layout.units(asked.duties or 1 + (asked.seed + 1) % 2)
    with staged(folder, units, asked.seed, _tell) as fleet:
        run = Run(fleet=fleet, seed=asked.seed, kinds=kinds, until_wrong=asked.until_wrong)
        run.go(faults, seconds)
    keep(run, folder)
    span = (run.begun, run.healed, run.ended)
    surprises = sum(tracebacks(log) for log in folder.glob("units/*/*.log"))
    picture = folder / "porcupine.html"
    done, claims = run.executions(), run.claims()
    return judge(
        asked.seed,
        fleet.topology,
        run.strikes,
        done,
        claims,
        span,
        LONGEST_SETTLE_SECONDS,
        surprises,
        run.turns(),
        picture,
    )


def _tell(text: str) -> None:
    print(text, file=sys.stderr, flush=True)  # noqa: T201


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m chaos",
        description=__doc__,
        epilog="Example: python -m chaos --seed 7 --minutes 5 --only freeze-agent --only cut-region",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--seed", type=int, default=1, help="what is chosen by chance; default 1")
    parser.add_argument("--minutes", type=float, default=5.0, help="of faults; default 5")
    parser.add_argument("--only", action="append", choices=KINDS, metavar="KIND", help=f"one of {', '.join(KINDS)}")
    parser.add_argument("--until-wrong", action="store_true", help="end with the first violation: for mutants")
    parser.add_argument("--duties", type=int, choices=range(1, len(layout.NOTARIES) + 1), help="how many")
    parser.add_argument("--keep", type=Path, help="an empty folder for logs, stamps and pictures, which stays")
    parser.add_argument("--json", action="store_true", help="the result as JSON on stdout")
    return parser


if __name__ == "__main__":
    sys.exit(main())
