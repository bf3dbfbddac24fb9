"""The whole impact of an update, as one value."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from config.prices import Prices
from fleet.impact.change import Change
from fleet.impact.cost import RegionCost, region_costs
from fleet.impact.daemons import DaemonChange, daemon_changes
from fleet.impact.data import DataRisk, Keeping, data_risks, keepings
from fleet.impact.duties import DutyChange, duty_changes
from fleet.impact.quorum import QuorumChange, quorum_change


@dataclass(frozen=True, kw_only=True)
class Impact:
    """What an update means. `first` says that nothing of the stack runs yet, by its state."""

    stack: str
    release: str
    first: bool
    daemons: tuple[DaemonChange, ...]
    duties: tuple[DutyChange, ...]
    quorum: QuorumChange
    data: tuple[DataRisk, ...]
    snapshots: tuple[Keeping, ...]
    costs: tuple[RegionCost, ...]
    prices_written: str
    prices_source: str


def impact_of(
    stack: str,
    release: str,
    changes: Sequence[Change],
    places: Mapping[str, str],
    prices: Prices,
    keeping: Collection[str] = (),
) -> Impact:
    """Judge the changes of a preview. `places` are the regions of the cloud that our regions stand in; in those that

    are `keeping`, a daemon's volume is kept before its program changes.
    """
    return Impact(
        stack=stack,
        release=release,
        first=all(change.before is None for change in changes),
        daemons=daemon_changes(changes),
        duties=duty_changes(changes),
        quorum=quorum_change(changes),
        data=data_risks(changes),
        snapshots=keepings(changes, keeping),
        costs=region_costs(changes, places, prices),
        prices_written=prices.written,
        prices_source=prices.source,
    )


def to_json(impact: Impact) -> dict[str, Any]:
    """The impact for tools: the fields as they are, and what follows from them."""
    quorum = {**asdict(impact.quorum), "lost": impact.quorum.lost, "pauses": impact.quorum.pauses}
    risks = [{**asdict(risk), "meaning": risk.sentence} for risk in impact.data]
    return {**asdict(impact), "quorum": quorum, "data": risks}
