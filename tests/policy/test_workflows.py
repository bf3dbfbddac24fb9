"""The workflows: well formed, pinned, with no more permissions than they need."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from config.reader import read_yaml
from sandbox import toolchain
from tests.recording import ROOT

WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
MARK = "<!-- notary-fleet preview -->"  # by which the comment is found again
MAY_WRITE = {"id-token": None, "pull-requests": "comment"}  # and in which job alone, if in one alone


def jobs(path: Path) -> dict[str, Any]:
    found: Any = read_yaml(path, path.name)["jobs"]
    return found


def linted(folder: Path, *files: Path) -> str:
    tool = toolchain.ensure(["actionlint"], print)["actionlint"]
    command = [str(tool), "-no-color", "-shellcheck=", "-pyflakes=", *map(str, files)]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=60)
    return done.stdout + done.stderr


def test_actionlint_finds_nothing() -> None:
    assert len(WORKFLOWS) == 4
    assert linted(ROOT, *WORKFLOWS) == ""


def test_actionlint_notices_what_would_never_run(tmp_path: Path) -> None:
    broken = tmp_path / "broken.yml"
    broken.write_text((ROOT / ".github/workflows/drift.yml").read_text().replace("matrix.stack", "matrix.stak"))
    assert "stak" in linted(tmp_path, broken)


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_actions_are_pinned_by_commit_and_say_their_version(path: Path) -> None:
    used = re.findall(r"uses: (.*)", path.read_text())
    assert used
    assert [line for line in used if not re.fullmatch(r"[\w.-]+/[\w.-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", line)] == []


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_jobs_may_write_nothing_but_a_comment(path: Path) -> None:
    document = read_yaml(path, path.name)
    assert document["permissions"] in ({}, {"contents": "read"})
    for name, job in jobs(path).items():
        for scope, level in job.get("permissions", {}).items():
            assert level == "read" or MAY_WRITE.get(scope, "nowhere") in (None, name), (path.name, name, scope)


def test_what_may_comment_runs_nothing_of_the_pull_request() -> None:
    job = jobs(ROOT / ".github/workflows/preview.yml")["comment"]
    assert not any(
        "checkout" in step.get("uses", "") or "fleet" in step.get("run", "").replace(MARK, "") for step in job["steps"]
    )
    assert MARK in job["steps"][-1]["run"]


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_nothing_that_a_stranger_writes_is_part_of_a_script(path: Path) -> None:
    scripts = [step.get("run", "") for job in jobs(path).values() for step in job["steps"]]
    assert [script for script in scripts if "${{" in script] == []
