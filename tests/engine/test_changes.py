"""A fleet that grows, changes its release and goes back."""

from __future__ import annotations

import copy

import pytest

from tests.engine.project import REGIONS, Project

pytestmark = pytest.mark.sandbox


DATA_BEARING = ("StatefulSet", "PersistentVolumeClaim")
Key = tuple[str, str, str]


def changed_by_update(project: Project) -> set[Key]:
    """Update, and return what is new or different in the clusters. No set and no claim may have been replaced."""
    before, identities = project.everything(), project.identities(*DATA_BEARING)
    changes = project.up()["changes"]
    after = project.everything()
    assert identities.items() <= project.identities(*DATA_BEARING).items()
    gone = {key[1] for key in set(before) - set(after)}
    assert gone <= {"ConfigMap"}
    assert ("replace" in changes) == bool(gone)
    return {key for key, item in after.items() if before.get(key) != item}


def names(changed: set[Key], region: str, kind: str) -> set[str]:
    return {name for where, what, name in changed if (where, what) == (region, kind)}


def test_a_new_chain_adds_a_daemon_and_tells_the_signer_alone(project: Project) -> None:
    duty = project.stack["notaries"]["alice-eu"]["duties"]["main"]
    duty["chains"] = ["KMD"]
    project.up()
    duty["chains"] = ["KMD", "DOC"]
    changed = changed_by_update(project)
    for region in ("eu-central", "eu-west"):
        assert names(changed, region, "StatefulSet") == {"alice-eu-main-doc", "alice-eu-main-signer"}
        assert names(changed, region, "Service") == {"alice-eu-main-doc"}
        assert names(changed, region, "NetworkPolicy") == {"chains"}
    assert names(changed, "na-east", "StatefulSet") == set()


def test_a_new_candidate_region_changes_nothing_elsewhere(project: Project) -> None:
    project.stack["regions"]["na-east"]["area"] = "EU"
    project.up()
    project.stack["notaries"]["alice-eu"]["duties"]["main"]["candidates"]["na-east"] = {"priority": 3}
    changed = changed_by_update(project)
    assert {region for region, _, _ in changed} == {"na-east"}
    daemons = {"alice-eu-main-kmd", "alice-eu-main-doc"}
    assert names(changed, "na-east", "StatefulSet") == {*daemons, "alice-eu-main-signer"}


def test_a_new_notary_changes_no_other_notary(project: Project) -> None:
    project.up()
    project.stack["notaries"]["bob-eu"] = copy.deepcopy(project.stack["notaries"]["alice-eu"])
    changed = changed_by_update(project)
    assert changed
    assert {name for _, _, name in changed if not name.startswith("bob-eu-")} == set()


def test_a_second_seat_of_a_notary_keeps_the_data_of_the_first(project: Project) -> None:
    project.up()
    duties = project.stack["notaries"]["alice-eu"]["duties"]
    duties["3p"] = copy.deepcopy(duties["main"]) | {"busPort": 13845, "chains": ["KMD", "MARTY"]}
    changed = changed_by_update(project)
    assert {"alice-eu-3p-kmd", "alice-eu-3p-marty"} <= names(changed, "eu-west", "StatefulSet")
    # Main and 3P now keep off each other's nodes: a change of the first seat's pods, not of its claims.
    assert "alice-eu-main-kmd" in names(changed, "eu-west", "StatefulSet")
    pods = project.objects("eu-west", "Pod").values()
    nodes = {(pod["metadata"]["labels"].get("notary-fleet.dev/shard"), pod["spec"]["nodeName"]) for pod in pods}
    assert not {node for shard, node in nodes if shard == "main"} & {node for shard, node in nodes if shard == "3p"}


def test_a_new_daemon_version_rolls_forward_and_back_without_a_trace(project: Project) -> None:
    project.up()
    before, identities = project.everything(), project.identities(*DATA_BEARING)
    earlier = copy.deepcopy(project.release)
    image = f"registry.example.net/notary/komodod@sha256:{'7' * 64}"
    project.release["daemons"]["komodod"] = {"version": "v0.9.3", "image": image}
    planned = project.fleet("preview").json
    done = project.up()
    changes = done["changes"]
    rolled = {(step["operation"], step["kind"], step["name"]) for step in planned["steps"]}
    regions = ("eu-central", "eu-west")
    sets = {f"{region}-alice-eu-main-{chain}" for region in regions for chain in ("kmd", "doc")}
    assert rolled == {("update", "StatefulSet", name) for name in sets}
    assert done["steps"] == planned["steps"]
    assert changes["update"] == 4
    assert "replace" not in changes
    assert project.everything() != before
    project.release = earlier
    project.up()
    assert project.everything() == before
    assert project.identities(*DATA_BEARING) == identities


def test_a_new_size_replaces_no_set_and_reaches_its_containers(project: Project) -> None:
    project.up()
    project.stack["sizes"] = {"KMD": {"storage": "40Gi", "memory": "3Gi"}}
    changed = changed_by_update(project)
    assert names(changed, "eu-west", "StatefulSet") == {"alice-eu-main-kmd"}
    item = project.objects("eu-west", "StatefulSet")["alice-eu-main-kmd"]
    (daemon,) = item["spec"]["template"]["spec"]["containers"]
    assert daemon["resources"]["limits"]["memory"] == "3Gi"


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


def test_the_standbys_set_is_up_before_the_holders_changes(project: Project) -> None:
    project.up()
    project.release["daemons"]["komodod"] = {
        "version": "v0.9.3",
        "image": f"registry.example.net/notary/komodod@sha256:{'7' * 64}",
    }
    assert names(changed_by_update(project), "eu-west", "StatefulSet") == {"alice-eu-main-kmd", "alice-eu-main-doc"}
    modified = {
        item["urn"].rpartition("::")[2]: item["modified"]
        for item in project.state()["resources"]
        if item["type"].endswith(":StatefulSet")
    }
    for chain in ("kmd", "doc"):
        standby, best = (modified[f"{region}-alice-eu-main-{chain}"] for region in ("eu-central", "eu-west"))
        assert standby < best
