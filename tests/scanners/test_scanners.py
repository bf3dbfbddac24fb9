"""checkov and kube-score find nothing in what is rendered, but for what `policy/exceptions.yaml` gives reasons for."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from config.reader import read_yaml
from sandbox import toolchain
from tests.recording import ROOT

CHECKOV = ROOT / ".venv" / "scan" / "bin" / "checkov"
STACKS = sorted(path.name.split(".")[1] for path in ROOT.glob("Pulumi.*.yaml"))
LISTED: Any = read_yaml(ROOT / "policy" / "exceptions.yaml", "policy/exceptions.yaml")
EXCEPTED: set[str] = {finding for item in LISTED["exceptions"] for finding in item["findings"]}
FULL_MARKS = 10  # kube-score's grade of a check that found nothing
CARELESS = """
apiVersion: v1
kind: Pod
metadata: {name: careless, namespace: default}
spec:
  containers:
    - {name: one, image: example.net/one:latest, securityContext: {privileged: true}}
"""


def checkov(folder: Path) -> Iterator[str]:
    """The ids of the checks that failed."""
    words = [str(CHECKOV), "--directory", str(folder), "--framework", "kubernetes", "--output", "json"]
    told = subprocess.run(
        [*words, "--quiet", "--compact", "--skip-download"],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
        env={**os.environ, "LOG_LEVEL": "ERROR"},
    )
    found = json.loads(told.stdout)
    assert found["summary"]["resource_count"] > 0
    assert found["summary"]["parsing_errors"] == 0
    yield from (item["check_id"] for item in found["results"]["failed_checks"])


def kube_score(folder: Path) -> Iterator[str]:
    """Each check that is not content, with what it says."""
    tool = toolchain.ensure(["kube-score"], print)["kube-score"]
    files = [str(path) for path in sorted(folder.glob("*.yaml"))]
    words = [str(tool), "score", "--output-format", "json", *files]
    told = subprocess.run(words, capture_output=True, text=True, check=False, timeout=120)
    found = json.loads(told.stdout)
    assert found
    for check in (check for item in found for check in item["checks"]):
        if not check["skipped"] and check["grade"] < FULL_MARKS:
            yield from (f"{check['check']['id']}: {comment['summary']}" for comment in check["comments"])


@pytest.fixture(scope="session")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every shipped stack, a folder each."""
    folder = tmp_path_factory.mktemp("rendered")
    for name in STACKS:
        command = [str(ROOT / ".venv" / "bin" / "fleet"), "render", "--stack", name, "--out", str(folder / name)]
        subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=120)
    return folder


def test_nothing_is_found_without_a_reason_and_no_reason_without_a_finding(rendered: Path) -> None:
    assert len(STACKS) >= 4
    found = {finding for name in STACKS for scan in (checkov, kube_score) for finding in scan(rendered / name)}
    assert found == EXCEPTED


def test_there_are_five_exceptions_at_most_and_each_says_why() -> None:
    assert len(LISTED["exceptions"]) <= 5
    assert all(len(item["because"]) > 40 for item in LISTED["exceptions"])


def test_what_is_careless_is_found(tmp_path: Path) -> None:
    (tmp_path / "careless.yaml").write_text(CARELESS)
    assert {"CKV_K8S_16", "CKV_K8S_14"} <= set(checkov(tmp_path))  # privileged; an image's fixed tag
    assert any("container-security-context" in item for item in kube_score(tmp_path))
