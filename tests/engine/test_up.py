"""The first update, and an update that has nothing to do."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml

from tests.engine.project import PATHS, REGIONS, Project, wanted

pytestmark = pytest.mark.sandbox


def contains(whole: Any, part: Any) -> bool:
    """Whether every field of `part` is in `whole` with its value; servers add defaults of their own."""
    if isinstance(part, dict):
        return isinstance(whole, dict) and all(contains(whole.get(key), value) for key, value in part.items())
    if isinstance(part, list):
        return isinstance(whole, list) and len(whole) == len(part) and all(map(contains, whole, part))
    return whole == part


def test_an_update_gives_the_clusters_exactly_what_render_writes(project: Project) -> None:
    result = project.up()
    assert set(result["changes"]) == {"create"}
    out = project.root / "rendered"
    assert project.fleet("render", "--out", str(out)).code == 0
    live = project.everything()
    rendered = {
        (region, item["kind"], item["metadata"]["name"]): item
        for region in REGIONS
        for item in yaml.safe_load_all((out / f"{region}.yaml").read_text())
        if item["kind"] in PATHS
    }
    assert set(live) == set(rendered)
    for key, item in rendered.items():
        if item["kind"] == "Secret":  # what it holds is shown as a placeholder
            assert set(live[key]["data"]) == set(item.pop("stringData")), key
        assert contains(live[key], wanted(item)), key


def test_every_pod_becomes_ready_where_pod_security_is_restricted(project: Project) -> None:
    project.up()
    for region in REGIONS:
        sets, pods = project.objects(region, "StatefulSet"), project.set_pods(region)
        assert {f"{name}-0" for name in sets} == set(pods)
        assert all(pod["status"]["phase"] == "Running" for pod in pods.values())
        claims = project.objects(region, "PersistentVolumeClaim")
        assert all(claim["status"]["phase"] == "Bound" for claim in claims.values())


def test_a_second_update_changes_nothing(project: Project) -> None:
    first = project.up()
    before = project.everything()
    second = project.up()
    assert second["changes"] == {"same": first["changes"]["create"]}
    assert project.everything() == before


def test_a_preview_plans_what_the_update_then_does(project: Project) -> None:
    planned = project.fleet("preview")
    assert planned.code == 0, planned.err
    assert planned.json["changes"] == project.up()["changes"]
    assert set(project.fleet("preview").json["changes"]) == {"same"}


def test_a_refresh_finds_nothing_and_outputs_name_the_candidates(project: Project) -> None:
    project.up()
    refreshed = project.fleet("refresh")
    assert refreshed.code == 0, refreshed.out
    assert set(refreshed.json["changes"]) == {"same"}
    outputs = project.fleet("outputs").json
    assert outputs["candidates"] == {"alice-eu": ["eu-central/alice-eu-main", "eu-west/alice-eu-main"]}


def test_destroy_wants_the_name_and_then_leaves_nothing(project: Project) -> None:
    project.up()
    refused = project.fleet("destroy")
    assert refused.code == 2
    assert "--confirm" in json.loads(refused.out)["error"]
    assert project.fleet("destroy", "--confirm", project.name).code == 0
    assert project.everything() == {}
