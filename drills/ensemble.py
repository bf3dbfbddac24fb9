"""`python -m drills.ensemble --seed N`: every drill on real servers, a line each.

Odd seeds drill three servers in three regions, even ones five (2+2+1). The controls at the end break the ensemble on
purpose: there the checker must find what was lost. Needs root, for networks of its own.
Exit codes: 0 every drill held and every control was caught, 1 not, 3 something is missing on this machine.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from drills import report
from drills.drill import Drill, run
from drills.report import Result
from drills.rig import Rig
from drills.scenarios import changes, controls, crashes, disks, identities, observation, partitions
from drills.stacks import FIVE, THREE, Shape
from sandbox.errors import SandboxError
from sandbox.mounts import private_mounts
from sandbox.pods import Image, zookeeper_image
from sandbox.pods.python_image import python_image

LOG_DISK_MEBIBYTES = 48
DRILLS: tuple[Drill, ...] = (
    *crashes.DRILLS,
    *partitions.DRILLS,
    *disks.DRILLS,
    *identities.DRILLS,
    *changes.DRILLS,
    *observation.DRILLS,
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the drills that were asked for."""
    asked = _parser().parse_args(arguments)
    known = DRILLS if asked.no_controls else (*DRILLS, *controls.DRILLS)
    chosen = [drill for drill in known if not asked.only or drill.name in asked.only]
    try:
        results = drill_all(chosen, asked.seed, asked.servers or (3 if asked.seed % 2 else 5), asked.keep)
    except SandboxError as error:
        print(error, file=sys.stderr)  # noqa: T201
        return 3
    if asked.json:
        print(report.as_json(results))  # noqa: T201
    return 0 if all(held(result) for result in results) else 1


def held(result: Result) -> bool:
    """Whether a drill held, or a control was caught."""
    control = result.name.startswith("control-")
    return bool(result.lost) if control else result.passed


def drill_all(drills: Sequence[Drill], seed: int, servers: int, keep: Path | None) -> list[Result]:
    """Run drills one after another on one ensemble, a new one after a drill that could not be ended."""
    private_mounts("drills")  # the log's disks
    results: list[Result] = []
    with tempfile.TemporaryDirectory(prefix="drill-") as scratch:
        while len(results) < len(drills):
            folder = (keep or Path(scratch)) / f"{seed}-{len(results)}"
            _drill(drills[len(results) :], seed, folder, THREE if servers == 3 else FIVE, results)
    return results


def _drill(drills: Sequence[Drill], seed: int, folder: Path, shape: Shape, results: list[Result]) -> None:
    """Drill a new ensemble until one drill can't be ended; a line each on stderr."""
    folder.mkdir(parents=True)
    rig = _rig(folder, shape)
    try:
        rig.start(*rig.numbers)
        rig.wait_ready()
        for drill in drills:
            try:
                results.append(run(drill, rig, seed))
                _say(results[-1])
            except (TimeoutError, RuntimeError) as error:
                results.append(unfinished(drill, str(error)))
                _say(results[-1])
                return
    finally:
        rig.close()
        for number in range(1, 6):
            subprocess.run(["umount", "-l", str(rig.claim("datalog", number))], check=False, capture_output=True)


def unfinished(drill: Drill, why: str) -> Result:
    """A drill after which the ensemble was not whole."""
    return Result(
        name=drill.name, done="could not be ended", acknowledged=0, lost=0, longest_gap_s=0, seconds=0, violations=[why]
    )


def _say(result: Result) -> None:
    print(report.line(result), file=sys.stderr, flush=True)  # noqa: T201


def _rig(folder: Path, shape: Shape) -> Rig:
    images: dict[str, Image] = {"zookeeper": zookeeper_image.ensure(_tell), "failover": python_image()}
    rig = Rig(folder, shape, images, logStorage="1Gi", backup={"everyMinutes": 10_080}, memory="512Mi")
    for number in range(1, 6):
        disk = rig.claim("datalog", number)
        disk.mkdir(parents=True)
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={LOG_DISK_MEBIBYTES}m", "tmpfs", str(disk)], check=True)
    return rig


def _tell(text: str) -> None:
    print(text, file=sys.stderr, flush=True)  # noqa: T201


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m drills.ensemble",
        description=__doc__,
        epilog="Example: python -m drills.ensemble --seed 7 --only kill-leader --only roll",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    names = [drill.name for drill in (*DRILLS, *controls.DRILLS)]
    parser.add_argument("--seed", type=int, default=1, help="what is chosen by chance; default 1")
    parser.add_argument("--only", action="append", choices=names, metavar="DRILL", help=f"one of {', '.join(names)}")
    parser.add_argument("--no-controls", action="store_true", help="only what must hold")
    parser.add_argument("--servers", type=int, choices=(3, 5), help="three or five servers, whatever the seed says")
    parser.add_argument("--keep", type=Path, help="an empty folder for data, logs and histories, which stays")
    parser.add_argument("--json", action="store_true", help="all results as JSON on stdout")
    return parser


if __name__ == "__main__":
    sys.exit(main())
