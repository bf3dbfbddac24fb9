"""Previews with policies on the real engine: a good change passes, a bad one is refused with its sentence."""

from __future__ import annotations

import copy

import pytest

from sandbox import api
from tests.engine.project import ROOT, Project

pytestmark = [
    pytest.mark.long,
    pytest.mark.sandbox,
    pytest.mark.skipif(not (ROOT / "policy" / ".venv").is_dir(), reason="`make policy` makes the pack's environment"),
]
IMAGE = f"registry.example.net/notary/komodod@sha256:{'7' * 64}"


@pytest.fixture
def judged(project: Project) -> Project:
    """A stack that runs, with the policy pack beside its program."""
    link = project.root / "policy"
    if not link.exists():
        link.symlink_to(ROOT / "policy")
    project.up()
    return project


def test_good_changes_pass_and_bad_ones_are_refused_with_their_sentence(judged: Project) -> None:
    same = judged.fleet("preview", "--policies")
    assert same.code == 0, same.out + same.err
    assert same.json["impact"]["daemons"] == []
    assert same.json["advice"] == []

    earlier = copy.deepcopy(judged.release)
    judged.release["daemons"]["komodod"] = {"version": "v0.9.3", "image": IMAGE}
    newer = judged.fleet("preview", "--policies")
    assert newer.code == 0, newer.out + newer.err
    found = newer.json["impact"]
    assert {(item["kind"], item["chain"]) for item in found["daemons"]} == {("restarted", "KMD"), ("restarted", "DOC")}
    assert found["daemons"][0]["why"][0].endswith("-> komodod@77777777")
    (told,) = found["duties"]
    assert (told["outcome"], told["from_region"], told["to_region"]) == ("hands over", "eu-west", "eu-central")
    assert newer.json["advice"] == []  # one after another
    judged.release = earlier

    for number, region in ((12, "eu-central"), (13, "eu-west")):
        seat = judged.stack["regions"][region]["ensemble"]
        seat["servers"] = {number: f"zk-{number}.{region}.sandbox.invalid"}
    refused = judged.fleet("preview", "--policies")
    assert refused.code == 1
    (sentence,) = [error for error in refused.json["errors"] if "lose its quorum" in error]
    assert "of its 3 voters (1, 2, 3) only 1 would stay, and 2 make a majority" in sentence
    assert refused.json["impact"]["quorum"]["lost"]
    assert {risk["name"] for risk in refused.json["impact"]["data"]} == {
        "eu-central-zookeeper-2",
        "eu-west-zookeeper-3",
    }


def test_a_region_that_would_be_replaced_is_refused(judged: Project) -> None:
    region = judged.stack["regions"]["eu-west"]
    region["clusterIdentifier"] = "another"
    refused = judged.fleet("preview", "--policies")
    assert refused.code == 1
    told = [error for error in refused.json["errors"] if "cluster_identifier of eu-west would change" in error]
    assert "Set regions.eu-west.clusterIdentifier to eu-west" in told[0]

    del region["clusterIdentifier"]
    judged.stack["namespace"] += "-2"
    refused = judged.fleet("preview", "--policies")
    assert refused.code == 1
    told = [error for error in refused.json["errors"] if "StatefulSet eu-west-alice-eu-main-kmd carries data" in error]
    assert "would be replaced, deleted first, because of metadata.namespace" in told[0]


def test_a_candidate_outside_the_elected_region_is_refused_before_anything_is_planned(judged: Project) -> None:
    judged.stack["notaries"]["alice-eu"]["duties"]["main"]["candidates"]["na-east"] = {"priority": 3}
    refused = judged.fleet("preview", "--policies")
    assert refused.code == 2
    assert "na-east" in str(refused.json["mistakes"])


def test_a_hand_on_a_cluster_is_drift(judged: Project) -> None:
    still = judged.fleet("preview", "--drift")
    assert still.code == 0, still.out + still.err
    path = f"/apis/apps/v1/namespaces/{judged.stack['namespace']}/statefulsets/alice-eu-main-kmd"
    with api.client(judged.sandbox.kubeconfig("eu-west")) as server:
        merge = {"Content-Type": "application/merge-patch+json"}
        server.patch(path, json={"spec": {"replicas": 0}}, headers=merge).raise_for_status()
    found = judged.fleet("preview", "--drift")
    assert found.code == 1
    assert [step["name"] for step in found.json["steps"] if step["operation"] == "update"] == [
        "eu-west-alice-eu-main-kmd"
    ]
