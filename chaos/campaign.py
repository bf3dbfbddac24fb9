"""Many seeds of chaos, and what all of them have shown: `python -m chaos.campaign --seeds 1-20 --folder DIR`.

Each seed's verdict is kept in DIR; one that is there is not run again, so a campaign may be cut off and gone on with.
Needs root. Exit codes: 0 all passed, 1 not.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from statistics import median
from typing import Any

from drills import seeds

Verdict = Mapping[str, Any]  # as `python -m chaos --json` prints it


def main() -> int:
    """Run what has not run yet, and sum up."""
    asked = _parser().parse_args()

    def run(seed: int) -> list[str]:
        return [sys.executable, "-m", "chaos", "--seed", str(seed), "--minutes", str(asked.minutes), "--json"]

    found = seeds.collect(asked.seeds, asked.folder, run, asked.at_once)
    whole = {**summary(found.values()), "minutes": asked.minutes, "at_once": asked.at_once}
    if asked.out:
        asked.out.write_text(json.dumps(whole, indent=1) + "\n")
    print(json.dumps(whole, indent=1))  # noqa: T201
    return 0 if whole["passed"] == len(found) else 1


def summary(verdicts: Iterable[Verdict]) -> dict[str, Any]:
    """What was done and what came of it, over all seeds; `violations` and those who failed by seed."""
    found = list(verdicts)
    kinds: Counter[str] = Counter()
    rules: Counter[str] = Counter()
    for verdict in found:
        kinds.update(verdict["kinds"])
        rules.update(verdict["rules"])
    again = [seconds for verdict in found for seconds in verdict["held_again"].values() if seconds is not None]
    return {
        "seeds": [verdict["seed"] for verdict in found],
        "passed": sum(verdict["passed"] for verdict in found),
        "failed": [verdict["seed"] for verdict in found if not verdict["passed"]],
        "late": {str(verdict["seed"]): verdict["late"] for verdict in found if verdict["late"]},
        "faults": sum(kinds.values()),
        "kinds": dict(sorted(kinds.items())),
        "pairs": sum(verdict["pairs"] for verdict in found),
        "quiet": sum(verdict["quiet"] for verdict in found),
        "calls": sum(verdict["calls"] for verdict in found),
        "claims": sum(verdict["claims"] for verdict in found),
        "violations": dict(rules),
        "disagreements": sum(len(verdict["disagree"]) for verdict in found),
        "porcupine": dict(Counter(said for verdict in found for said in verdict["porcupine"].values())),
        "held_share_median": round(median(verdict["held_share"] for verdict in found), 3),
        "best_share_median": round(median(verdict["best_share"] for verdict in found), 3),
        "held_again_median_s": round(median(again), 1) if again else None,
        "held_again_longest_s": round(max(again), 1) if again else None,
    }


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m chaos.campaign",
        description=__doc__,
        epilog="Example: python -m chaos.campaign --seeds 1-20 --minutes 8 --folder campaign --out bench/chaos.json",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--seeds", type=seeds.parse, required=True, metavar="A-B", help="odd: one duty; even: two")
    parser.add_argument("--minutes", type=float, default=5.0, help="of faults for each seed; default 5")
    parser.add_argument("--at-once", type=int, default=1, metavar="N", help="runs beside one another; default 1")
    parser.add_argument("--folder", type=Path, required=True, help="where each seed's verdict is kept")
    parser.add_argument("--out", type=Path, help="write the summary there, as JSON")
    return parser


if __name__ == "__main__":
    sys.exit(main())
