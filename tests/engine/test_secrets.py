"""Secrets of a stack: set unseen, used by the update, in plain sight nowhere."""

from __future__ import annotations

import base64
import json
import subprocess

import pytest

from tests.engine.project import Project

pytestmark = pytest.mark.sandbox
PASSWORD = "correct-horse-battery-staple-7b1f"


def set_secret(project: Project, key: str, value: str) -> subprocess.CompletedProcess[str]:
    project.write()
    command = project.command("secret")
    command = [*command[: command.index("secret")], "secret", "set", key, "--stack", project.name, "--json"]
    return subprocess.run(command, input=value, capture_output=True, text=True, timeout=120, check=False)


def files_with(project: Project, text: str) -> list[str]:
    """Files of the project that hold a text, the engine's state among them; it keeps no log."""
    files = [path for path in project.root.rglob("*") if path.is_file() and ".sandbox" not in path.parts]
    assert not any("logs" in path.parts[:-1] for path in files)
    return [str(path) for path in files if text.encode() in path.read_bytes()]


def test_a_secret_reaches_the_clusters_and_is_in_no_file(project: Project) -> None:
    project.stack["rpc"] = {"config": "rpcPassword"}
    project.stack["notaries"]["alice-eu"]["duties"]["main"]["keys"] = {"config": "aliceKeys"}
    for key, value in (("rpcPassword", PASSWORD), ("aliceKeys", "wif-" + PASSWORD)):
        done = set_secret(project, key, value)
        assert done.returncode == 0, done.stdout + done.stderr
        assert PASSWORD not in done.stdout + done.stderr
    answer = project.fleet("up")
    assert answer.code == 0, answer.out
    secret = project.objects("eu-west", "Secret")["fleet-rpc"]
    assert base64.b64decode(secret["data"]["password"]).decode() == PASSWORD
    keys = project.objects("eu-west", "Secret")["alice-eu-main-keys"]
    assert base64.b64decode(keys["data"]["keys"]).decode() == "wif-" + PASSWORD
    assert PASSWORD not in answer.out + answer.err
    encoded = base64.b64encode(PASSWORD.encode()).decode()
    assert files_with(project, PASSWORD) + files_with(project, encoded) == []
    assert PASSWORD not in project.fleet("refresh").out
    assert set(project.up()["changes"]) == {"same"}


def test_a_kubeconfig_that_is_a_secret_reaches_its_cluster(project: Project) -> None:
    kubeconfig = project.sandbox.kubeconfig("eu-west").read_text()
    project.stack["regions"]["eu-west"]["connection"] = {"config": "kubeconfigWest"}
    assert set_secret(project, "kubeconfigWest", kubeconfig).returncode == 0
    project.up()
    assert "alice-eu-main-kmd" in project.objects("eu-west", "StatefulSet")
    key = kubeconfig.split("client-key-data: ")[1].split()[0]
    assert files_with(project, key) == []


def test_a_secret_that_is_missing_is_a_mistake_with_the_command_that_sets_it(project: Project) -> None:
    project.stack["rpc"] = {"config": "rpcPassword"}
    refused = project.fleet("preview")
    assert refused.code == 2
    assert [item["path"] for item in refused.json["mistakes"]] == ["notary:rpc.config"]
    assert "fleet secret set rpcPassword" in refused.json["mistakes"][0]["expected"]


@pytest.mark.parametrize(
    ("key", "value", "path"), [("regions", "x", "KEY"), ("a b", "x", "KEY"), ("key", "", "the value")]
)
def test_a_secret_wants_a_key_of_its_own_and_a_value(project: Project, key: str, value: str, path: str) -> None:
    done = set_secret(project, key, value)
    assert done.returncode == 2
    assert [item["path"] for item in json.loads(done.stdout)["mistakes"]] == [path]
