"""Regions that go away and come back, by our hand or by accident."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import httpx
import pytest

from sandbox import Sandbox, region
from sandbox.region import RESTARTS_ALLOWED, RunningRegion
from tests.sandbox.helpers import alive, config_map, create, eventually, get, server

pytestmark = pytest.mark.sandbox
MAPS = "/api/v1/namespaces/default/configmaps"


def refuses(sandbox: Sandbox, name: str) -> bool:
    try:
        get(sandbox, name, "/readyz")
    except httpx.ConnectError:
        return True
    return False


def test_a_region_that_is_down_refuses_connections_and_comes_back_with_its_data(running: Sandbox) -> None:
    assert create(running, "eu", MAPS, config_map("before-down", key="kept")).status_code == 201
    running.down("eu")
    eventually("it refuses connections", lambda: refuses(running, "eu"))
    eventually("the other region answers", lambda: get(running, "na", "/readyz").is_success)
    time.sleep(region.RESTART_AFTER_SECONDS + 1)
    assert refuses(running, "eu"), "nobody lets it up"
    running.up("eu")
    eventually("it answers", lambda: get(running, "eu", "/readyz").is_success)
    assert get(running, "eu", f"{MAPS}/before-down").json()["data"] == {"key": "kept"}


def test_a_region_that_is_down_can_be_taken_down_again(running: Sandbox) -> None:
    running.down("eu")
    eventually("it refuses connections", lambda: refuses(running, "eu"))
    eventually("its process is named no more", lambda: "kube-apiserver" not in running.status()["eu"].pids)
    running.down("eu")
    assert refuses(running, "eu")


def test_a_paused_region_gives_no_answer_until_it_is_resumed(running: Sandbox) -> None:
    running.pause("eu")
    with server(running, "eu", timeout_seconds=1.0) as client, pytest.raises(httpx.TimeoutException):
        client.get("/readyz")
    eventually("the other region answers", lambda: get(running, "na", "/readyz").is_success)
    running.resume("eu")
    eventually("it answers", lambda: get(running, "eu", "/readyz").is_success)


@pytest.mark.parametrize("name", ["etcd", "kube-apiserver"])
def test_a_process_that_is_killed_is_started_again_with_its_data(running: Sandbox, name: str) -> None:
    assert create(running, "na", MAPS, config_map(f"before-{name}", key="kept")).status_code == 201
    killed = running.status()["na"].pids[name]
    os.kill(killed, signal.SIGKILL)
    revived = eventually(
        "another process runs", lambda: {running.status()["na"].pids.get(name, killed)} - {killed}
    ).pop()
    assert alive(revived)
    assert not alive(killed)
    path = f"{MAPS}/before-{name}"
    kept = eventually("it answers", lambda: get(running, "na", path).json().get("data"))
    assert kept == {"key": "kept"}


class OneProcess:
    """A control plane of one process that does as told."""

    def __init__(self, command: list[str]) -> None:
        self.command = command

    def commands(self) -> dict[str, list[str]]:
        return {"kube-apiserver": self.command}


@pytest.fixture
def lone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[RunningRegion]:
    """A ready region of one dead process; a tick starts it anew."""
    monkeypatch.setattr(region, "RESTART_AFTER_SECONDS", 0.0)
    made = RunningRegion(name="lone", folder=tmp_path, binaries={}, state="ready")
    made.plane = cast(Any, OneProcess(["false"]))
    made.processes["kube-apiserver"] = dead()
    yield made
    made.stop()


def dead() -> subprocess.Popen[bytes]:
    process = subprocess.Popen(["true"])
    process.wait()
    return process


def test_a_region_whose_process_keeps_ending_is_failed_and_says_which(lone: RunningRegion) -> None:
    for _ in range(RESTARTS_ALLOWED):
        lone.tick()
        lone.processes["kube-apiserver"].wait()
    assert lone.state == "ready"
    lone.tick()
    assert lone.state == "failed"
    assert "kube-apiserver keeps ending; see" in lone.reason


def test_what_a_person_takes_down_does_not_count_as_ending(lone: RunningRegion) -> None:
    lone.plane = cast(Any, OneProcess(["sleep", "60"]))
    for _ in range(RESTARTS_ALLOWED + 5):
        (lone.folder / "held").touch()
        process = lone.processes["kube-apiserver"]
        process.kill()
        process.wait()
        lone.tick()
        assert lone.processes["kube-apiserver"] is process, "it is held down"
        (lone.folder / "held").unlink()
        lone.tick()
        assert lone.processes["kube-apiserver"].poll() is None
    assert lone.state == "ready"
