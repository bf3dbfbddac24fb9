"""How long a duty had an active signer, against how long it could have had one under the faults that were made. Pure.

What a strike `takes` are words: `server:2` serves nobody; `link:a>b` carries nothing from one region to another;
`host:NAME` reaches and hears nobody; `unit:DUTY@REGION` can't sign; `daemon:DUTY@REGION/CHAIN` can't be signed with;
`unsure:DUTY@REGION` may sign or not; `duty:DUTY` and `all` may not be signed for.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from chaos.stamps import SECOND, Execution, Strike

# Between two executed calls of an active signer; it makes some twenty a second.
ACTIVE_GAP = SECOND // 2
KMD, ANCHOR = "KMD", "LTC"  # without KMD nothing is signed, without its anchor all but KMD itself
Down = frozenset[str]
Span = tuple[int, int]


@dataclass(frozen=True, kw_only=True)
class Unit:
    """One candidate for a duty: its agent and its daemon, each on a host of its own."""

    duty: str
    region: str

    @property
    def agent_host(self) -> str:
        return f"{self.duty}-{self.region}-agent"

    @property
    def daemon_host(self) -> str:
        return f"{self.duty}-{self.region}-daemon"

    @property
    def name(self) -> str:
        """As it is named in these words."""
        return f"{self.duty}@{self.region}"

    @property
    def takes(self) -> str:
        """What a strike takes when this candidate can't sign."""
        return f"unit:{self.duty}@{self.region}"

    @property
    def unsure(self) -> str:
        """What a strike takes when nobody can tell whether it signs: what it has begun may go on, it begins nothing."""
        return f"unsure:{self.duty}@{self.region}"

    def daemon(self, chain: str) -> str:
        """What a strike takes when one of its daemons is of no use."""
        return f"daemon:{self.duty}@{self.region}/{chain}"


@dataclass(frozen=True, kw_only=True)
class Topology:
    """Regions of servers by number, and all candidates. `chains`: whose daemons each has."""

    servers: Mapping[int, str]
    units: tuple[Unit, ...]
    chains: tuple[str, ...] = (KMD, ANCHOR)

    @property
    def duties(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(unit.duty for unit in self.units))


def possible(topology: Topology, duty: str, down: Down) -> bool:
    """Whether some candidate could sign for something."""
    return bool(able(topology, duty, down))


def able(topology: Topology, duty: str, down: Down) -> dict[Unit, frozenset[str]]:
    """The candidates that could sign, each with the chains that it could sign for.

    Such a one is whole, it may, and it reaches a majority that a leader can have.
    """
    if "all" in down or f"duty:{duty}" in down:
        return {}
    serving = {number for members in _quorums(topology, down) for number in members}
    regions = {topology.servers[number] for number in serving}
    found: dict[Unit, frozenset[str]] = {}
    for unit in topology.units:
        gone = unit.takes in down or f"host:{unit.agent_host}" in down or f"host:{unit.daemon_host}" in down
        chains = signable(topology, unit, down)
        if unit.duty == duty and chains and not gone and any(_linked(unit.region, region, down) for region in regions):
            found[unit] = chains
    return found


def signable(topology: Topology, unit: Unit, down: Down) -> frozenset[str]:
    """The chains that a candidate could sign for, by its daemons alone."""
    there = {chain for chain in topology.chains if unit.daemon(chain) not in down}
    if KMD not in there:
        return frozenset()
    return frozenset(there - {ANCHOR} if ANCHOR in there else there - {KMD})


def _quorums(topology: Topology, down: Down) -> Iterator[set[int]]:
    alive = {number: region for number, region in topology.servers.items() if f"server:{number}" not in down}
    for leads in alive.values():
        members = {number for number, region in alive.items() if _linked(leads, region, down)}
        if 2 * len(members) > len(topology.servers):
            yield members


def _linked(a: str, b: str, down: Down) -> bool:
    return f"link:{a}>{b}" not in down and f"link:{b}>{a}" not in down


def best(topology: Topology, strikes: Sequence[Strike], within: Span) -> dict[str, list[Span]]:
    """By duty: when somebody could have signed, had every takeover taken no time at all."""
    moments = {within[0], within[1], *(strike.begin for strike in strikes), *(strike.end for strike in strikes)}
    found: dict[str, list[Span]] = {duty: [] for duty in topology.duties}
    for begin, end in pairwise(sorted(moment for moment in moments if within[0] <= moment <= within[1])):
        down = frozenset(
            word for strike in strikes if strike.begin <= begin and strike.end >= end for word in strike.takes
        )
        for duty in topology.duties:
            if possible(topology, duty, down):
                found[duty].append((begin, end))
    return found


def active(executions: Iterable[Execution], within: Span) -> dict[str, list[Span]]:
    """By duty: when calls were executed, gaps of an active signer between them counted in."""
    found: dict[str, list[Span]] = {}
    for item in sorted(executions, key=lambda item: item.begin):
        begin, end = max(item.begin, within[0]), min(item.end, within[1])
        spans = found.setdefault(item.duty, [])
        if begin > end:
            continue
        if spans and begin - spans[-1][1] <= ACTIVE_GAP:
            begin, end = spans[-1][0], max(end, spans.pop()[1])
        spans.append((begin, end))
    return found


def seconds(spans: Iterable[Span]) -> float:
    """The length of spans that don't overlap."""
    return sum(end - begin for begin, end in spans) / SECOND


def steady(executions: Sequence[Execution], duties: Iterable[str], within: Span) -> list[str]:
    """The duties that had an active signer for at least half of that time."""
    found = active(executions, within)
    return [duty for duty in duties if seconds(found.get(duty, [])) * SECOND >= (within[1] - within[0]) / 2]


def held_again(executions: Iterable[Execution], duties: Iterable[str], healed: int) -> dict[str, float | None]:
    """By duty: seconds from the end of the last fault to the next executed call; None if there was none."""
    after: dict[str, int] = {}
    for item in executions:
        if item.begin >= healed:
            after[item.duty] = min(item.begin, after.get(item.duty, item.begin))
    return {duty: (after[duty] - healed) / SECOND if duty in after else None for duty in duties}
