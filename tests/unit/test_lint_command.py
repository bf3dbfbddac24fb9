"""`fleet lint` as it is run: exit codes, JSON and what it says."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from config.lint.run import RULES
from tests.unit.test_lint_project import DATA, PROJECT, copy_project, replace


def fleet(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [str(PROJECT / ".venv/bin/fleet"), "-C", str(root), "lint", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, cwd=root)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return copy_project(tmp_path)


def parsed(run: subprocess.CompletedProcess[str]) -> Any:
    assert run.stderr == ""
    return json.loads(run.stdout)


def test_without_options_all_stacks_are_linted_and_a_clean_project_exits_with_0(project: Path) -> None:
    run = fleet(project)
    assert (run.returncode, run.stdout, run.stderr) == (0, "nothing found\n", "")
    replace(project / "Pulumi.local.yaml", "            eu-central: {priority: 2}\n", "")
    replace(project / "registry/testnet.json", '"ac_cc": "3"', '"ac_cc": 3')
    run = fleet(project, "--json")
    assert run.returncode == 1
    assert {(item["rule"], item["path"].split(" ")[0]) for item in parsed(run)} == {
        ("no-standby", "Pulumi.local.yaml"),
        ("number-not-text", "registry/testnet.json[0].ac_cc"),
        ("number-not-text", "registry/testnet.json[1].ac_cc"),
    }


def test_findings_are_a_table_for_people_and_objects_for_tools(project: Path) -> None:
    run = fleet(project, "--coins", str(DATA / "coins.json"))
    assert run.returncode == 1
    assert run.stdout.split("\n")[0].split() == ["rule", "where", "found", "expected"]
    assert "swapped-ports" in run.stdout
    found = parsed(fleet(project, "--coins", str(DATA / "coins.json"), "--json"))
    assert {tuple(item) for item in found} == {("rule", "path", "found", "expected")}
    assert len(found) == 6


def test_square_brackets_of_a_file_are_shown_as_they_are(project: Path) -> None:
    (project / "x[red].sh").write_text("#!/bin/sh\na[0]=1\ncli = [bold]$1\n")
    assert "[bold]$1" in fleet(project, "--script", "x[red].sh").stdout.replace("\n", "")


def test_a_clean_file_is_an_empty_list(project: Path) -> None:
    (project / "setup.sh").write_text("#!/bin/sh\nufw allow 13848/tcp\n")
    run = fleet(project, "--script", "setup.sh", "--json")
    assert (run.returncode, parsed(run)) == (0, [])


def test_all_that_cannot_be_read_is_told_at_once(project: Path) -> None:
    (project / "compose.yaml").write_text("services:\n  a: [\n")
    arguments = ["--coins", "none.json", "--script", "compose.yaml", "--registry", "/", "--stack", "nowhere"]
    run = fleet(project, *arguments, "--json")
    assert run.returncode == 2
    paths = [item["path"] for item in json.loads(run.stdout)["mistakes"]]
    assert paths == ["--stack", "/", "compose.yaml:3", "none.json"]
    run = fleet(project, *arguments)
    assert (run.returncode, run.stdout, run.stderr.count("\n")) == (2, "", 4)
    assert "Traceback" not in run.stderr


def test_a_stack_that_does_not_load_is_a_mistake(project: Path) -> None:
    replace(project / "Pulumi.mainnet.yaml", "busPort: 13848", "busPort: 1")
    run = fleet(project, "--stack", "mainnet")
    assert (run.returncode, run.stdout) == (2, "")
    assert "notary:notaries.alice-eu.duties.main.busPort" in run.stderr


def test_the_rules_are_listed_with_a_sentence_each(project: Path) -> None:
    listed = parsed(fleet(project, "--rules", "--json"))
    assert {item["rule"] for item in listed} == set(RULES)
    assert all(item["finds"].endswith(".") for item in listed)
    run = fleet(project, "--rules")
    assert run.returncode == 0
    assert all(rule in run.stdout for rule in RULES)


def test_the_help_has_an_example(project: Path) -> None:
    assert "Example: fleet lint" in " ".join(fleet(project, "--help").stdout.split())


def test_no_project_here_is_bad_input(tmp_path: Path) -> None:
    run = fleet(tmp_path)
    assert (run.returncode, run.stdout) == (2, "")
    assert "no project" in run.stderr


def test_every_rule_has_a_test_that_names_it() -> None:
    text = "".join(path.read_text() for path in Path(__file__).parent.glob("test_lint_*.py"))
    assert [rule for rule in RULES if f'"{rule}"' not in text] == []
