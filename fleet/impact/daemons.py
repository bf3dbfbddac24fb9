"""Daemons that are added, removed or restarted, and why."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

from config.each import at
from fleet.impact.change import Change
from fleet.impact.workload import chain, containers, duty, is_set, restarts, role

Kind = Literal["added", "removed", "replaced", "restarted", "changed"]


@dataclass(frozen=True, kw_only=True, order=True)
class DaemonChange:
    """One daemon. `changed` leaves its pod running; `why` is empty for what is added or removed."""

    duty: str
    region: str
    chain: str
    kind: Kind
    why: tuple[str, ...]


def daemon_changes(changes: Iterable[Change]) -> tuple[DaemonChange, ...]:
    """What becomes of each daemon that does not stay as it is."""
    found: list[DaemonChange] = []
    for change in changes:
        kind = kind_of(change) if is_set(change) and role(change) == "chain" else None
        if kind:
            item = DaemonChange(
                duty=duty(change), region=change.region, chain=chain(change), kind=kind, why=tuple(reasons(change))
            )
            found.append(item)
    return tuple(sorted(found))


def kind_of(change: Change) -> Kind | None:
    """What an operator calls the change of a set; None where nothing changes."""
    kinds: dict[str, Kind] = {"create": "added", "delete": "removed", "replace": "replaced"}
    if change.operation == "same":
        return None
    return kinds.get(change.operation) or ("restarted" if restarts(change) else "changed")


def reasons(change: Change) -> Iterator[str]:
    """Why a set's pods are made anew, in the words of what an operator writes."""
    if change.before is None or change.after is None:
        return
    before, after = containers(change.before), containers(change.after)
    for name in sorted({*before, *after}):
        old, new = before.get(name, {}), after.get(name, {})
        if old.get("image") != new.get("image"):
            yield f"{name}: {_image(old)} -> {_image(new)}"
        if old and new and (old.get("args"), old.get("command")) != (new.get("args"), new.get("command")):
            yield f"{name}: other arguments"
        if old and new and old.get("resources") != new.get("resources"):
            yield f"{name}: {_size(old)} -> {_size(new)}"
    path = ("spec", "template", "spec")
    if change.differs(*path, "volumes"):
        yield "configuration"
    if change.differs(*path, "affinity") or change.differs(*path, "nodeSelector"):
        yield "placement"
    if change.differs("spec", "replicas"):
        yield f"{at(change.before, 'spec', 'replicas')} -> {at(change.after, 'spec', 'replicas')} pods"


def _image(container: Any) -> str:
    name, _, digest = str(container.get("image", "none")).rpartition("/")[2].partition("@sha256:")
    return f"{name}@{digest[:8]}" if digest else name


def _size(container: Any) -> str:
    asked = at(container, "resources", "requests")
    return f"{at(asked, 'cpu')} cores, {at(asked, 'memory')}"
