"""The part `sick`: a holder's daemon or its Iguana is lost with a hot standby beside it; and a chain joins a duty.

The fleet alone: nobody else looks at daemons. `activated elsewhere` is the other agent's own line; the first signing
call comes beside it, which for the double is at once, and for Iguana blocks later (the part `first`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from bench.failover.arena import Arena
from bench.failover.patients import AFTER_SECONDS, KINDS, Calm, Patient, joined, lost, patients
from bench.failover.stats import Target, medians
from bench.process import BenchError

STRIKES, DUTIES, FEW = 20, 5, 1
JOINS = 2  # rounds
SETTLE_SECONDS, READY_SECONDS, OVER_SECONDS = 120, 600.0, 60.0
WITHIN = 10.0  # seconds: issue 14
LONGER = 0.25  # seconds by which a pause between two calls may be longer while a chain joins, on two busy cores
WHAT = {
    "daemon-killed": "a daemon is killed and stays away",
    "daemon-frozen": "a daemon is frozen (SIGSTOP)",
    "signer-frozen": "Iguana is frozen (SIGSTOP)",
    "chain-joins": "a chain joins",
}
NOTES = [
    f"Each duty has KMD, LTC and CCL in two regions with a hot standby; {DUTIES} duties are struck at once. Of the "
    "daemons it is KMD's and CCL's in turns; where CCL's is lost, KMD is signed for until the duty moves.",
    "Times of failover, health and drain are those of a stack that says nothing of its own; both candidates have one "
    "priority, so that nothing moves back.",
    f"Before each strike both have been well for {SETTLE_SECONDS} s, which is `settleSeconds`.",
    "A chain joins: its daemons, which were away in both regions since before the signer started, come. `lost`: "
    "signing calls that its signer attempted and nobody executed, of all chains. `pause_s`: the longest time between "
    f"two executed calls of KMD from then until {AFTER_SECONDS:g} s after it has joined, beside as long a time before.",
]


def tools() -> dict[str, str]:
    """What is measured."""
    return {"zookeeper": "3.9.5"}


def measure(arena: Arena, _pairs: int, quick: bool, *, kinds: Sequence[str] = ()) -> dict[str, Any]:
    """As many rounds as make STRIKES of each kind, or of some. BenchError where the fleet does not come up, or back."""
    settle, pairs = (3, 1) if quick else (SETTLE_SECONDS, STRIKES // DUTIES)
    everybody, calm = patients(arena, FEW if quick else DUTIES, settle), Calm(settle)
    rounds: dict[str, list[dict[str, float]]] = defaultdict(list)
    failed: list[str] = []
    for number in range(1, pairs + 1):
        for kind in kinds or KINDS:
            if kind == "chain-joins" and number > JOINS:
                continue
            arena.report(f"round {number}/{pairs}, {WHAT[kind]}")
            found, sentences = (_join if kind == "chain-joins" else _strike)(arena, everybody, calm, kind, number)
            rounds[kind] += found
            failed += sentences
    return result(rounds, failed)


def result(rounds: Mapping[str, Sequence[Mapping[str, float]]], failed: Sequence[str]) -> dict[str, Any]:
    """What came of all strikes; `failed` has a sentence for each that nothing came of."""
    spreads = {WHAT[kind]: {"fleet": medians(found)} for kind, found in rounds.items() if found}
    return {"comparisons": {}, "spreads": spreads, "verdicts": _targets(rounds, failed), "notes": [*NOTES, *failed]}


def _targets(rounds: Mapping[str, Sequence[Mapping[str, float]]], failed: Sequence[str]) -> list[dict[str, Any]]:
    made: list[Target] = []
    for kind in KINDS[1:]:
        if spread := medians(rounds.get(kind, ())).get("activated_s"):
            what = f"{WHAT[kind]}: p99 in s until activated elsewhere"
            made.append(Target(what=what, found=spread["p99"], at_most=WITHIN))
    if joins := rounds.get("chain-joins"):
        for key, what in (
            ("refused", "calls that a gate refused"),
            ("lost", "calls of the others lost"),
            ("moved", "duties that moved"),
        ):
            made.append(Target(what=f"{WHAT['chain-joins']}: {what}", found=sum(one[key] for one in joins), at_most=0))
        longer = max(one["pause_s"] - one["pause_before_s"] for one in joins)
        made.append(
            Target(
                what=f"{WHAT['chain-joins']}: s by which a pause was longer than before", found=longer, at_most=LONGER
            )
        )
    made.append(Target(what="strikes that nothing came of", found=len(failed), at_most=0))
    return [target.as_dict() for target in made]


Found = tuple[list[dict[str, float]], list[str]]


def _strike(arena: Arena, everybody: Sequence[Patient], calm: Calm, kind: str, number: int) -> Found:
    _wait(arena, everybody, calm, WHAT[kind])
    cases = [lost(one, kind, number + place) for place, one in enumerate(everybody)]
    arena.work(OVER_SECONDS, lambda: all(case.over() for case in cases))
    found, failed = list[dict[str, float]](), list[str]()
    for case in cases:
        measured = case.measured()
        told = f"{case.patient.duty}, {case.what}"
        if measured is None:
            failed.append(f"{told}: nobody was activated elsewhere within {OVER_SECONDS:.0f} s")
        else:
            found.append(measured)
        arena.report(f"  {told}: {measured}")
        case.heal()
    calm.begin()
    return found, failed


def _join(arena: Arena, everybody: Sequence[Patient], calm: Calm, kind: str, number: int) -> Found:
    """Each signer is started anew without the chain; then its daemons come, in both regions at once."""
    del number
    _wait(arena, everybody, calm, WHAT[kind])
    for one in everybody:
        one.hold("CCL")
    arena.work(5)
    for one in everybody:
        one.kill_signer()
    calm.begin()
    _wait(arena, everybody, calm, f"{WHAT[kind]}, which is away")
    cases = [joined(one, "CCL") for one in everybody]
    arena.work(OVER_SECONDS, lambda: all(case.over() for case in cases))
    found, failed = list[dict[str, float]](), list[str]()
    for case in cases:
        measured = case.measured()
        if measured is None:
            failed.append(f"{case.patient.duty}: CCL had not joined {OVER_SECONDS:.0f} s after its daemons came")
        else:
            found.append(measured)
        arena.report(f"  {case.patient.duty}: {measured}")
    calm.begin()
    return found, failed


def _wait(arena: Arena, everybody: Sequence[Patient], calm: Calm, before: str) -> None:
    def well() -> bool:
        if not all(one.ready() for one in everybody):
            calm.begin()
        return calm.over()

    if not arena.work(READY_SECONDS, well):
        late = [one.state() for one in everybody if not one.ready()]
        raise BenchError(f"before {before}: not ready within {READY_SECONDS:.0f} s: {'; '.join(late)}")
