"""Impacts for tests: from one plan to another, without the engine, with the operations that it would choose."""

from __future__ import annotations

import copy
from typing import Any

from components.manifests.fleet import pem_shown, region_objects, secret_shown
from config.plan import FleetPlan
from config.prices import load_prices
from fleet.impact.change import Change, Operation
from fleet.impact.impact import Impact, impact_of

REPLACING = ("serviceName", "podManagementPolicy", "revisionHistoryLimit", "selector")
Objects = dict[tuple[str, str], dict[str, Any]]


def objects(plan: FleetPlan | None) -> Objects:
    """Every object of a plan by region and logical name; a set and its Service share theirs, so the kind is in it."""
    regions = plan.regions.values() if plan else ()
    return {
        (region.name, f"{manifest['kind']} {name}"): manifest
        for region in regions
        for name, manifest in (region_objects(plan, region, secret_shown, pem_shown) if plan else ())
    }


def changes(before: FleetPlan | None, after: FleetPlan | None) -> tuple[Change, ...]:
    """What the engine would do to come from one plan to another."""
    return between(objects(before), objects(after))


def between(old: Objects, new: Objects) -> tuple[Change, ...]:
    """The same for objects that a test has changed."""
    made: list[Change] = []
    for region, name in sorted({*old, *new}):
        then, now = old.get((region, name)), copy.deepcopy(new.get((region, name)))
        if then and now and "volumeClaimTemplates" in then["spec" if "spec" in then else "metadata"]:
            now["spec"]["volumeClaimTemplates"] = then["spec"]["volumeClaimTemplates"]  # the program ignores changes
        logical = name.partition(" ")[2]
        made.append(Change(region=region, name=logical, operation=operation(then, now), before=then, after=now))
    return tuple(made)


def operation(then: dict[str, Any] | None, now: dict[str, Any] | None) -> Operation:
    if then is None or now is None:
        return "create" if then is None else "delete"
    fixed = [
        (item["metadata"]["name"], *(item.get("spec", {}).get(key) for key in replacing(item))) for item in (then, now)
    ]
    if fixed[0] != fixed[1]:
        return "replace"
    return "same" if then == now else "update"


def replacing(item: dict[str, Any]) -> tuple[str, ...]:
    return REPLACING if item["kind"] == "StatefulSet" else ()


def impact(before: FleetPlan | None, after: FleetPlan, places: dict[str, str] | None = None) -> Impact:
    """The impact of coming from one plan to another."""
    found = changes(before, after)
    keeping = [name for name, part in after.regions.items() if part.region.snapshot_class]
    return impact_of(after.loaded.name, after.loaded.release.version, found, places or {}, load_prices(), keeping)
