"""Duties whose signer would stop or move, and the rounds and score that this may cost at most."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from config.each import at
from fleet.impact import rounds
from fleet.impact.change import Change
from fleet.impact.turns import Turns, simulate
from fleet.impact.workload import chain, duty, files, is_set, restarts, role

Outcome = Literal["new", "gone", "hands over", "standby restarts", "nobody signs", "candidates change"]


@dataclass(kw_only=True)
class Side:
    """One duty before or after: each candidate's agent file by region, and its chains."""

    agents: dict[str, Mapping[str, Any]] = field(default_factory=dict[str, Mapping[str, Any]])
    chains: set[str] = field(default_factory=set[str])

    @property
    def best(self) -> str:
        """The candidate with the best priority: it holds the duty while it is fit. Who does now, no state says."""
        return min(self.agents, key=lambda region: (self.priorities[region], region), default="")

    @property
    def priorities(self) -> dict[str, int]:
        """By region; the lowest is the best."""
        return {region: int(agent.get("priority", 0)) for region, agent in self.agents.items()}

    def cold(self, region: str) -> bool:
        """Whether a candidate's daemon is started only when it takes over."""
        return self.agents.get(region, {}).get("standby") == "cold"


@dataclass(frozen=True, kw_only=True)
class DutyChange:
    """One duty. `lost` are the rounds that may be missed at most, by chain; None where no end can be told.

    `score` is what these would have counted at most; None for what has no score: other shards, checkpoint masters.
    `cold` says that the successor's daemon has yet to start, which may take an hour on top.
    """

    duty: str
    kind: str
    outcome: Outcome
    restarting: tuple[str, ...]
    from_region: str
    to_region: str
    gained: tuple[str, ...]
    left: tuple[str, ...]
    seconds: int | None
    lost: Mapping[str, int] | None
    score: float | None
    cold: bool


def duty_changes(changes: Iterable[Change]) -> tuple[DutyChange, ...]:
    """What becomes of each duty whose candidates, signers or daemons change."""
    listed = [*changes]
    before, after = _sides(listed, "before"), _sides(listed, "after")
    disturbed: dict[str, dict[str, set[str]]] = {}
    for change in listed:
        if role(change) in ("chain", "signer") and restarts(change):
            disturbed.setdefault(duty(change), {}).setdefault(change.region, set()).add(role(change))
    told = [
        _judged(name, before.get(name, Side()), after.get(name, Side()), disturbed.get(name, {}))
        for name in sorted({*before, *after})
    ]
    return tuple(item for item in told if item)


def _sides(changes: Iterable[Change], which: Literal["before", "after"]) -> dict[str, Side]:
    """The duties by name, from the agents' files and the daemons' sets of one side."""
    found: dict[str, Side] = {}
    for change in changes:
        manifest = change.before if which == "before" else change.after
        if manifest is None or role(change) not in ("chain", "signer"):
            continue
        side = found.setdefault(duty(change), Side())
        agent = files(manifest, "failover.json")
        if "priority" in agent:
            side.agents[change.region] = agent
        if is_set(change) and role(change) == "chain":
            side.chains.add(chain(change))
    return {name: side for name, side in found.items() if side.agents}


def _judged(name: str, before: Side, after: Side, disturbed: Mapping[str, set[str]]) -> DutyChange | None:
    """`disturbed` are the regions where pods of the duty restart, with the roles of these."""
    gained, left = sorted({*after.agents} - {*before.agents}), sorted({*before.agents} - {*after.agents})
    holder = before.best
    turns = simulate(before.priorities, after.priorities, disturbed, holder)
    agent = (before.agents or after.agents)[holder or after.best]
    outcome = _outcome(before, after, disturbed, turns)
    if outcome is None:
        return None
    seconds, lost = None, None
    if outcome == "hands over":
        handovers = rounds.Handovers(
            drain_seconds=int(str(at(agent, "signer", "drain_seconds"))),
            stop_seconds=int(str(at(agent, "signer", "stop_seconds"))),
            grace_ms=int(str(at(agent, "timing", "grace_ms"))),
            away=turns.away,
            back=turns.back,
            sick=agent["kind"] == "iguana" and "signer" not in disturbed.get(holder, ("signer",)),
        )
        seconds = handovers.seconds
        lost = rounds.missed(handovers, str(agent["kind"]), str(agent["shard"]), before.chains)
    return DutyChange(
        duty=name,
        kind=str(agent["kind"]),
        outcome=outcome,
        restarting=tuple(sorted({*disturbed} & {*after.agents})),
        from_region=holder,
        to_region=turns.successor if outcome == "hands over" else "",
        gained=tuple(gained),
        left=tuple(left),
        seconds=seconds,
        lost=lost,
        score=rounds.score(lost, str(agent["kind"]), str(agent["shard"]), before.chains) if lost is not None else None,
        cold=bool(lost) and agent["kind"] != "iguana" and after.cold(turns.successor),
    )


def _outcome(before: Side, after: Side, disturbed: Mapping[str, set[str]], turns: Turns) -> Outcome | None:
    if not before.agents:
        return "new"
    if not after.agents:
        return "gone"
    if not turns.kept:
        return "nobody signs"
    if turns.successor:
        return "hands over"
    if disturbed:
        return "standby restarts"
    return "candidates change" if {*before.agents} != {*after.agents} else None
