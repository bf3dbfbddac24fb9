"""`python -m chaos.residual`: what the fence can't hold, made to happen and measured. Needs root.

A gate's check is the last word of the fence: a daemon that stands still after it executes late. Here that happens at
the worst moment: a signer's region is cut off, so that it goes on by its gate's last confirmation, and at once its
session is ended from elsewhere, so that another candidate claims the duty. The daemon waits for a while between reading
a call and executing it. Told is how far the old holder's last execution reached past the new one's first: below zero
they were apart. Exit codes: 0 measured, 1 the fleet did not do its part in time, 3 this machine lacks something.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

from chaos import layout, stamps, ways
from chaos.collect import acquisitions, executions
from chaos.fleet import Fleet, Member
from chaos.stage import staged
from chaos.stamps import SECOND, Execution
from chaos.strikes import signs
from sandbox.errors import SandboxError

PAUSES = (0.0, 0.2, 0.5, 1.0, 2.0, 4.0)
STEADY_SECONDS = 5.0  # one signer, and nobody who is to take over
LONGEST_SECONDS = 60.0


@dataclass(frozen=True, kw_only=True)
class Found:
    """Seconds. `reached` is below zero where old and new holder were apart."""

    pause: float
    reached: float


def measure(fleet: Fleet, pause: float, chance: Random) -> Found:
    """One round; afterwards everything works again."""
    old = _steady(fleet)
    (old.folder / "pause").write_text(f"{pause}")
    _work(fleet, 2 * pause + 0.5 + chance.random())
    session = ways.session_of(old)
    assert session
    before = max(item.epoch or 0 for item in _done(old))
    heal = fleet.cuts.make(lambda network: network.isolate(old.unit.region))
    others = [member for member in fleet.members if member is not old]
    ways.end_from_elsewhere(fleet, others[0].unit.region, session)
    cut_at = stamps.now()
    _work(fleet, LONGEST_SECONDS, lambda: any(_signed_since(member, cut_at) for member in others))
    _work(fleet, pause + 1)
    heal()
    (old.folder / "pause").unlink()
    first = min(item.begin for member in others for item in _after(member, before))
    last = max(item.end for item in _done(old) if item.epoch == before)
    return Found(pause=pause, reached=(last - first) / SECOND)


def _steady(fleet: Fleet) -> Member:
    """Who signs, once the same one has for a while, by its stamps and its agent's own word."""
    since, known = time.monotonic(), None
    begun = since
    while time.monotonic() - since < STEADY_SECONDS:
        if time.monotonic() - begun > LONGEST_SECONDS:
            raise TimeoutError(f"no steady signer within {LONGEST_SECONDS:.0f} s; see {fleet.folder}")
        _work(fleet, 0.2)
        now = [member for member in fleet.members if signs(member) and _signed_since(member, stamps.now() - SECOND)]
        if len(now) != 1 or now[0] is not known:
            since, known = time.monotonic(), now[0] if len(now) == 1 else None
    assert known is not None
    return known


def _signed_since(member: Member, moment: int) -> bool:
    last = stamps.last_end(member.folder / "stamps.jsonl")
    return last is not None and last > moment


def _done(member: Member) -> list[Execution]:
    return executions(member.folder, acquisitions(member.unit, member.folder / "agent.log"))


def _after(member: Member, epoch: int) -> list[Execution]:
    return [item for item in _done(member) if (item.epoch or 0) > epoch]


def _work(fleet: Fleet, seconds: float, reached: Callable[[], bool] = lambda: False) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until and not reached():
        fleet.tend()
        time.sleep(0.02)


def line(pause: float, found: Sequence[float]) -> str:
    """For people."""
    middle = statistics.median(found)
    return f"paused {pause:3.1f} s: {middle:+.2f} s in the middle, {max(found):+.2f} s at most, of {len(found)}"


def main(arguments: Sequence[str] | None = None) -> int:
    """All pauses, so many rounds each, in turns."""
    asked = _parser().parse_args(arguments)
    found: dict[float, list[float]] = {pause: [] for pause in PAUSES}
    try:
        with (
            tempfile.TemporaryDirectory(prefix="residual-") as scratch,
            staged(Path(scratch), layout.units(1)[:2], asked.seed, _tell) as fleet,
        ):
            chance = Random(asked.seed)
            for number in range(asked.rounds):
                for pause in PAUSES:
                    found[pause].append(measure(fleet, pause, chance).reached)
                    _tell(f"round {number + 1}  paused {pause:3.1f} s  reached {found[pause][-1]:+.3f} s")
    except SandboxError as error:
        _tell(str(error))
        return 3
    except TimeoutError as error:
        _tell(f"FAILED: {error}")
        return 1
    for pause, reached in found.items():
        _tell(line(pause, reached))
    if asked.json:
        print(json.dumps({f"{pause}": reached for pause, reached in found.items()}, indent=2))  # noqa: T201
    return 0


def _tell(text: str) -> None:
    print(text, file=sys.stderr, flush=True)  # noqa: T201


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m chaos.residual",
        description=__doc__,
        epilog="Example: python -m chaos.residual --rounds 5 --json",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--seed", type=int, default=1, help="what is chosen by chance; default 1")
    parser.add_argument("--rounds", type=int, default=5, help="of all pauses; default 5")
    parser.add_argument("--json", action="store_true", help="seconds by pause as JSON on stdout")
    return parser


if __name__ == "__main__":
    sys.exit(main())
