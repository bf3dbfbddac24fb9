"""The part `first`: from `signer activated` to the new holder's first signature, in rounds instead of steady calls.

Iguana's double waits for blocks as the real one does: its queue begins empty at `dpow` (docs/adr/0038). The chains of
the doubles have a block each minute.
"""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from bench.failover.arena import Arena
from bench.failover.contender import tail
from bench.failover.patients import BLOCK_SECONDS, Calm, Patient, patients, signal_signer, size_of, when
from bench.failover.stats import Target, medians
from bench.process import BenchError
from chaos import stamps
from chaos.fleet import Member
from chaos.layout import API_PORT, ROOT
from chaos.stamps import SECOND

DUTIES, FEW = 3, 1
SETTLE_SECONDS, READY_SECONDS, OVER_SECONDS = 35, 600.0, 1200.0
# A round signs at its destination first, and that tells whose it is: LTC's daemon signs in KMD's alone.
SIGNS_IN = {"kmd_s": "LTC", "assetchain_s": "CCL"}
MOST_BLOCKS = {"kmd_s": 10 + 5, "assetchain_s": 5 + 2}  # srcconfirms, and a height that is a multiple of freq
WHAT = "a signer dies: its successor's first signature"
NOTES = [
    f"{DUTIES} duties of KMD, LTC and CCL in two regions, a hot standby each; blocks of {BLOCK_SECONDS} s. Iguana's "
    "double plays whole rounds, as if all other notaries answered at once, and skips none by KMD's height as the real "
    "one does for an assetchain: the network's other notaries may be at another height.",
]


def tools() -> dict[str, str]:
    """What is measured."""
    return {"zookeeper": "3.9.5"}


def measure(arena: Arena, _pairs: int, quick: bool) -> dict[str, Any]:
    """One death of each signer. BenchError where the fleet does not come up."""
    everybody, calm = patients(arena, FEW if quick else DUTIES, SETTLE_SECONDS), Calm(SETTLE_SECONDS)
    for one in everybody:
        for member in one.members:
            with_rounds(member)
    arena.work(READY_SECONDS, lambda: all(one.ready() for one in everybody))
    calm.begin()
    if not arena.work(READY_SECONDS, lambda: calm.over() and all(one.ready() for one in everybody)):
        raise BenchError(f"not ready within {READY_SECONDS:.0f} s: {'; '.join(one.state() for one in everybody)}")
    waiting = [_Waiting.begin(one) for one in everybody]
    arena.work(OVER_SECONDS, lambda: all(one.over() for one in waiting))
    found = [one.found for one in waiting if one.over()]
    for one in waiting:
        arena.report(f"  {one.patient.duty}: {one.found}")
    return result(found, len(waiting) - len(found))


def with_rounds(member: Member) -> None:
    """Its Iguana plays rounds."""
    file = member.folder / "agent.json"
    values = json.loads(file.read_text())
    program = str(ROOT / "doubles" / "iguana.py")
    values["signer"]["command"] = [sys.executable, "-I", "-S", program, "--api-port", str(API_PORT)]
    file.write_text(json.dumps(values))


def result(found: Sequence[Mapping[str, float]], missing: int) -> dict[str, Any]:
    """What came of it; `missing` had not signed for both chains in time."""
    targets = [Target(what="duties whose new holder did not sign", found=missing, at_most=0)]
    spreads = medians(found)
    for key, blocks in MOST_BLOCKS.items():
        if key in spreads:
            what = f"{key.removesuffix('_s')}: blocks from `signer activated` to the first signature, at most"
            targets.append(Target(what=what, found=spreads[key]["most"] / BLOCK_SECONDS, at_most=blocks))
    return {
        "comparisons": {},
        "spreads": {WHAT: {"fleet": spreads}},
        "verdicts": [target.as_dict() for target in targets],
        "notes": NOTES,
    }


class _Waiting:
    """One duty whose signer was killed."""

    def __init__(self, patient: Patient, other: Member) -> None:
        self.patient, self._other = patient, other
        self._struck, self._offset = stamps.now(), size_of(other)
        self.found: dict[str, float] = {}

    @classmethod
    def begin(cls, patient: Patient) -> _Waiting:
        """ValueError where nobody holds it."""
        holder = patient.holder()
        if holder is None:
            raise ValueError(f"{patient.duty}: nobody holds it")
        made = cls(patient, patient.other(holder))
        signal_signer(holder, signal.SIGKILL)
        return made

    def over(self) -> bool:
        """Whether it has signed for both chains."""
        if len(self.found) < 1 + len(SIGNS_IN):
            self._look()
        return len(self.found) == 1 + len(SIGNS_IN)

    def _look(self) -> None:
        activated = when(self._other, "signer activated", self._struck)
        if activated is None:
            return
        self.found["activated_s"] = (activated - self._struck) / SECOND
        done = tail(self._other.folder / "stamps.jsonl", self._offset)
        for key, chain in SIGNS_IN.items():
            first = min(
                (one.begin for one in done if one.daemon.endswith(f"/{chain}") and one.begin > self._struck),
                default=None,
            )
            if first is not None:
                self.found[key] = (first - activated) / SECOND
