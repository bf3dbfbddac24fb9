"""The files of stacks and releases: one line is changed, comments stay, and what is wrong leaves them as they were."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.load import load_release, load_stack, stack_names
from config.mistakes import ConfigError
from fleet.errors import FleetError
from fleet.releases import files
from tests.recording import ROOT
from tests.unit.releases import DRAFT, evidence_of


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for path in ROOT.glob("Pulumi.*.yaml"):
        shutil.copy(path, tmp_path)
    for name in ("registry", "releases"):
        shutil.copytree(ROOT / name, tmp_path / name)
    shutil.copy(ROOT / DRAFT, tmp_path / "releases" / "2026.12.yaml")
    return tmp_path


@pytest.mark.parametrize("stack", stack_names(ROOT))
def test_selecting_changes_one_line_of_a_stacks_file(stack: str, project: Path) -> None:
    path = project / f"Pulumi.{stack}.yaml"
    before = path.read_text()
    files.select(project, stack, "releases/2026.12.yaml")
    after = path.read_text()
    differ = [pair for pair in zip(before.splitlines(), after.splitlines(), strict=True) if pair[0] != pair[1]]
    assert differ == [(f"  notary:release: {DRAFT}", "  notary:release: releases/2026.12.yaml")]
    assert load_stack(project, stack).stack.release == "releases/2026.12.yaml"
    files.select(project, stack, DRAFT)
    assert path.read_text() == before


@pytest.mark.parametrize("line", ['"notary:release": "a b.yaml"  # why', "'notary:release':  'a.yaml'"])
def test_quotes_and_comments_around_the_release_are_understood(line: str, project: Path) -> None:
    path = project / "Pulumi.one.yaml"
    path.write_text(f"config:\n  {line}\n  notary:stage: test\n")
    files.select(project, "one", DRAFT)
    assert path.read_text() == path.read_text().replace("a b.yaml", "").replace("a.yaml", "")
    assert f"notary:release{line[0]}: {DRAFT}" in path.read_text()
    assert ("# why" in path.read_text()) == ("# why" in line)


@pytest.mark.parametrize(
    "text",
    [
        "config: {notary:release: a.yaml, notary:stage: test}\n",
        "config:\n  notary:release: |\n    a.yaml\n",
        "config:\n  notary:stage: test\n",
        "config:\n  notary:x: |\n    notary:release: a.yaml\n  notary:stage: test\n",
    ],
)
def test_a_file_whose_one_line_is_not_found_is_left_alone(text: str, project: Path) -> None:
    path = project / "Pulumi.one.yaml"
    path.write_text(text)
    with pytest.raises(ConfigError, match="which you write"):
        files.select(project, "one", DRAFT)
    assert path.read_text() == text


def test_evidence_is_added_at_the_end_and_read_back(project: Path) -> None:
    before = (project / DRAFT).read_text()
    release = load_release(project, DRAFT)
    first, second = evidence_of(release), evidence_of(release, stack="other", notarised={})
    for item in (first, second):
        files.add_evidence(project, DRAFT, item)
    assert (project / DRAFT).read_text().startswith(before)
    after = load_release(project, DRAFT)
    assert after.evidence == (first, second)
    # What ran is the same: evidence is no part of what a release's digest names.
    assert after.digest == release.digest


def test_evidence_finds_no_place_where_another_key_comes_last(project: Path) -> None:
    path = project / DRAFT
    files.add_evidence(project, DRAFT, evidence_of(load_release(project, DRAFT)))
    path.write_text(path.read_text() + "date: 2026-11-21\n")
    kept = path.read_text()
    with pytest.raises(ConfigError, match="as the last key"):
        files.add_evidence(project, DRAFT, evidence_of(load_release(project, DRAFT)))
    assert path.read_text() == kept


def test_a_release_is_written_once_and_reads_back(project: Path) -> None:
    release = load_release(project, DRAFT)
    files.write_release(project, "releases/new.yaml", release)
    assert load_release(project, "releases/new.yaml") == release
    with pytest.raises(FleetError, match="never written twice"):
        files.write_release(project, "releases/new.yaml", release)


def test_a_file_is_replaced_at_once_and_keeps_its_mode(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = project / "Pulumi.local.yaml"
    path.chmod(0o640)
    files.replace(path, "new")
    assert (path.read_text(), path.stat().st_mode & 0o777) == ("new", 0o640)

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(FleetError, match="No space left"):
        files.replace(path, "newer")
    assert path.read_text() == "new"
    assert [item.name for item in project.iterdir() if item.name.startswith(".")] == []


@given(st.text(max_size=30))
def test_the_file_of_a_release_is_below_the_project_whatever_is_typed(text: str) -> None:
    try:
        source = files.source_of(text)
    except ConfigError:
        return
    assert (ROOT / source).resolve().is_relative_to(ROOT)


def test_a_release_may_be_named_by_version_or_file() -> None:
    assert files.source_of("2026.11-draft") == files.source_of(DRAFT) == DRAFT
    for bad in ("../x", "/etc/x.yaml", "~/x.yaml"):
        with pytest.raises(ConfigError):
            files.source_of(bad)
