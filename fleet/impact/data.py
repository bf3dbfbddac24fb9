"""Data that an update puts at risk."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Literal

from components.manifests import snapshots
from components.manifests.fleet import carries_data
from config.quantities import GIB
from fleet.impact.change import Change
from fleet.impact.workload import claimed, is_set


@dataclass(frozen=True, kw_only=True, order=True)
class DataRisk:
    """A thing with data that would be deleted or replaced. `gib` is what its claims ask for, 0 for a namespace."""

    region: str
    name: str
    kind: str
    operation: Literal["delete", "replace"]
    gib: float

    @property
    def sentence(self) -> str:
        """What becomes of the data: a set's claims outlive it, those of a namespace don't."""
        if self.kind == "Namespace":
            return "everything in it goes, chains and claims included"
        if self.kind == "PersistentVolumeClaim":
            return f"its {self.gib:g} GiB go"
        again = "deleted and made anew, out of service in between" if self.operation == "replace" else "deleted"
        return f"{again}; its claims of {self.gib:g} GiB stay until a person deletes them"


@dataclass(frozen=True, kw_only=True, order=True)
class Keeping:
    """Daemons of a region that get another program, and whether their volumes are kept in snapshots before."""

    region: str
    daemons: int
    kept: bool


def keepings(changes: Iterable[Change], keeping: Collection[str]) -> tuple[Keeping, ...]:
    """By region; `keeping` are those with a class for snapshots."""
    found = Counter(
        change.region
        for change in changes
        if is_set(change) and change.before and change.after and snapshots.images(change.before, change.after)
    )
    return tuple(sorted(Keeping(region=key, daemons=count, kept=key in keeping) for key, count in found.items()))


def data_risks(changes: Iterable[Change]) -> tuple[DataRisk, ...]:
    """What carries data and would be deleted or replaced."""
    found: list[DataRisk] = []
    for change in changes:
        operation = change.operation
        if operation in ("delete", "replace") and change.before is not None and carries_data(dict(change.before)):
            kind, gib = str(change.before["kind"]), round(float(claimed(change.before) / GIB), 1)
            found.append(DataRisk(region=change.region, name=change.name, kind=kind, operation=operation, gib=gib))
    return tuple(sorted(found))
