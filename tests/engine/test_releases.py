"""Releases on the real engine: promoted from stack to stack, and rolled back, with exactly the images that differ."""

from __future__ import annotations

import copy
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.engine.project import Answer, Project, make_project

pytestmark = [pytest.mark.sandbox, pytest.mark.long]
SOURCE = "GLEECBTC/komodo-daemon, as a test has it"
DATA = {"family": "komodod", "number": 1, "source": SOURCE}


def command(project: Project, *arguments: str) -> Answer:
    """A command that names its stacks by itself; the stack's file stays as it is."""
    program = str(Path(sys.executable).parent / "fleet")
    line = [program, "-C", str(project.root), *arguments, "--json"]
    done = subprocess.run(line, capture_output=True, text=True, timeout=300, check=False)
    return Answer(code=done.returncode, out=done.stdout, err=done.stderr)


def told(answer: Answer) -> dict[str, Any]:
    assert answer.code == 0, answer.out + answer.err
    return answer.json


def sets_of(changed: dict[str, Any]) -> set[str]:
    """The names of the sets in a diff that was told as JSON."""
    return {pod["name"] for pod in changed["pods"]}


def updated(result: dict[str, Any]) -> set[str]:
    assert {(step["operation"], step["kind"]) for step in result["steps"]} == {("update", "StatefulSet")}
    return {step["name"] for step in result["steps"]}


def images(items: dict[Any, dict[str, Any]]) -> dict[Any, list[str]]:
    """The images of each set, and nothing else of it: what is left must not change with a release."""
    found: dict[Any, list[str]] = {}
    for key, item in items.items():
        pod = item.get("spec", {}).get("template", {}).get("spec", {}) if key[1] == "StatefulSet" else {}
        for container in [*pod.get("initContainers", []), *pod.get("containers", [])]:
            found.setdefault(key, []).append(container.pop("image"))
    return found


def select(project: Project, source: str) -> None:
    """What a command selected, for the project that writes its file before each of its own commands."""
    text = yaml.safe_load((project.root / f"Pulumi.{project.name}.yaml").read_text())
    assert text["config"]["notary:release"] == source
    project.stack["release"] = source
    project.release = yaml.safe_load((project.root / source).read_text())


def next_release(project: Project, version: str, **komodod: Any) -> str:
    """A release of its own file, with another komodod; its path."""
    release = copy.deepcopy(project.release)
    image = f"registry.example.net/notary/komodod@sha256:{'7' * 64}"
    release["daemons"]["komodod"] = {"version": "v0.9.3", "image": image, "data": DATA, "forks": [], **komodod}
    (project.root / "releases" / f"{version}.yaml").write_text(yaml.safe_dump({**release, "version": version}))
    return f"releases/{version}.yaml"


def first_release(project: Project) -> None:
    project.release["daemons"]["komodod"] |= {"data": DATA, "forks": []}


def test_a_promoted_release_and_its_rollback_change_exactly_the_images_that_differ(project: Project) -> None:
    first_release(project)
    other = make_project(project.root, f"{project.name}-b"[-40:].strip("-"))
    other.release, other.stack["release"] = project.release, project.stack["release"]
    first, second = str(project.stack["release"]), next_release(project, f"{project.name}-next")
    other.up()
    before = other.everything()
    project.stack["release"], project.release = second, yaml.safe_load((project.root / second).read_text())
    project.up()

    shown = told(command(project, "promote", "--from", project.name, "--to", other.name))
    select(other, second)
    planned = other.fleet("preview").json
    pods = {f"{region}-alice-eu-main-{chain}" for region in ("eu-central", "eu-west") for chain in ("kmd", "doc")}
    assert updated(planned) == sets_of(shown) == pods
    assert other.up()["steps"] == planned["steps"]
    promoted = other.everything()
    differ = {key for key in before if before[key] != promoted[key]}
    assert {f"{region}-{name}" for region, kind, name in differ if kind == "StatefulSet"} == pods
    old, new = images(before), images(promoted)
    assert before == promoted
    assert {key for key in old if old[key] != new[key]} == differ

    back = told(command(project, "rollback", "--stack", other.name))
    assert sets_of(back) == pods
    select(other, first)
    assert updated(other.fleet("preview").json) == pods
    other.up()
    restored = other.everything()
    assert images(restored) == old
    assert restored == before
    again = command(project, "rollback", "--stack", other.name)
    assert again.code == 2
    assert "ran no release before" in again.json["error"]


def test_a_rollback_that_would_lose_data_or_leave_the_chain_is_refused_and_writes_nothing(project: Project) -> None:
    first_release(project)
    project.up()
    fork = {"chain": "KMD", "height": 5_000_000, "source": SOURCE}
    second = next_release(project, f"{project.name}-next", data={**DATA, "number": 2}, forks=[fork])
    project.stack["release"], project.release = second, yaml.safe_load((project.root / second).read_text())
    project.up()
    path = project.root / f"Pulumi.{project.name}.yaml"
    kept = path.read_text()
    refused = command(project, "rollback", "--stack", project.name, "--height", "KMD=5000001")
    assert refused.code == 2
    assert {item["path"] for item in refused.json["mistakes"]} == {
        "data of DOC",
        "data of KMD",
        "hard forks of KMD",
    }
    assert path.read_text() == kept

    evidence = told(command(project, "release", "evidence", "--stack", project.name))
    assert set(evidence["builds"]) == {"zookeeper", "keeper", "gate", "signers.iguana", "daemons.komodod"}
    assert (evidence["stage"], evidence["signature"], len(evidence["updates"])) == ("sandbox", "none", 1)
    release = project.root / second
    assert yaml.safe_load(release.read_text())["evidence"][0]["release"] == evidence["release"]
    # A stack that never ran has nothing to lose: it takes what another one runs.
    fresh = make_project(project.root, f"{project.name}-c"[-40:].strip("-"))
    fresh.write()
    promotion = ["promote", "--from", project.name, "--to", fresh.name]
    tried = told(command(project, *promotion, "--dry-run"))
    assert (tried["selected"], len(tried["pods"])) == (False, 4)
    select(fresh, str(fresh.stack["release"]))
    assert told(command(project, *promotion))["selected"] is True
    select(fresh, second)
    # A release that was edited after it ran is not what ran.
    release.write_text(release.read_text().replace("v0.9.3", "v0.9.4"))
    edited = command(project, "release", "evidence", "--stack", project.name)
    assert edited.code == 2
    assert evidence["release"] in json.dumps(edited.json["mistakes"])
