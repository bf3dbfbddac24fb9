"""The command line as its users meet it: results, progress, errors and exit codes. No engine, no cluster."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
import yaml

from fleet.main import app
from tests.recording import ROOT

FLEET = str(Path(sys.executable).parent / "fleet")


def fleet(*arguments: str, root: Path = ROOT, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [FLEET, "-C", str(root), *arguments]
    return subprocess.run(
        command, capture_output=True, text=True, timeout=60, check=False, env={**os.environ, **environment}
    )


def commands(group: typer.core.TyperGroup, *path: str) -> Iterator[tuple[tuple[str, ...], typer.core.TyperCommand]]:
    """Every command below a group, with its path."""
    for name, command in group.commands.items():
        if isinstance(command, typer.core.TyperGroup):
            yield from commands(command, *path, name)
        elif isinstance(command, typer.core.TyperCommand):
            yield (*path, name), command


COMMANDS = dict(commands(typer.main.get_group(app)))


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of the project's own files, to be changed."""
    for name in ("Pulumi.yaml", "__main__.py", "Pulumi.local.yaml", "Pulumi.testnet.yaml"):
        shutil.copy(ROOT / name, tmp_path / name)
    for name in ("registry", "releases"):
        shutil.copytree(ROOT / name, tmp_path / name)
    return tmp_path


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_every_command_explains_itself_with_an_example_and_has_json(path: tuple[str, ...]) -> None:
    command = COMMANDS[path]
    assert f"Example: fleet {' '.join(path)}" in (command.help or "")
    assert any("--json" in parameter.opts for parameter in command.params)


def test_the_commands_are_those_that_operators_are_told_of() -> None:
    wanted = ["up", "preview", "refresh", "destroy", "outputs", "chains", "lint", "render", "doctor"]
    assert {(name,) for name in wanted} <= set(COMMANDS)
    assert {("config", "schema"), ("config", "check"), ("secret", "set"), ("sandbox", "down")} <= set(COMMANDS)


def test_help_documents_the_exit_codes() -> None:
    shown = " ".join(fleet("--help").stdout.split())
    for code in (
        "0 done",
        "1 the update",
        "2 mistakes",
        "3 this machine",
        "4 a region",
        "5 another",
        "130 interrupted",
    ):
        assert code in shown


def test_chains_prints_what_a_tool_expects() -> None:
    listed = json.loads(fleet("chains", "registry/assetchains.json", "--json").stdout)
    (koin,) = [item for item in listed if item["key"] == "KOIN"]
    assert set(koin) == {"key", "name", "p2p", "rpc", "magic", "flags"}
    assert (koin["p2p"], koin["rpc"], koin["magic"]) == (10701, 10702, 3059108982)
    assert koin["flags"][:2] == ["-ac_name=KOIN", "-ac_supply=125000000"]


def test_chains_of_a_registry_with_a_mistake_ends_with_two_and_one_line(tmp_path: Path) -> None:
    path = tmp_path / "r.json"
    path.write_text('[{"ac_name": "CCL", "ac_supply": "100000000,"}]')
    done = fleet("chains", str(path))
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert "ac_supply (CCL)" in done.stderr
    told = json.loads(fleet("chains", str(path), "--json").stdout)
    assert told["mistakes"][0]["found"] == '"100000000,"'


@pytest.mark.parametrize("stack", ["local", "testnet", "mainnet"])
def test_render_writes_one_file_per_region_without_a_cluster(stack: str, tmp_path: Path) -> None:
    done = fleet("render", "--stack", stack, "--out", str(tmp_path / "out"), "--json", KUBECONFIG="/nonexistent")
    assert done.returncode == 0, done.stderr
    files = json.loads(done.stdout)
    assert set(files) == {"eu-central", "eu-west", "na-east"}
    for region, item in files.items():
        objects = list(yaml.safe_load_all((tmp_path / "out" / f"{region}.yaml").read_text()))
        assert len(objects) == item["objects"]
        assert objects[0]["kind"] == "Namespace"


def test_render_writes_the_same_bytes_every_time(tmp_path: Path) -> None:
    for name, seed in (("one", "1"), ("two", "2")):
        done = fleet("render", "--stack", "testnet", "--out", str(tmp_path / name), PYTHONHASHSEED=seed)
        assert done.returncode == 0
    for path in (tmp_path / "one").iterdir():
        assert path.read_bytes() == (tmp_path / "two" / path.name).read_bytes()


def test_render_into_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "out").touch()
    done = fleet("render", "--stack", "testnet", "--out", str(tmp_path / "out"))
    assert done.returncode == 2
    assert "--out" in done.stderr


def test_config_check_finds_no_mistake_in_what_is_shipped() -> None:
    assert json.loads(fleet("config", "check", "--json").stdout) == {
        "stacks": ["local", "mainnet", "mainnet-eks", "testnet"],
        "mistakes": [],
    }


def test_config_check_tells_the_mistakes_of_all_stacks_at_once(project: Path) -> None:
    for stack in ("local", "testnet"):
        path = project / f"Pulumi.{stack}.yaml"
        path.write_text(path.read_text().replace("notary:stage:", "notary:stages:"))
    done = fleet("config", "check", root=project)
    assert done.returncode == 2
    assert done.stderr.count("notary:stage: found nothing") == 1 or done.stderr.count("notary:stages") >= 1
    told = json.loads(fleet("config", "check", "--json", root=project).stdout)["mistakes"]
    assert {item["path"] for item in told} == {"notary:stage", "notary:stages"}


def test_the_schema_in_the_checkout_is_what_the_models_say(project: Path) -> None:
    done = fleet("config", "schema", "--check")
    assert done.returncode == 0, done.stderr
    stale = fleet("config", "schema", "--check", root=project)
    assert stale.returncode == 1
    assert "fleet config schema" in stale.stderr


@pytest.mark.parametrize("command", ["up", "preview", "refresh", "outputs", "render"])
def test_a_stack_with_a_mistake_is_told_and_nothing_else_is_done(command: str, project: Path) -> None:
    path = project / "Pulumi.local.yaml"
    path.write_text(path.read_text().replace("busPort: 13848", "busPort: 7771"))
    more = ["--out", str(project / "out")] if command == "render" else []
    done = fleet(command, "--stack", "local", *more, root=project)
    assert done.returncode == 2
    assert done.stdout == ""
    assert "found port 7771 for the RPC of KMD" in done.stderr
    assert not (project / ".sandbox").exists()
    assert not (project / ".fleet").exists()
    assert not (project / "out").exists()


def test_a_draft_never_runs_on_real_clusters(project: Path) -> None:
    done = fleet("up", "--stack", "testnet", root=project)
    assert done.returncode == 2
    assert "is a draft" in done.stderr


def test_destroy_wants_the_stacks_name_once_more() -> None:
    done = fleet("destroy", "--stack", "local", "--json")
    assert done.returncode == 2
    assert "--confirm local" in json.loads(done.stdout)["error"]


def test_a_folder_without_a_project_is_told(tmp_path: Path) -> None:
    done = fleet("preview", "--stack", "local", root=tmp_path)
    assert done.returncode == 2
    assert "no project in" in done.stderr


@pytest.mark.parametrize("arguments", [["fly"], ["up"], ["chains"], ["up", "--stack", "x", "--force"]])
def test_a_wrong_command_line_is_one_line_and_exit_code_two(arguments: list[str]) -> None:
    done = fleet(*arguments)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert "fleet --help" in done.stderr
    told = fleet(*arguments, "--json")
    assert json.loads(told.stdout)["error"]


def test_doctor_tells_what_is_missing_and_what_to_do(tmp_path: Path) -> None:
    done = fleet("doctor", "--json", PATH="/nonexistent", FLEET_CACHE=str(tmp_path))
    assert done.returncode == 3
    found = {item["what"]: item for item in json.loads(done.stdout)}
    assert found["Go"]["ok"] is False
    assert "install Go" in found["Go"]["remedy"]
    assert found["Python"]["ok"] is True


def test_doctor_looks_at_a_stacks_regions(project: Path) -> None:
    done = fleet("doctor", "--stack", "local", "--json", root=project)
    found = {item["what"]: item for item in json.loads(done.stdout)}
    assert done.returncode == 3
    assert found["region eu-west"]["remedy"] == "fleet sandbox start"


def test_the_sandbox_that_does_not_run_has_no_status_and_is_down_at_once(project: Path) -> None:
    assert json.loads(fleet("sandbox", "status", "--json", root=project).stdout) == {}
    assert json.loads(fleet("sandbox", "down", "--json", root=project).stdout) == {"running": False}
