"""A fleet that grows, changes its release and goes back."""

from __future__ import annotations

import copy

import pytest

from tests.engine.project import REGIONS, Project

pytestmark = pytest.mark.sandbox


def data_bearing(project: Project) -> dict[tuple[str, str, str], str]:
    """The identities of sets and claims: a replaced one has another."""
    return {
        (region, kind, name): item["metadata"]["uid"]
        for region in REGIONS
        for kind in ("StatefulSet", "PersistentVolumeClaim")
        for name, item in project.objects(region, kind).items()
    }


def grown(project: Project) -> dict[str, int]:
    """Update, check that everything that was there is still the same, and return the changes."""
    before, sets = project.everything(), data_bearing(project)
    changes = project.up()["changes"]
    after, sets_after = project.everything(), data_bearing(project)
    assert sets.items() <= sets_after.items()
    shared = {"NetworkPolicy"}
    assert all(after[key] == item for key, item in before.items() if key[1] not in shared)
    assert set(changes) <= {"create", "update", "same"}
    return changes


def test_a_new_chain_touches_no_other_chain(project: Project) -> None:
    project.stack["notaries"]["alice-eu"]["duties"]["main"]["chains"] = ["KMD"]
    project.up()
    carol = copy.deepcopy(project.stack["notaries"]["alice-eu"])
    carol["duties"]["main"]["chains"] = ["KMD", "DOC", "MARTY"]
    project.stack["notaries"]["carol-eu"] = carol
    changes = grown(project)
    assert changes["create"] > 20


def test_a_chain_a_candidate_and_a_second_seat_are_only_added(project: Project) -> None:
    project.stack["regions"]["na-east"]["area"] = "EU"
    duty = project.stack["notaries"]["alice-eu"]["duties"]["main"]
    project.up()
    second = copy.deepcopy(duty) | {"busPort": 13845, "chains": ["KMD"]}
    project.stack["notaries"]["bob-eu"] = copy.deepcopy(project.stack["notaries"]["alice-eu"])
    project.stack["notaries"]["bob-eu"]["duties"] = {"3p": second}
    changes = grown(project)
    # Two regions, each: budget, a signer and a daemon of four resources; and the notary itself.
    assert changes["create"] == 2 * (1 + 4 + 4) + 1


def test_a_new_daemon_version_rolls_forward_and_back_without_a_trace(project: Project) -> None:
    project.up()
    before, identities = project.everything(), data_bearing(project)
    earlier = copy.deepcopy(project.release)
    image = f"registry.example.net/notary/komodod@sha256:{'7' * 64}"
    project.release["daemons"]["komodod"] = {"version": "v0.9.3", "image": image}
    changes = project.up()["changes"]
    assert changes["update"] == 4
    assert "replace" not in changes
    assert project.everything() != before
    project.release = earlier
    project.up()
    assert project.everything() == before
    assert data_bearing(project) == identities


def test_what_carries_data_goes_only_by_name_and_leaves_its_claim(project: Project) -> None:
    project.up()
    claims = {region: set(project.objects(region, "PersistentVolumeClaim")) for region in REGIONS}
    project.stack["notaries"]["alice-eu"]["duties"]["main"]["chains"] = ["KMD"]
    refused = project.fleet("up")
    assert refused.code == 2
    assert "--remove eu-west-alice-eu-main-doc" in refused.json["error"]
    assert "alice-eu-main-doc" in project.objects("eu-west", "StatefulSet")
    names = [f"{region}-alice-eu-main-doc" for region in ("eu-central", "eu-west")]
    project.up("--remove", names[0], "--remove", names[1])
    assert "alice-eu-main-doc" not in project.objects("eu-west", "StatefulSet")
    assert {region: set(project.objects(region, "PersistentVolumeClaim")) for region in REGIONS} == claims
