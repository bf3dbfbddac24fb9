"""Objects as they run and as they would be: from the stack's state and from the events of the engine's preview."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from pulumi.automation import EngineEvent, OpType

from config.each import at
from fleet.state import resources

Operation = Literal["same", "create", "update", "replace", "delete"]
Found = tuple[Operation, Mapping[str, Any] | None, str]  # what is done, what it would be, its provider
PROVIDER = "pulumi:providers:kubernetes::"
# The steps of a replacement come beside its own; what is read or refreshed is not changed.
_OPERATIONS: dict[OpType, Operation] = {
    OpType.SAME: "same",
    OpType.CREATE: "create",
    OpType.UPDATE: "update",
    OpType.REPLACE: "replace",
    OpType.DELETE: "delete",
}


@dataclass(frozen=True, kw_only=True)
class Change:
    """One object of a cluster by its logical name. `before` and `after` are manifests, None where there is none."""

    region: str
    name: str
    operation: Operation
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None

    @property
    def manifest(self) -> Mapping[str, Any]:
        """What it is, or was."""
        return self.after or self.before or {}

    def differs(self, *path: str) -> bool:
        """Whether it is there before and after, with another value at a path."""
        return self.before is not None and self.after is not None and at(self.before, *path) != at(self.after, *path)


@dataclass
class Planned:
    """Listens to a preview: for each object of a cluster, by URN, what would be done and what it would be then."""

    found: dict[str, Found] = field(default_factory=dict[str, Found])

    def __call__(self, event: EngineEvent) -> None:
        """Take one event of the engine."""
        step = event.resource_pre_event.metadata if event.resource_pre_event else None
        if step is None or not step.type.startswith("kubernetes:") or step.op not in _OPERATIONS:
            return
        operation = _OPERATIONS[step.op]
        if self.found.get(step.urn, ("",))[0] != "replace":
            after = step.new.inputs if step.new and operation != "delete" else None
            self.found[step.urn] = (operation, after, step.provider)


def changes_of(deployment: Mapping[str, Any], planned: Planned, names: Collection[str]) -> tuple[Change, ...]:
    """Every object of the state and of the preview, in order of region and name.

    What runs is what the state says. The preview ends at the first deletion that the engine refuses: what it did not
    come to goes unless its logical name is among the planned `names`, and counts as it is otherwise.
    """
    running = {item["urn"]: item for item in _objects(deployment)}
    made: list[Change] = []
    for urn in {**running, **planned.found}:
        item = running.get(urn, {})
        before: Mapping[str, Any] | None = item.get("inputs")
        name = urn.rsplit("::", 1)[-1]
        unseen: Found = ("same", before, "") if name in names else ("delete", None, "")
        operation, after, provider = planned.found.get(urn, unseen)
        where = region_of(provider or str(item.get("provider", "")))
        change = Change(region=where, name=name, operation=operation, before=before, after=after)
        made.append(change)
    return tuple(sorted(made, key=lambda change: (change.region, change.name)))


def region_of(provider: str) -> str:
    """The region of a reference to its provider, which is named after it."""
    return provider.partition(PROVIDER)[2].partition("::")[0]


def _objects(deployment: Mapping[str, Any]) -> Iterable[dict[str, Any]]:
    return [item for item in resources(deployment) if item["type"].startswith("kubernetes:") and not item.get("delete")]
