"""A daemon's volume is kept before its program changes, and comes back from what was kept."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.engine.project import Project
from tests.engine.snapshot_driver import Driver

pytestmark = [pytest.mark.sandbox, pytest.mark.long]
KMD = "alice-eu-main-kmd"
AT = ("--region", "eu-west", "--daemon", KMD)


@pytest.fixture
def driver(project: Project) -> Iterator[Driver]:
    project.stack["regions"]["eu-west"]["snapshotClass"] = "fake"
    made = Driver(project, "eu-west")
    project.up()
    yield made
    made.forget()


def select(project: Project, digit: str) -> str:
    """Another komodod; the image."""
    image = f"registry.example.net/notary/komodod@sha256:{digit * 64}"
    project.release["daemons"]["komodod"]["image"] = image
    return image


def daemon_set(project: Project, region: str = "eu-west") -> dict[str, Any]:
    return project.objects(region, "StatefulSet")[KMD]


def image_of(project: Project, region: str = "eu-west") -> str:
    containers = daemon_set(project, region)["spec"]["template"]["spec"]["containers"]
    (image,) = [item["image"] for item in containers if item["name"] == "daemon"]
    return image


def claim_of(project: Project) -> dict[str, Any]:
    return project.objects("eu-west", "PersistentVolumeClaim")[f"data-{KMD}-0"]


def test_a_daemon_whose_volume_cannot_be_kept_stays_as_it_is(project: Project, driver: Driver) -> None:
    old = image_of(project)
    driver.define()
    with driver.at_work():
        project.up()  # its volume is bound
    driver.forget()
    new = select(project, "c")
    ended = project.fleet("up")
    assert ended.code == 1
    found = [error for error in ended.json["errors"] if "could not be kept" in error]
    assert any("region eu-west" in error and KMD in error and "404" in error for error in found), ended.json["errors"]
    assert (image_of(project), image_of(project, "eu-central")) == (old, new), "its standby changed first"
    driver.define()
    with driver.at_work():
        project.up()
    assert image_of(project) == new


def test_a_volume_is_kept_before_its_program_changes_and_comes_back(project: Project, driver: Driver) -> None:
    old = image_of(project)
    driver.define()
    with driver.at_work():
        select(project, "c")
        project.up()
        kept = {name: item["metadata"]["annotations"] for name, item in driver.snapshots().items()}
        assert {name.rsplit("-", 2)[0] for name in kept} == {KMD, "alice-eu-main-doc"}
        assert {item["notary-fleet.dev/image"] for item in kept.values()} == {old}
        assert set(driver.images.values()) == {old}, "each was cut before its daemon changed"
        assert driver.snapshots().keys() == kept.keys()
        listed = project.fleet("restore", *AT)
        (snapshot,) = [item["name"] for item in listed.json["snapshots"]]
        assert listed.json["snapshots"][0]["ready"]
        restored_only_by_name(project, snapshot)
        before = claim_of(project)["metadata"]["uid"]
        told = project.fleet("restore", *AT, "--snapshot", snapshot, "--confirm", KMD)
        assert told.code == 0, told.out + told.err
        claim = claim_of(project)
        assert claim["metadata"]["uid"] != before
        assert claim["spec"]["dataSource"]["name"] == snapshot
        assert claim["spec"]["resources"]["requests"]["storage"] == "21Gi"
        assert driver.images[told.json["before"]] == image_of(project)
        assert daemon_set(project)["spec"]["replicas"] == 1
        assert set(project.up()["changes"]) == {"same"}


def restored_only_by_name(project: Project, snapshot: str) -> None:
    before = claim_of(project), daemon_set(project)["spec"]
    for arguments, told in (
        (("--snapshot", snapshot), f"--confirm {KMD}"),
        (("--snapshot", snapshot, "--confirm", "alice-eu-main-doc"), f"--confirm {KMD}"),
        (("--snapshot", "none", "--confirm", KMD), f"it has {snapshot}"),
    ):
        refused = project.fleet("restore", *AT, *arguments)
        assert refused.code == 2, refused.out
        assert told in refused.json["error"]
    assert (claim_of(project), daemon_set(project)["spec"]) == before


def test_a_daemon_that_was_left_stopped_starts_with_the_program_of_the_next_update(
    project: Project, driver: Driver
) -> None:
    old = image_of(project)
    driver.define()
    with driver.at_work():
        select(project, "c")
        project.up()
        (snapshot,) = [item["name"] for item in project.fleet("restore", *AT).json["snapshots"]]
        driver.binds = False  # a class that waits for a pod leaves the new claim unbound
        told = project.fleet("restore", *AT, "--snapshot", snapshot, "--confirm", KMD, "--leave-stopped")
        assert told.code == 0, told.out + told.err
        assert daemon_set(project)["spec"]["replicas"] == 0
        assert not project.objects("eu-west", "Pod").get(f"{KMD}-0")
        project.release["daemons"]["komodod"]["image"] = old
        ended = project.up()
        assert ended["changes"]["update"] >= 4
        assert (daemon_set(project)["spec"]["replicas"], image_of(project)) == (1, old)
        assert claim_of(project)["spec"]["dataSource"]["name"] == snapshot
