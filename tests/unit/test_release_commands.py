"""`fleet release`, `promote` and `rollback` as their users meet them, as far as no engine is needed."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from config.load import load_release
from tests.recording import ROOT
from tests.unit.registry_double import Registry, registry
from tests.unit.releases import DRAFT, evidence_of, image

FLEET = str(Path(sys.executable).parent / "fleet")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for path in (*ROOT.glob("Pulumi*.yaml"), ROOT / "__main__.py"):
        shutil.copy(path, tmp_path)
    for name in ("registry", "releases"):
        shutil.copytree(ROOT / name, tmp_path / name)
    return tmp_path


@pytest.fixture
def double() -> Iterator[Registry]:
    with registry() as held:
        yield held


def fleet(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "DOCKER_CONFIG": str(root / "no-docker")}
    environment.pop("PULUMI_BACKEND_URL", None)
    line = [FLEET, "-C", str(root), *arguments]
    return subprocess.run(line, capture_output=True, text=True, timeout=60, check=False, env=environment)


def changes(root: Path, **builds: dict[str, object]) -> str:
    path = root / "changes.yaml"
    path.write_text(yaml.safe_dump(builds))
    return str(path)


KOMODOD = {"version": "v0.9.3", "image": image("komodod", "7"), "source": "GLEECBTC/komodo-daemon v0.9.3"}


def test_a_new_release_has_the_changed_builds_and_no_evidence_of_the_old_one(project: Path) -> None:
    old = load_release(project, DRAFT)
    path = project / DRAFT
    item = evidence_of(old).model_dump(mode="json")
    path.write_text(path.read_text() + yaml.safe_dump({"evidence": [item]}))
    file = changes(project, daemons={"komodod": KOMODOD})
    done = fleet(project, "release", "new", "2026.12", "--after", "2026.11-draft", "--changes", file, "--draft")
    assert done.returncode == 0, done.stderr
    new = load_release(project, "releases/2026.12.yaml")
    assert (new.version, new.status, new.date, new.evidence) == ("2026.12", "draft", None, ())
    assert {name for name, build in new.builds.items() if build != old.builds[name]} == {"daemons.komodod"}
    # What was known of the old build's forks is not true of the new one by itself.
    assert (new.daemons["komodod"].version, new.daemons["komodod"].forks) == ("v0.9.3", None)
    assert new.digest != old.digest
    again = fleet(project, "release", "new", "2026.12", "--after", "2026.11-draft", "--draft")
    assert again.returncode == 2
    assert "never written twice" in again.stderr


def test_a_release_that_is_no_draft_is_written_once_its_registry_has_every_image(
    project: Path, double: Registry
) -> None:
    path = project / DRAFT
    path.write_text(path.read_text().replace("registry.example.net", double.host))
    images = {build.image for build in load_release(project, DRAFT).builds.values()}
    double.manifests |= {name.partition("/")[2] for name in images if "litecoind" not in name}
    line = ["release", "new", "2026.12", "--after", "2026.11-draft", "--json"]
    refused = fleet(project, *line)
    assert refused.returncode == 2
    (mistake,) = json.loads(refused.stdout)["mistakes"]
    assert mistake["path"] == "releases/2026.12.yaml daemons.litecoind.image"
    assert not (project / "releases" / "2026.12.yaml").exists()
    double.manifests |= {name.partition("/")[2] for name in images}
    assert fleet(project, *line).returncode == 0
    made = load_release(project, "releases/2026.12.yaml")
    assert (made.status, made.date is not None) == ("released", True)


def test_every_mistake_of_the_changes_is_told_and_nothing_is_written(project: Path) -> None:
    bad = {"version": "v1", "image": "registry.example.net/notary/komodod:v1", "data": {"family": "komodod"}}
    file = changes(project, daemons={"komodod": bad}, gate={"version": "1"})
    done = fleet(project, "release", "new", "2026.12", "--after", DRAFT, "--changes", file, "--draft", "--json")
    assert done.returncode == 2
    paths = {item["path"].rpartition(" ")[2] for item in json.loads(done.stdout)["mistakes"]}
    komodod = "daemons.komodod"
    assert paths == {f"{komodod}.image", f"{komodod}.data.number", f"{komodod}.data.source", "gate.image"}
    fixed = fleet(project, "release", "new", "2026.12", "--after", DRAFT, "--changes", changes(project, evidence={}))
    assert fixed.returncode == 2
    assert "builds, chains and untested alone" in fixed.stderr
    assert not (project / "releases" / "2026.12.yaml").exists()


def test_a_diff_speaks_of_chains_daemons_and_signers(project: Path) -> None:
    file = changes(project, daemons={"komodod": KOMODOD}, zookeeper={"version": "3.9.6", "image": image("zk", "7")})
    fleet(project, "release", "new", "2026.12", "--after", DRAFT, "--changes", file, "--draft")
    line = ["release", "diff", "2026.11-draft", "2026.12", "--stack", "testnet"]
    told = fleet(project, *line).stdout
    for words in ("KMD", "DOC", "MARTY", "daemon v0.9.2-2 -> v0.9.3", "babbage/main", "3.9.5 -> 3.9.6"):
        assert words in told
    data = json.loads(fleet(project, *line, "--json").stdout)
    assert {item["what"] for item in data["builds"]} == {"daemons.komodod", "zookeeper"}
    assert {pod["kind"] for pod in data["pods"]} == {"daemon", "server"}
    alone = json.loads(fleet(project, *line[:-2], "--json").stdout)
    assert (alone["builds"], alone["pods"]) == (data["builds"], [])


def test_show_tells_builds_evidence_and_what_production_wants(project: Path) -> None:
    shown = fleet(project, "release", "show", "2026.11-draft", "--stack", "mainnet")
    assert shown.returncode == 0
    assert "no evidence of a stack that ran it" in shown.stdout
    assert "found draft, expected status: released" in shown.stdout
    data = json.loads(fleet(project, "release", "show", "2026.11-draft", "--json").stdout)
    assert data["digest"] == load_release(ROOT, DRAFT).digest
    assert "wanting" not in data


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["release", "show", "1999"], "releases/1999.yaml"),
        (["release", "show", "../../etc/passwd"], "a version such as"),
        (["release", "diff", DRAFT, "1999"], "releases/1999.yaml"),
        (["release", "evidence", "--stack", "testnet", "--notarised", "DOC"], "--notarised"),
        (["rollback", "--stack", "testnet", "--height", "KMD=x"], "--height"),
        (["rollback", "--stack", "nowhere"], "--stack"),
        (["promote", "--from", "testnet", "--to", "nowhere"], "--stack"),
    ],
)
def test_a_wrong_argument_is_one_line(arguments: list[str], word: str, project: Path) -> None:
    done = fleet(project, *arguments)
    assert done.returncode == 2
    assert word in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("command", [["rollback", "--stack", "testnet"], ["release", "evidence", "--stack", "testnet"]])
def test_a_real_stacks_history_is_asked_where_its_state_is_and_nowhere_else(command: list[str], project: Path) -> None:
    done = fleet(project, *command)
    assert done.returncode == 3
    assert "PULUMI_BACKEND_URL" in done.stderr


def test_an_update_of_production_is_refused_with_all_that_its_release_lacks(project: Path) -> None:
    path = project / DRAFT
    path.write_text(
        path.read_text().replace("status: draft", "status: released").replace("registry.example.net", "127.0.0.1:1")
    )
    done = fleet(project, "up", "--stack", "mainnet", "--json")
    assert done.returncode == 2
    paths = {item["path"].rpartition(" ")[2] for item in json.loads(done.stdout)["mistakes"]}
    assert {"date", "evidence", "zookeeper.image", "daemons.komodod.image", "daemons.komodod.source"} <= paths
    assert not (project / ".fleet").exists()
