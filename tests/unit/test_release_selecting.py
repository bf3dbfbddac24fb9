"""Going to another release: shown first, refused with every reason, and then one line of a file."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml

from config.load import load_stack
from config.mistakes import ConfigError
from config.plan import plan_fleet
from fleet.errors import FleetError
from fleet.output import Output
from fleet.releases import selecting
from fleet.releases.history import Update
from fleet.releases.selecting import Step
from tests.recording import ROOT
from tests.unit.releases import DRAFT, SOURCE, image, values

NEXT = "releases/2026.12.yaml"
STACK = "Pulumi.testnet.yaml"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """The testnet, with a second release whose komodod writes what the first one's can't read."""
    shutil.copy(ROOT / STACK, tmp_path)
    for name in ("registry", "releases"):
        shutil.copytree(ROOT / name, tmp_path / name)
    for source, version, number in ((DRAFT, "v1", 1), (NEXT, "v2", 2)):
        found = values()
        data = {"family": "komodod", "number": number, "source": SOURCE}
        komodod = {"version": version, "image": image("komodod", str(number)), "data": data, "forks": []}
        found["daemons"]["komodod"] = komodod
        (tmp_path / source).write_text(yaml.safe_dump(found))
    return tmp_path


def step(project: Path, before: str, after: str, runs: bool = True) -> Step:
    plans = [plan_fleet(load_stack(project, "testnet", source)) for source in (before, after)]
    return Step(before=plans[0], after=plans[1], runs=runs)


def test_what_happens_to_each_daemon_is_shown_and_the_line_written(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    selecting.select(project, step(project, DRAFT, NEXT), {}, Output(), dry_run=False)
    told = capsys.readouterr().out
    for words in ("KMD", "DOC", "MARTY", "daemon v1 -> v2", "now: fleet up --stack testnet"):
        assert words in told
    assert load_stack(project, "testnet").stack.release == NEXT


def test_a_dry_run_writes_nothing(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    selecting.select(project, step(project, DRAFT, NEXT), {}, Output(), dry_run=True)
    assert "would be selected" in capsys.readouterr().out
    assert (project / STACK).read_text() == (ROOT / STACK).read_text()


def test_a_refusal_comes_after_what_would_happen_and_writes_nothing(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(ConfigError) as caught:
        selecting.select(project, step(project, NEXT, DRAFT), {}, Output(), dry_run=False)
    assert {item.path for item in caught.value.mistakes} == {f"data of {chain}" for chain in ("DOC", "KMD", "MARTY")}
    assert "daemon v2 -> v1" in capsys.readouterr().out
    assert (project / STACK).read_text() == (ROOT / STACK).read_text()


def test_a_stack_that_never_ran_has_nothing_to_lose(project: Path) -> None:
    selecting.select(project, step(project, NEXT, DRAFT, runs=False), {}, Output(json=True), dry_run=False)
    assert load_stack(project, "testnet").stack.release == DRAFT


def test_a_release_that_was_edited_after_it_ran_is_not_selected(project: Path) -> None:
    digest = plan_fleet(load_stack(project, "testnet", NEXT)).loaded.release.digest
    ran = Update(number=7, source=NEXT, digest=digest, succeeded=True, ended=datetime.now(UTC))
    assert selecting.plan_with(project, "testnet", ran).loaded.stack.release == NEXT
    path = project / NEXT
    path.write_text(path.read_text().replace("version: v2", "version: v3"))
    with pytest.raises(ConfigError, match="which update 7 of testnet ran: put that file back"):
        selecting.plan_with(project, "testnet", ran)


def test_a_release_that_is_selected_already_is_told(project: Path) -> None:
    plan = plan_fleet(load_stack(project, "testnet"))
    selecting.different(NEXT, plan)
    with pytest.raises(FleetError, match=r"selects releases/2026\.11-draft\.yaml already"):
        selecting.different(DRAFT, plan)


def test_options_by_chain_tell_every_mistake() -> None:
    assert selecting.by_chain(["KMD=4771595", "DOC=0"], "--height") == {"KMD": 4_771_595, "DOC": 0}
    with pytest.raises(ConfigError) as caught:
        selecting.by_chain(["KMD", "=1", "DOC=-1", "DOC=1"], "--height")
    assert {item.found for item in caught.value.mistakes} == {"KMD", "=1", "DOC=-1"}
