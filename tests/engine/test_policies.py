"""Previews with policies on the real engine: a good change passes, a bad one is refused with its sentence."""

from __future__ import annotations

import copy

import pytest

from tests.engine.project import ROOT, Project

pytestmark = [
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
    assert [item["outcome"] for item in found["duties"]] == ["nobody signs"]
    assert "all candidates of alice-eu.main (eu-central, eu-west) would stop at once" in newer.json["advice"][0]
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
