"""What rules judge: a planned resource, and what is known beside it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

ROLE, NOTARY, SHARD, CHAIN = (f"notary-fleet.dev/{key}" for key in ("role", "notary", "shard", "chain"))
Values = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Resource:
    """One planned resource. `provider` is its provider's name: a region's provider is named after the region.

    `props` are plain values; what is not known yet is None. `ignored` are the paths whose changes don't count. `after`
    are the URNs of what is up before it changes.
    """

    type: str
    name: str
    urn: str = ""
    provider: str = ""
    props: Values = field(default_factory=dict)
    ignored: tuple[str, ...] = ()
    after: frozenset[str] = frozenset()

    @property
    def kind(self) -> str:
        """StatefulSet of kubernetes:apps/v1:StatefulSet."""
        return self.type.rpartition(":")[2]

    def label(self, key: str) -> str:
        """A label of the object, or nothing."""
        return str((at(self.props, "metadata", "labels") or {}).get(key, ""))


@dataclass(frozen=True, kw_only=True)
class Known:
    """What a plan alone does not show. `before` are the objects that run, None where nobody told.

    `notaries` and `regions` are the stack's own values; `images` those of its release, None where nobody told;
    `secrets` the values of the stack's secret keys; `released` the names that a person let go with --remove.
    """

    stage: str = ""
    notaries: Values = field(default_factory=dict)
    regions: Values = field(default_factory=dict)
    images: frozenset[str] | None = None
    before: tuple[Resource, ...] | None = None
    secrets: tuple[str, ...] = ()
    released: frozenset[str] = frozenset()


One = Callable[[Resource, Known], Iterable[str]]
All = Callable[[tuple[Resource, ...], Known], Iterable[str]]


@dataclass(frozen=True, kw_only=True)
class Rule:
    """A rule with a name and a purpose. `one` judges each resource as it is planned, `all` the plan as a whole.

    Each violation is a sentence for an operator that ends in the remedy. The engine asks `all` only where nothing else
    went wrong, so what can be told of one resource is told there.
    """

    name: str
    purpose: str
    one: One | None = None
    all: All | None = None
    level: Literal["mandatory", "advisory"] = "mandatory"


def at(value: object, *path: str) -> Any:
    """What is at a path of mappings, or None."""
    for key in path:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value


def pods(resource: Resource) -> Values:
    """The pod's spec of a set or a Job; empty for anything else."""
    return at(resource.props, "spec", "template", "spec") or {}


def containers(resource: Resource) -> Iterator[Values]:
    """The containers of a set's or a Job's pod, those that start first among them."""
    for key in ("initContainers", "containers"):
        yield from (item for item in pods(resource).get(key) or () if isinstance(item, Mapping))


def duty(resource: Resource) -> str:
    """The duty of a daemon's or signer's object, such as alice-eu.main; nothing for others."""
    notary, shard = resource.label(NOTARY), resource.label(SHARD)
    return f"{notary}.{shard}" if notary and shard else ""


def what(resource: Resource) -> str:
    """How people call a daemon's or signer's set."""
    return f"{resource.label(CHAIN)} daemon" if resource.label(CHAIN) else "signer"
