"""Whether signing goes on: a duty with an able candidate is signed for within a bound after the last change. Pure.

A change is that a fault begins or ends. Between two changes that concern a duty, and that are more than BOUND_SECONDS
apart, there must be no longer time without an executed call than that, neither after the first of them nor later:
  held     for the duty, if any candidate could have signed for any chain
  chain    for each chain that the candidate which could do most could have signed for
What a fault takes is in `possible`.

The bound: a frozen process or a host that is lost is noticed within a session (3 s) and its grace (1.3 s), a daemon
that is silent within two readings (a few seconds each), a signer that dies again and again pauses for up to 16 s
before its next start, one that starts needs some seconds, and an election as many; on two busy cores.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

from chaos.checker import Violation
from chaos.possible import KMD, Down, Span, Topology, Unit, able
from chaos.stamps import SECOND, Execution, Strike

BOUND_SECONDS = 30
RULES = ("held", "chain")
# After a fault of these a signer's start or activation may have failed, and others go first for a while: with the
# chains that they have.
PENALISING = frozenset(
    {"kill-signer", "freeze-signer", "hang-signer", "refuse-dpow", "die-at-dpow", "freeze-host", "kill-host"}
)
PENALTY_SECONDS = 180


def check(
    topology: Topology,
    strikes: Sequence[Strike],
    executions: Iterable[Execution],
    within: Span,
    bound: float = BOUND_SECONDS,
) -> list[Violation]:
    """Everything that was not signed for in time. `within`: from when the fleet signed at first, to the end."""
    called: dict[tuple[str, str], list[int]] = defaultdict(list)
    for item in executions:
        called[item.duty, item.chain].append(item.begin)
    found: list[Violation] = []
    for duty in topology.duties:
        for span, down in quiet(duty, strikes, within):
            if span[1] - span[0] > bound * SECOND:
                found += _of_span(topology, duty, span, down, strikes, called, bound)
    return found


def judged(topology: Topology, strikes: Sequence[Strike], within: Span, bound: float = BOUND_SECONDS) -> int:
    """How many times, over all duties, were long enough to be judged, and had an able candidate."""
    return sum(
        span[1] - span[0] > bound * SECOND and bool(_sure(topology, duty, down))
        for duty in topology.duties
        for span, down in quiet(duty, strikes, within)
    )


def quiet(duty: str, strikes: Sequence[Strike], within: Span) -> Iterator[tuple[Span, Down]]:
    """The times between changes that concern a duty, each with what could not work then."""
    own = [strike for strike in strikes if concerns(strike, duty)]
    moments = {*within, *(strike.begin for strike in own), *(strike.end for strike in own)}
    for begin, end in pairwise(sorted(moment for moment in moments if within[0] <= moment <= within[1])):
        yield (
            (begin, end),
            frozenset(word for strike in own if strike.begin <= begin and strike.end >= end for word in strike.takes),
        )


def concerns(strike: Strike, duty: str) -> bool:
    """Whether a fault may change anything for a duty: one that was made to no candidate in particular may for all."""
    return not strike.hits or any(hit.partition("@")[0] == duty for hit in strike.hits)


def _of_span(
    topology: Topology,
    duty: str,
    span: Span,
    down: Down,
    strikes: Sequence[Strike],
    called: dict[tuple[str, str], list[int]],
    bound: float,
) -> Iterator[Violation]:
    units = _sure(topology, duty, down)
    if not units:
        return
    calls = {chain: called[duty, chain] for chain in topology.chains}
    if gap := longest((moment for moments in calls.values() for moment in moments), span, bound):
        yield Violation("held", duty, _told(gap, sorted(unit.region for unit in units), down))
        return
    for chain in sorted(wanted(units, penalised(strikes, span[0]))):
        if gap := longest(calls[chain], span, bound):
            yield Violation("chain", duty, f"{chain}: {_told(gap, sorted(unit.region for unit in units), down)}")


def _sure(topology: Topology, duty: str, down: Down) -> dict[Unit, frozenset[str]]:
    return {unit: chains for unit, chains in able(topology, duty, down).items() if unit.unsure not in down}


def wanted(units: dict[Unit, frozenset[str]], last: frozenset[str]) -> frozenset[str]:
    """The chains that whoever holds the duty must sign for: KMD's first, then the most. `last`: who may go last."""
    reach = {unit: (KMD in chains, len(chains)) for unit, chains in units.items()}
    chosen = [unit for unit in units if reach[unit] == max(reach.values())]
    if any(unit.takes in last for unit in chosen):
        chosen = list(units)
    return frozenset.intersection(*(units[unit] for unit in chosen))


def penalised(strikes: Iterable[Strike], moment: int) -> frozenset[str]:
    """Candidates whose signer was struck lately, each by its `Unit.takes`."""
    patience = PENALTY_SECONDS * SECOND
    recent = [one for one in strikes if one.kind in PENALISING and one.begin <= moment <= one.end + patience]
    return frozenset(f"unit:{hit}" for strike in recent for hit in strike.hits)


def longest(moments: Iterable[int], span: Span, bound: float) -> Span | None:
    """The first time in the span that is longer than the bound and without any of these moments."""
    inside = sorted(moment for moment in moments if span[0] <= moment <= span[1])
    return next((gap for gap in pairwise((span[0], *inside, span[1])) if gap[1] - gap[0] > bound * SECOND), None)


def _told(gap: Span, regions: Sequence[str], down: Down) -> str:
    length = (gap[1] - gap[0]) / SECOND
    wrong = ", ".join(sorted(down)) or "nothing"
    return f"no call for {length:.1f} s from {gap[0] / SECOND:.3f} s on, able: {', '.join(regions)}; wrong: {wrong}"
