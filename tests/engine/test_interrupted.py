"""An update that is cut off by kill -9 is completed by the next one, with no hand on the state."""

from __future__ import annotations

import copy
from contextlib import ExitStack
from functools import partial
from typing import Any

import pytest

from tests.engine.interruption import (
    frozen,
    objects_in,
    pending,
    update_ended_by_ctrl_c,
    update_killed_when,
    update_while,
)
from tests.engine.project import REGIONS, Answer, Project

pytestmark = [pytest.mark.sandbox, pytest.mark.long]


def completed(project: Project, cut_off: Answer) -> dict[str, Any]:
    """Update once more; everything is then there and ready, and nothing is left to do."""
    assert cut_off.code != 0
    result = project.up()
    for region in REGIONS:
        assert {f"{name}-0" for name in project.objects(region, "StatefulSet")} == set(project.set_pods(region))
    assert set(project.up()["changes"]) == {"same"}
    assert not project.state().get("pending_operations")
    return result


def test_killed_before_anything_was_made(project: Project) -> None:
    cut_off = update_killed_when(project, lambda _: True)
    assert completed(project, cut_off)["ok"] is True


def test_killed_in_the_middle_the_error_says_what_to_do(project: Project) -> None:
    cut_off = update_killed_when(project, lambda state: objects_in(state) >= 25)
    assert objects_in(project.state()) >= 25
    assert "the engine was killed" in cut_off.out
    assert "`fleet up`" in cut_off.out
    completed(project, cut_off)


def test_killed_with_creates_pending_that_never_happened(project: Project) -> None:
    def creating(state: dict[str, Any]) -> bool:
        urns = [item["resource"]["urn"] for item in pending(state, "creating")]
        return any("$kubernetes:" in urn and "::eu-west-" in urn for urn in urns)

    with ExitStack() as freezer:
        # Regions are asked for an answer before the engine starts, so the API server freezes only then.
        started = partial(freezer.enter_context, frozen(project, "eu-west", "kube-apiserver"))
        cut_off = update_killed_when(project, creating, started)
        assert creating(project.state())
    completed(project, cut_off)


def test_killed_with_creates_pending_that_did_happen(project: Project) -> None:
    def awaiting(state: dict[str, Any]) -> bool:
        return any("StatefulSet" in item["resource"]["type"] for item in pending(state, "creating"))

    def made() -> set[str]:
        return set(project.objects("eu-central", "StatefulSet"))

    with frozen(project, "eu-central", "kwok"):
        cut_off = update_killed_when(project, lambda state: awaiting(state) and made() >= {"zookeeper-2"})
        assert awaiting(project.state())
    before = project.identities("StatefulSet")
    assert completed(project, cut_off)
    assert before.items() <= project.identities("StatefulSet").items()


def test_killed_while_sets_roll_to_another_release(project: Project) -> None:
    project.up()
    claims = project.identities("PersistentVolumeClaim")
    build = copy.deepcopy(project.release["daemons"]["komodod"])
    project.release["daemons"]["komodod"] = build | {"image": f"registry.example.net/notary/komodod@sha256:{'7' * 64}"}
    with frozen(project, "eu-west", "kwok"):
        cut_off = update_killed_when(project, lambda state: bool(pending(state, "updating")))
        assert pending(project.state(), "updating")
    completed(project, cut_off)
    pods = [pod for region in REGIONS for pod in project.set_pods(region).values()]
    images = {item["image"] for pod in pods for item in pod["spec"]["containers"] if item["name"] == "daemon"}
    assert images == {project.release["daemons"]["komodod"]["image"]}
    assert project.identities("PersistentVolumeClaim") == claims


def test_killed_together_with_the_command_its_lock_does_not_stay(project: Project) -> None:
    update_killed_when(project, lambda state: objects_in(state) >= 5, whole_tree=True)
    assert completed(project, Answer(code=-9, out="", err=""))["ok"] is True


def test_killed_while_it_wrote_the_attributes_of_its_state(project: Project) -> None:
    project.up()
    before = project.state()
    sidecars = list(project.root.glob(f".fleet/state/.pulumi/stacks/**/{project.name}.json.attrs"))
    assert sidecars
    sidecars[0].write_text("")
    assert set(project.up()["changes"]) == {"same"}
    assert len(project.state()["resources"]) == len(before["resources"])


def test_ctrl_c_leaves_no_process_and_the_next_update_completes(project: Project) -> None:
    cut_off, left = update_ended_by_ctrl_c(project, lambda state: objects_in(state) >= 10)
    assert cut_off.code == 130
    assert left == 0
    assert "Traceback" not in cut_off.err
    completed(project, cut_off)


def test_a_second_update_at_the_same_time_is_refused_and_the_first_goes_on(project: Project) -> None:
    refused: list[Answer] = []
    first = update_while(project, started=lambda: refused.append(project.fleet("up")))
    assert refused[0].code == 5
    assert "another update of" in refused[0].json["error"]
    assert first.code == 0, first.out
    assert set(project.up()["changes"]) == {"same"}
