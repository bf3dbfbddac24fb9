"""A region whose API server is away: told in time, nothing lost, completed later."""

from __future__ import annotations

import copy
from contextlib import ExitStack
from functools import partial

import pytest

from tests.engine.interruption import frozen, update_while
from tests.engine.project import Project

pytestmark = [pytest.mark.sandbox, pytest.mark.long]


def grow(project: Project) -> None:
    """A change that touches all three regions: a second notary in each, and a new tick of the ensemble."""
    project.stack["notaries"]["bob-eu"] = copy.deepcopy(project.stack["notaries"]["alice-eu"])
    project.stack["ensemble"]["initLimit"] = 30


def test_an_update_does_not_begin_while_a_region_is_down(project: Project) -> None:
    project.up()
    before, state = project.everything(), project.state()
    grow(project)
    project.sandbox.down("eu-west")
    try:
        refused = project.fleet("up")
    finally:
        project.bring_back("eu-west")
    assert refused.code == 4
    assert "region eu-west" in refused.json["error"]
    assert "nothing was changed" in refused.json["error"]
    assert project.everything() == before
    assert project.state() == state


def test_an_update_does_not_begin_while_a_region_hangs(project: Project) -> None:
    project.write()
    with frozen(project, "na-east", "kube-apiserver"):
        refused = project.fleet("up")
    assert refused.code == 4
    assert "region na-east" in refused.json["error"]
    assert "no answer in 3 s" in refused.json["error"]


def test_a_region_that_goes_down_in_the_middle_holds_up_no_other(project: Project) -> None:
    project.up()
    before = project.identities("StatefulSet", "PersistentVolumeClaim")
    grow(project)
    try:
        ended = update_while(project, started=lambda: project.sandbox.down("eu-west"))
    finally:
        project.bring_back("eu-west")
    assert ended.code == 1
    assert any("region eu-west" in error for error in ended.json["errors"])
    assert not any("region eu-central" in error for error in ended.json["errors"])
    assert "bob-eu-main-kmd" in project.objects("eu-central", "StatefulSet")
    assert "bob-eu-main-kmd" not in project.objects("eu-west", "StatefulSet")
    project.up()
    assert set(project.up()["changes"]) == {"same"}
    assert "bob-eu-main-kmd" in project.objects("eu-west", "StatefulSet")
    assert before.items() <= project.identities("StatefulSet", "PersistentVolumeClaim").items()


def test_the_first_update_goes_on_elsewhere_when_a_region_goes_down_at_once(project: Project) -> None:
    try:
        ended = update_while(project, started=lambda: project.sandbox.down("eu-west"))
    finally:
        project.bring_back("eu-west")
    assert ended.code == 1
    assert any("region eu-west" in error for error in ended.json["errors"])
    assert "alice-eu-main-kmd" in project.objects("eu-central", "StatefulSet")
    project.up()
    assert set(project.up()["changes"]) == {"same"}


def test_the_best_candidates_region_hangs_in_the_middle_and_is_completed_later(project: Project) -> None:
    hangs_in_the_middle(project, "eu-west", elsewhere="eu-central")
    assert "alice-eu-main-kmd" in project.objects("eu-central", "StatefulSet")
    project.up()
    assert set(project.up()["changes"]) == {"same"}
    assert "alice-eu-main-kmd" in project.objects("eu-west", "StatefulSet")


def test_a_standbys_region_hangs_in_the_middle_and_nobody_waits_for_what_stands_behind_it(project: Project) -> None:
    hangs_in_the_middle(project, "eu-central", elsewhere="eu-west")
    assert "alice-eu-main-kmd" not in project.objects("eu-west", "StatefulSet"), "its standby changes first"
    project.up()
    assert set(project.up()["changes"]) == {"same"}
    assert "alice-eu-main-kmd" in project.objects("eu-west", "StatefulSet")


def hangs_in_the_middle(project: Project, region: str, elsewhere: str) -> None:
    """The first update: it names the region that hangs, and no other."""
    with ExitStack() as freezer:
        freeze = partial(freezer.enter_context, frozen(project, region, "kube-apiserver"))
        ended = update_while(project, started=freeze)
    errors = ended.json["errors"]
    assert ended.code == 1
    assert any(f"region {region}" in error and "no answer in time" in error for error in errors)
    assert not any(f"region {elsewhere}" in error for error in errors)


def test_a_preview_plans_while_a_region_is_down_and_says_so(project: Project) -> None:
    project.up()
    grow(project)
    project.sandbox.down("eu-west")
    try:
        planned = project.fleet("preview")
    finally:
        project.bring_back("eu-west")
    assert planned.code == 0, planned.out
    assert "region eu-west" in planned.err
    assert planned.json["changes"] == project.up()["changes"]
