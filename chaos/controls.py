"""`python -m chaos.controls`: each mutant under faults that bring it out; one that nothing catches is a gap.

Needs root. A run ends with its first violation, of safety or of liveness. A mutant that no run caught may still be
caught by the model, where its rule is one of the model's (`make model`), and by tests of the code (`make test-long`).
Exit codes: 0 every mutant was caught, 1 not, 3 this machine lacks something.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from chaos import layout
from chaos.mutant import Mutant
from chaos.mutants import MUTANTS


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of one mutant. `rules`: those that it broke, and how often; `model`: its name there, if any.

    `tests`: those that fail with it, whatever a run shows.
    """

    name: str
    rules: dict[str, int]
    first: str
    faults: int
    seconds: float
    model: str
    tests: str = ""

    @property
    def caught(self) -> bool:
        """Whether something noticed."""
        return bool(self.rules or self.model or self.tests)


class MissingError(Exception):
    """What a run needs and this machine has not, in a sentence."""


def attempt(mutant: Mutant, seed: int, minutes: float) -> Outcome:
    """One run with the mutant in place of the package. Raises MissingError, ValueError where the code has changed."""
    begun = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="mutant-") as folder:
        changed = mutant.copied_to(Path(folder))
        kinds = [word for kind in mutant.faults for word in ("--only", kind)]
        asked = ["--seed", str(seed), "--minutes", str(minutes), "--duties", "2", "--until-wrong", "--json", *kinds]
        done = subprocess.run(
            [sys.executable, "-m", "chaos", *asked],
            env={**os.environ, "FAILOVER_PATH": str(changed)},
            cwd=layout.ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
    if done.returncode == 3:
        raise MissingError(done.stderr.strip().splitlines()[-1])
    told = _verdict(done.stdout)
    found: list[str] = told["violations"]
    return Outcome(
        name=mutant.name,
        rules=told["rules"],
        first=found[0] if found else "",
        faults=told["faults"],
        seconds=round(time.monotonic() - begun, 1),
        model=mutant.model,
        tests=mutant.tests,
    )


def _verdict(text: str) -> dict[str, Any]:
    """A run's own; one that did not even come up has none, and has caught nothing."""
    return json.loads(text) if text else {"violations": [], "rules": {}, "faults": 0}


def line(outcome: Outcome) -> str:
    """For people."""
    by = [f"chaos: {', '.join(outcome.rules)}"] if outcome.rules else []
    by += [f"model: {outcome.model}"] if outcome.model else []
    by += ["tests"] if outcome.tests and not outcome.model else []
    told = f"caught by {'; '.join(by)}" if by else "SURVIVED"
    return (
        f"{outcome.name:36} {told:50} {outcome.faults:3} faults {outcome.seconds:5.1f} s  {outcome.first[:60]}".rstrip()
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """All mutants, or those that were asked for."""
    asked = _parser().parse_args(arguments)
    chosen = [mutant for mutant in MUTANTS if not (asked.only and mutant.name not in asked.only)]
    chosen = [mutant for mutant in chosen if not (asked.unmodelled and mutant.tests)]
    outcomes: list[Outcome] = []
    with ThreadPoolExecutor(max_workers=asked.at_once) as pool:
        try:
            for outcome in pool.map(lambda mutant: attempt(mutant, asked.seed, asked.minutes), chosen):
                outcomes.append(outcome)
                print(line(outcome), file=sys.stderr, flush=True)  # noqa: T201
        except MissingError as error:
            pool.shutdown(cancel_futures=True)
            print(error, file=sys.stderr)  # noqa: T201
            return 3
    if asked.json:
        print(json.dumps([{**asdict(one), "caught": one.caught} for one in outcomes], indent=2))  # noqa: T201
    return 0 if all(one.caught for one in outcomes) else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m chaos.controls",
        description=__doc__,
        epilog="Example: python -m chaos.controls --only no-grace --only watch-only --minutes 3",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    names = [mutant.name for mutant in MUTANTS]
    parser.add_argument("--seed", type=int, default=1, help="what is chosen by chance; default 1")
    parser.add_argument("--minutes", type=float, default=2.0, help="of faults for each at most; default 2")
    parser.add_argument("--only", action="append", choices=names, metavar="MUTANT", help=f"one of {', '.join(names)}")
    parser.add_argument("--unmodelled", action="store_true", help="leave out those that models or tests catch")
    parser.add_argument("--at-once", type=int, default=1, metavar="N", help="runs beside one another; default 1")
    parser.add_argument("--json", action="store_true", help="all outcomes as JSON on stdout")
    return parser


if __name__ == "__main__":
    sys.exit(main())
