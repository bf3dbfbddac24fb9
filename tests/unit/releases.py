"""Releases for tests: the shipped draft, changed, and plans of shipped stacks that run it."""

from __future__ import annotations

import copy
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from config.load import LoadedStack
from config.plan import FleetPlan, plan_fleet
from config.reader import read_yaml
from config.release import Evidence, Release
from tests.recording import ROOT
from tests.unit.stacks import plan_of

DRAFT = "releases/2026.11-draft.yaml"
NOW = datetime(2026, 1, 10, 12, tzinfo=UTC)
SOURCE = "a test"


def values() -> dict[str, Any]:
    """The draft's values, free to be changed."""
    return copy.deepcopy(dict(read_yaml(ROOT / DRAFT, DRAFT)))


def image(name: str, digit: str) -> str:
    return f"registry.example.net/notary/{name}@sha256:{digit * 64}"


def with_builds(**builds: dict[str, Any]) -> Release:
    """The draft with changed keys of builds, named by their last key: `komodod={"version": ...}`.

    A daemon changes together with the master that starts it, whose image is always its own.
    """
    found = values()
    for name, changes in builds.items():
        for place in (found, found["signers"], found["masters"], found["daemons"]):
            if name in place:
                own = {"image": image(f"checkpoint-{name}", "8")} if place is found["masters"] else {}
                place[name] = {**place[name], **changes, **(own if "image" in changes else {})}
    return Release.model_validate(found)


def loaded_with(stack: str, release: Release) -> LoadedStack:
    return replace(plan_of(stack).loaded, release=release)


def plan_with(stack: str, release: Release) -> FleetPlan:
    return plan_fleet(loaded_with(stack, release))


def fit_release(plan: FleetPlan) -> Release:
    """The release of a plan, with everything that production wants of one."""
    found = plan.loaded.release.model_dump(by_alias=True) | {"status": "released", "date": "2026-01-07"}
    for build in [found[key] for key in ("zookeeper", "keeper", "gate")]:
        build["source"] = SOURCE
    for group in ("signers", "masters", "daemons"):
        for build in found[group].values():
            build["source"] = SOURCE
    made = Release.model_validate(found)
    return made.model_copy(update={"evidence": (evidence_of(made),)})


def evidence_of(made: Release, **changes: Any) -> Evidence:
    """A day on the testnet with every build of a release."""
    given = {
        "stack": "testnet",
        "stage": "test",
        "release": made.digest,
        "updates": (3,),
        "since": "2026-01-08T08:00:00Z",
        "until": "2026-01-09T09:00:00Z",
        "builds": tuple(made.builds),
        "notarised": {"DOC": 288},
    }
    return Evidence.model_validate(given | changes)
