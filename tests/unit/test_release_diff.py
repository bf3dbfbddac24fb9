"""What one release changes after another, held against the manifests of the same stacks."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from components.manifests.fleet import pem_shown, region_objects, secret_shown
from config.plan import FleetPlan
from fleet.releases.diff import builds_changed, pods, pods_changed
from tests.unit.releases import image, plan_with, values, with_builds
from tests.unit.stacks import SHIPPED, plan_of

BUILDS = (*values()["daemons"], *values()["signers"], "zookeeper", "keeper", "gate")


def rendered(plan: FleetPlan) -> dict[str, list[str]]:
    """The images of every set and Job that a plan renders, by logical name."""
    found: dict[str, list[str]] = {}
    for region in plan.regions.values():
        for name, manifest in region_objects(plan, region, secret_shown, pem_shown):
            spec: Any = manifest.get("spec") or {}
            pod = spec.get("template", {}).get("spec", {})
            for container in [*pod.get("initContainers", []), *pod.get("containers", [])]:
                found.setdefault(name, []).append(container["image"])
    return found


@pytest.mark.parametrize("stack", SHIPPED)
def test_every_pod_that_is_rendered_is_known_with_its_images(stack: str) -> None:
    plan = plan_of(stack)
    known = {pod.name: {item.build.image for item in pod.images.values()} for pod in pods(plan)}
    assert known == {name: set(images) for name, images in rendered(plan).items()}


@settings(max_examples=40, deadline=None)
@given(stack=st.sampled_from(SHIPPED), changed=st.sets(st.sampled_from(BUILDS)))
def test_exactly_the_pods_whose_images_differ_change(stack: str, changed: set[str]) -> None:
    after = plan_with(stack, with_builds(**{name: {"image": image(name, "7")} for name in changed}))
    before = plan_of(stack)
    old, new = rendered(before), rendered(after)
    differ = {name for name in new if old[name] != new[name]}
    assert {item.pod.name for item in pods_changed(before, after)} == differ
    builds = {item.what.split(".")[-1] for item in builds_changed(before.loaded.release, after.loaded.release)}
    assert builds == changed
    back = {item.pod.name for item in pods_changed(after, before)}
    assert back == differ


def test_a_new_komodod_concerns_its_chains_and_no_signer_of_iguana() -> None:
    after = plan_with("mainnet", with_builds(komodod={"version": "v0.9.3", "image": image("komodod", "7")}))
    changed = pods_changed(plan_of("mainnet"), after)
    assert {item.pod.kind for item in changed} == {"daemon"}
    assert {"KMD", "CCL"} <= {item.pod.chain for item in changed}
    assert not {"LTC", "MCL", "TOKEL"} & {item.pod.chain for item in changed}
    assert {item.pod.duty for item in changed if item.pod.signs} == {
        f"masters/{chain}" for chain in ("kmd", "ccl", "clc", "gleec", "iln", "koin", "pirate", "thc")
    }
    assert {str(change) for item in changed for change in item.changes} == {"daemon v0.9.2-2 -> v0.9.3"}


def test_a_rebuild_of_one_version_and_another_project_are_told_as_such() -> None:
    rebuilt = plan_with("mainnet", with_builds(iguana={"image": image("iguana", "7")}))
    (changes,) = {item.changes for item in pods_changed(plan_of("mainnet"), rebuilt)}
    assert [str(change) for change in changes] == ["signer 2f846c0 -> 2f846c0, built anew"]
    release = with_builds()
    moved = release.model_copy(update={"chains": {"TOKEL": "komodod-tokel"}})
    told = {
        str(change) for item in pods_changed(plan_of("mainnet"), plan_with("mainnet", moved)) for change in item.changes
    }
    assert told == {"daemon komodod-mcl 7938b2c -> komodod v0.9.2-2"}  # the chain's master among them
