"""Many seeds of the ensemble's drills, one after another: `python -m drills.campaign --seeds 1-20 --folder DIR`.

Each seed's results are kept in DIR; one that is there is not drilled again, so a campaign may be cut off and gone on
with. Wants a machine that does nothing else: the drills hold write gaps to seconds. Exit codes: 0 all held, 1 not.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any

from drills import seeds

Drilled = Mapping[str, Any]  # one drill's result, as `python -m drills.ensemble --json` prints it
COLUMNS = ("drill", "seeds", "writes acknowledged", "lost", "gap, median", "gap, longest")


def main() -> int:
    """Drill what is not drilled yet, and sum up."""
    asked = _parser().parse_args()
    found = seeds.collect(asked.seeds, asked.folder, _drill)
    rows = summary(found.values())
    if asked.out:
        asked.out.write_text(json.dumps({"seeds": asked.seeds, "drills": rows}, indent=1) + "\n")
    print(markdown(rows))  # noqa: T201
    failed = [*failures(found)]
    print("\n".join(failed) or f"all drills held, {len(found)} seeds", file=sys.stderr)  # noqa: T201
    return 1 if failed else 0


def summary(found: Iterable[Sequence[Drilled]]) -> list[dict[str, Any]]:
    """One row a drill over all seeds, in the order in which they were drilled; gaps in seconds."""
    rows: dict[str, list[Drilled]] = {}
    for results in found:
        for result in results:
            rows.setdefault(result["name"], []).append(result)
    return [
        {
            "drill": name,
            "seeds": len(found),
            "acknowledged": sum(item["acknowledged"] for item in found),
            "lost": sum(item["lost"] for item in found),
            "gap_median_s": round(median(item["longest_gap_s"] for item in found), 2),
            "gap_longest_s": round(max(item["longest_gap_s"] for item in found), 2),
        }
        for name, found in rows.items()
    ]


def markdown(rows: Iterable[Mapping[str, Any]]) -> str:
    """The summary as a table."""
    lines = [f"| {' | '.join(COLUMNS)} |", "|---|---:|---:|---:|---:|---:|"]
    for row in rows:
        gaps = f"{row['gap_median_s']:.2f} s | {row['gap_longest_s']:.2f} s"
        lines.append(f"| {row['drill']} | {row['seeds']} | {row['acknowledged']:,} | {row['lost']} | {gaps} |")
    return "\n".join(lines)


def failures(found: Mapping[int, Sequence[Drilled]]) -> Iterable[str]:
    """What did not hold, a line each."""
    for seed, results in found.items():
        for result in results:
            if not result["passed"]:
                yield f"seed {seed}, {result['name']}: {'; '.join(result['violations'])}"


def _drill(seed: int) -> list[str]:
    return [sys.executable, "-m", "drills.ensemble", "--seed", str(seed), "--no-controls", "--json"]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m drills.campaign",
        description=__doc__,
        epilog="Example: python -m drills.campaign --seeds 1-20 --folder campaign --out bench/campaign.json",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--seeds", type=seeds.parse, required=True, metavar="A-B", help="odd: three servers; even: five"
    )
    parser.add_argument("--folder", type=Path, required=True, help="where each seed's results are kept")
    parser.add_argument("--out", type=Path, help="write the summary there, as JSON")
    return parser


if __name__ == "__main__":
    sys.exit(main())
