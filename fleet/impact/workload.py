"""What a set's manifest says of its pods: whose they are, what they run, what they ask for."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, cast

from components.manifests.pods import CHAIN, NOTARY, ROLE, SHARD
from config.each import at, each
from config.quantities import amount
from fleet.impact.change import Change


def label(change: Change, key: str) -> str:
    """A label of the object, or nothing."""
    return str(dict(_pairs(at(change.manifest, "metadata", "labels"))).get(key, ""))


def role(change: Change) -> str:
    """chain, signer, zookeeper or keeper; nothing for what is not of the fleet."""
    return label(change, ROLE)


def duty(change: Change) -> str:
    """The duty as people write it, such as `alice-eu.main`."""
    return f"{label(change, NOTARY)}.{label(change, SHARD)}"


def chain(change: Change) -> str:
    """The chain's key; nothing for a signer of Iguana's kind."""
    return label(change, CHAIN)


def is_set(change: Change) -> bool:
    """Whether it is a StatefulSet: the only kind whose pods last."""
    return change.manifest.get("kind") == "StatefulSet"


def restarts(change: Change) -> bool:
    """Whether pods that run would end: their template differs, or the set is replaced, emptied or deleted."""
    if not is_set(change) or change.before is None:
        return False
    gone = change.operation in ("replace", "delete")
    return gone or change.differs("spec", "template") or change.differs("spec", "replicas")


def containers(manifest: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """The containers of a set's pod by name, those that start first among them."""
    pod = at(manifest, "spec", "template", "spec")
    listed = [*_items(at(pod, "initContainers")), *_items(at(pod, "containers"))]
    return {str(item.get("name")): item for item in listed}


def requested(manifest: Mapping[str, Any]) -> tuple[Decimal, Decimal]:
    """Cores and bytes of memory that a node sets apart for a set's pod, sidecars included.

    An init container that ends counts while it runs: beside the sidecars before it, and with nothing that comes after.
    """
    return _set_apart(manifest, "cpu"), _set_apart(manifest, "memory")


def _set_apart(manifest: Mapping[str, Any], resource: str) -> Decimal:
    pod = at(manifest, "spec", "template", "spec")
    lasting, most = Decimal(), Decimal()
    for item in _items(at(pod, "initContainers")):
        asked = quantity(at(item, "resources", "requests", resource))
        most = max(most, lasting + asked)
        lasting += asked if item.get("restartPolicy") == "Always" else 0
    lasting += sum(quantity(at(item, "resources", "requests", resource)) for item in _items(at(pod, "containers")))
    return max(most, lasting)


def claimed(manifest: Mapping[str, Any]) -> Decimal:
    """Bytes of the volumes of a set, or of a claim that stands alone."""
    specs = [at(item, "spec") for item in _items(at(manifest, "spec", "volumeClaimTemplates"))]
    if manifest.get("kind") == "PersistentVolumeClaim":
        specs = [at(manifest, "spec")]
    return sum((quantity(at(spec, "resources", "requests", "storage")) for spec in specs), Decimal())


def quantity(value: object) -> Decimal:
    """A number as Kubernetes writes it; 0 for what is none."""
    return amount(str(value or 0))


def files(manifest: Mapping[str, Any] | None, name: str) -> Mapping[str, Any]:
    """A JSON file of a ConfigMap; empty where there is none."""
    text = next((value for _, value in each(manifest, "data", name)), None)
    return json.loads(text) if isinstance(text, str) else {}


def _items(value: object) -> Iterator[Mapping[str, Any]]:
    listed = cast("list[object]", value) if isinstance(value, list) else []
    return (cast("Mapping[str, Any]", item) for item in listed if isinstance(item, dict))


def _pairs(value: object) -> Mapping[str, Any]:
    return cast("Mapping[str, Any]", value) if isinstance(value, dict) else {}
