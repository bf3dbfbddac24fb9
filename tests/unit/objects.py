"""Every object of the shipped stacks, for tests that hold for all of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from components.manifests.fleet import pem_shown, region_objects, secret_shown
from config.plan import FleetPlan
from tests.unit.stacks import SHIPPED, plan_of

Manifest = dict[str, Any]


def objects_of(plan: FleetPlan, *kinds: str) -> Iterator[tuple[str, Manifest]]:
    """The objects of these kinds (of all, if none is named) with their regions."""
    for name, region in plan.regions.items():
        for _, manifest in region_objects(plan, region, secret_shown, pem_shown):
            if not kinds or manifest["kind"] in kinds:
                yield name, manifest


def shipped(*kinds: str) -> list[Manifest]:
    """The objects of these kinds of all shipped stacks."""
    return [manifest for stack in SHIPPED for _, manifest in objects_of(plan_of(stack), *kinds)]


def pod_of(stateful_set: Manifest) -> Manifest:
    return stateful_set["spec"]["template"]["spec"]


def containers_of(stateful_set: Manifest) -> list[Manifest]:
    pod = pod_of(stateful_set)
    return [*pod.get("initContainers", []), *pod["containers"]]


def named(plan: FleetPlan, region: str, kind: str, name: str) -> Manifest:
    """One object of a region by kind and name."""
    (found,) = [item for where, item in objects_of(plan, kind) if where == region and item["metadata"]["name"] == name]
    return found
