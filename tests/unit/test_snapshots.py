"""What is kept of a daemon's volume before its program changes, and how a volume comes back."""

from __future__ import annotations

import copy
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from components.manifests import snapshots
from config.plan import plan_fleet
from fleet.impact.text import markdown
from fleet.restore import described
from tests.unit.impacts import impact
from tests.unit.objects import Manifest, named
from tests.unit.releases import with_builds
from tests.unit.stacks import plan_of, planned, values_of

MOMENT = datetime(2026, 11, 22, 10, 30, 5, tzinfo=UTC)
OTHER = f"registry.example.net/notary/komodod@sha256:{'c' * 64}"


def daemon() -> Manifest:
    return copy.deepcopy(named(plan_of("local"), "eu-west", "StatefulSet", "alice-eu-main-kmd"))


def with_image(item: Manifest, container: str, image: str) -> Manifest:
    changed = copy.deepcopy(item)
    pod = changed["spec"]["template"]["spec"]
    for each in (*pod.get("initContainers", []), *pod["containers"]):
        each["image"] = image if each["name"] == container else each["image"]
    return changed


def test_only_another_daemon_is_a_reason_to_keep_a_volume() -> None:
    old = daemon()
    assert snapshots.images(old, with_image(old, "daemon", OTHER)) == (snapshots.image_of(old), OTHER)
    assert snapshots.images(old, with_image(old, "gate", OTHER)) is None
    assert snapshots.images(old, old) is None
    for name in ("zookeeper-2", "alice-eu-main-signer"):
        region = "eu-central" if name == "zookeeper-2" else "eu-west"
        other = named(plan_of("local"), region, "StatefulSet", name)
        changed = copy.deepcopy(other)
        for container in changed["spec"]["template"]["spec"]["containers"]:
            container["image"] = OTHER
        assert snapshots.images(other, changed) is None


def test_a_snapshot_says_whose_volume_it_was_and_what_had_written_it() -> None:
    old = daemon()
    made = snapshots.snapshot(old, "ebs", MOMENT, "before that")
    assert made["metadata"]["name"] == "alice-eu-main-kmd-20261122-103005"
    assert made["metadata"]["namespace"] == old["metadata"]["namespace"]
    assert made["metadata"]["labels"]["app.kubernetes.io/instance"] == "alice-eu-main-kmd"
    assert made["metadata"]["annotations"] == {
        "notary-fleet.dev/image": snapshots.image_of(old),
        "notary-fleet.dev/reason": "before that",
    }
    assert made["spec"] == {
        "volumeSnapshotClassName": "ebs",
        "source": {"persistentVolumeClaimName": "data-alice-eu-main-kmd-0"},
    }


@pytest.mark.parametrize(
    ("status", "cut", "ready"),
    [
        ({}, False, False),
        ({"readyToUse": False}, False, False),
        ({"creationTime": "2026-11-22T10:30:06Z", "readyToUse": False}, True, False),
        ({"creationTime": "2026-11-22T10:30:06Z", "readyToUse": True}, True, True),
    ],
)
def test_a_cut_is_enough_to_go_on_and_a_copy_to_come_back(status: dict[str, Any], cut: bool, ready: bool) -> None:
    taken = {**snapshots.snapshot(daemon(), "ebs", MOMENT, "x"), "status": status}
    assert (snapshots.is_cut(taken), snapshots.is_ready(taken)) == (cut, ready)


@pytest.mark.parametrize(
    ("live", "restore_size", "expected"),
    [
        (None, None, "100Gi"),
        ("300Gi", None, "300Gi"),
        ("300Gi", "400Gi", "400Gi"),
        (None, "107374182401", "107374182401"),
    ],
)
def test_a_claim_that_comes_back_is_never_smaller(live: str | None, restore_size: str | None, expected: str) -> None:
    old = daemon()
    taken = {**snapshots.snapshot(old, "ebs", MOMENT, "x"), "status": {"restoreSize": restore_size}}
    was = {"spec": {"resources": {"requests": {"storage": live}}}} if live else None
    (template,) = old["spec"]["volumeClaimTemplates"]
    assert template["spec"]["resources"]["requests"]["storage"] == "100Gi"
    claim = snapshots.restored_claim(old, taken, was)
    assert claim["metadata"]["name"] == "data-alice-eu-main-kmd-0"
    assert claim["spec"]["resources"]["requests"]["storage"] == expected
    assert claim["spec"]["dataSource"] == {
        "apiGroup": "snapshot.storage.k8s.io",
        "kind": "VolumeSnapshot",
        "name": "alice-eu-main-kmd-20261122-103005",
    }
    assert claim["spec"]["accessModes"] == template["spec"]["accessModes"]
    assert old == daemon(), "the set itself is not touched"


def test_one_that_somebody_took_by_hand_is_shown_as_such() -> None:
    taken = snapshots.snapshot(daemon(), "ebs", MOMENT, "x")
    del taken["metadata"]["annotations"]
    shown = described({**taken, "status": {"error": {"message": "no such driver"}}})
    assert (shown.image, shown.reason, shown.ready, shown.trouble) == ("unknown", "by hand", False, "no such driver")


def test_the_operators_diff_says_where_volumes_are_kept_and_where_not() -> None:
    values = values_of("mainnet")
    values["regions"]["eu-west"]["snapshotClass"] = "ceph"
    before = planned(values)
    assert "napshot" not in markdown(impact(before, before))
    release = with_builds(komodod={"image": OTHER})
    text = markdown(impact(before, plan_fleet(replace(before.loaded, release=release))))
    assert "A snapshot is taken of the volume of" in text
    assert "in eu-west, each before its program changes" in text
    assert "in eu-central whose program changes: the region has no snapshotClass" in text
