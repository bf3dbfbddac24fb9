"""What a run has shown, by both checkers, in words and as JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from chaos import apart, liveness, possible
from chaos.apart import Turn
from chaos.checker import Violation, check
from chaos.linearizable import verdicts
from chaos.possible import Span, Topology
from chaos.stamps import SECOND, Acquisition, Execution, Strike

STEADY_SECONDS = 10  # at the end of a run
# The rules that porcupine's model has as well.
SHARED = {"order", "known", "claims"}


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """A run's result. Seconds; shares are of all duties together, 0 to 1.

    `quiet`: how many times there were, over all duties, for which liveness was judged.
    """

    seed: int
    faults: int
    kinds: dict[str, int]
    pairs: int
    quiet: int
    calls: int
    claims: int
    violations: list[str]
    rules: dict[str, int]
    porcupine: dict[str, str]
    disagree: list[str]
    held_share: float
    best_share: float
    held_again: dict[str, float | None]
    steady: list[str]
    tracebacks: int
    limit: float

    @property
    def late(self) -> list[str]:
        """Duties that were not signed for again in time, or did not stay so to the end."""
        in_time = {duty for duty, seconds in self.held_again.items() if seconds is not None and seconds <= self.limit}
        return [duty for duty in self.held_again if duty not in in_time or duty not in self.steady]

    @property
    def passed(self) -> bool:
        return not (self.violations or self.late or self.disagree) and set(self.porcupine.values()) <= {"ok"}

    def as_dict(self) -> dict[str, Any]:
        """For --json."""
        return {**asdict(self), "late": self.late, "passed": self.passed}


def wrong(
    topology: Topology,
    executions: Sequence[Execution],
    claims: Sequence[Acquisition],
    turns: Sequence[Turn],
    strikes: Sequence[Strike],
    within: Span,
) -> list[Violation]:
    """What our own checkers find. `within`: from when faults could come first, to the end."""
    safe = [*check(executions, claims), *apart.check(turns, strikes)]
    return [*safe, *liveness.check(topology, strikes, executions, within)]


def judge(
    seed: int,
    topology: Topology,
    strikes: Sequence[Strike],
    executions: Sequence[Execution],
    claims: Sequence[Acquisition],
    span: tuple[int, int, int],
    limit: float,
    tracebacks: int,
    turns: Sequence[Turn],
    picture: Path | None,
) -> Verdict:
    """`span`: when faults could come first, when the last was over, the end. `picture`: porcupine's, if it says no."""
    begun, healed, ended = span
    violations = wrong(topology, executions, claims, turns, strikes, (begun, ended))
    opinions = verdicts(executions, claims)
    if picture and "illegal" in opinions.values():
        verdicts(executions, claims, picture)
    within = (begun, healed)
    best, held = possible.best(topology, strikes, within), possible.active(executions, within)
    whole = len(topology.duties) * (healed - begun) / 1e9
    return Verdict(
        seed=seed,
        faults=len(strikes),
        kinds=dict(sorted(Counter(strike.kind for strike in strikes).items())),
        pairs=sum(_overlap(one, other) for place, one in enumerate(strikes) for other in strikes[place + 1 :]),
        quiet=liveness.judged(topology, strikes, (begun, ended)),
        calls=len(executions),
        claims=len(claims),
        violations=[str(violation) for violation in violations],
        rules=dict(Counter(violation.rule for violation in violations)),
        porcupine=opinions,
        disagree=disagreements(violations, opinions),
        held_share=sum(possible.seconds(spans) for spans in held.values()) / whole,
        best_share=sum(possible.seconds(spans) for spans in best.values()) / whole,
        held_again=possible.held_again(executions, topology.duties, healed),
        steady=possible.steady(executions, topology.duties, (ended - STEADY_SECONDS * SECOND, ended)),
        tracebacks=tracebacks,
        limit=limit,
    )


def disagreements(violations: Sequence[Violation], opinions: dict[str, str]) -> list[str]:
    """Duties of which the two checkers think differently."""
    bad = {violation.duty for violation in violations if violation.rule in SHARED}
    return [
        duty for duty, opinion in opinions.items() if opinion != "unknown" and (opinion == "illegal") != (duty in bad)
    ]


def _overlap(one: Strike, other: Strike) -> bool:
    return one.begin < other.end and other.begin < one.end


def lines(verdict: Verdict) -> list[str]:
    """A summary for people."""
    again = ", ".join(f"{duty} {'never' if s is None else f'{s:.1f} s'}" for duty, s in verdict.held_again.items())
    stale = sum(verdict.rules.get(rule, 0) for rule in ("stale", "known"))
    overlaps = sum(verdict.rules.get(rule, 0) for rule in ("order", "signers"))
    return [
        *verdict.violations,
        *(f"the checkers disagree about {duty}" for duty in verdict.disagree),
        f"seed {verdict.seed}: {verdict.faults} faults of {len(verdict.kinds)} kinds, {verdict.pairs} pairs at once; "
        f"{verdict.calls} calls executed under {verdict.claims} claims",
        f"overlaps: {overlaps}; stale: {stale}; claims out of order: {verdict.rules.get('claims', 0)}; "
        f"signers side by side: {verdict.rules.get('apart', 0)}; "
        f"not signed for in {liveness.BOUND_SECONDS} s: {sum(verdict.rules.get(rule, 0) for rule in liveness.RULES)}, "
        f"of {verdict.quiet} times so long; "
        f"porcupine: {', '.join(sorted(set(verdict.porcupine.values())))}",
        f"signed for {verdict.held_share:.1%} of the time, at best {verdict.best_share:.1%} was possible",
        f"held again after the last fault: {again} (at most {verdict.limit:.0f} s)",
        *(f"not held for good at the end: {duty}" for duty in verdict.late),
        *([f"{verdict.tracebacks} tracebacks in logs"] if verdict.tracebacks else []),
        "passed" if verdict.passed else "FAILED",
    ]
