"""Starts and stops, asked for and not."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from sandbox import Sandbox
from sandbox.supervisor import alone
from tests.sandbox.helpers import alive, config_map, create, eventually, get, listens, ports, processes, supervisor

pytestmark = pytest.mark.sandbox
Make = Callable[..., Sandbox]
MAPS = "/api/v1/namespaces/default/configmaps"
# Who runs the tests in the background may have Ctrl-C ignored, and children inherit that.
START = """
import signal, sys
from pathlib import Path
from sandbox import Sandbox
signal.signal(signal.SIGINT, signal.default_int_handler)
Sandbox(Path(sys.argv[1]), ['eu']).start(print)
"""


def starter(sandbox: Sandbox) -> subprocess.Popen[str]:
    """Another process that starts a sandbox; it is still at it when this returns."""
    command = [sys.executable, "-c", START, str(sandbox.folder.parent)]
    pipe = subprocess.PIPE
    process = subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True, start_new_session=True)
    eventually("its first processes run", lambda: len(sandbox.status()) > 0)
    sandbox.pause("eu")  # however long the test takes: the start does not come to its end
    assert sandbox.status()["eu"].state != "ready"
    return process


def nobody_is_left(pids: list[int], open_ports: set[int]) -> bool:
    return not any(map(alive, pids)) and not any(map(listens, open_ports))


def test_a_folder_in_which_nothing_ever_ran_has_no_status(make: Make) -> None:
    sandbox = make("empty")
    assert sandbox.status() == {}
    sandbox.stop()
    assert not sandbox.folder.exists()


def test_stopping_leaves_no_process_and_no_port(make: Make) -> None:
    sandbox = make("stopped")
    sandbox.start(print)
    pids = processes(sandbox)
    open_ports = ports(pids)
    assert len(pids) == 6
    assert all(map(alive, pids))
    assert sum(map(listens, open_ports)) >= 3
    sandbox.stop()
    assert nobody_is_left(pids[1:], open_ports)
    eventually("the supervisor ends", lambda: not alive(pids[0]), seconds=2)
    assert sandbox.status() == {}
    sandbox.stop()


def test_who_asks_whether_a_sandbox_runs_keeps_no_supervisor_away(tmp_path: Path) -> None:
    (tmp_path / "lock").touch()
    asked = os.open(tmp_path / "lock", os.O_RDWR)
    fcntl.flock(asked, fcntl.LOCK_SH)  # as `Sandbox.status` does, but for longer
    threading.Timer(0.05, os.close, [asked]).start()
    assert alone(tmp_path)
    assert not alone(tmp_path), "there is one already"


def test_a_killed_sandbox_leaves_no_process_and_starts_again_with_its_data(make: Make) -> None:
    sandbox = make("killed")
    sandbox.start(print)
    assert create(sandbox, "eu", MAPS, config_map("before", key="kept")).status_code == 201
    pids = processes(sandbox)
    sandbox.down("eu")
    os.kill(supervisor(sandbox), signal.SIGKILL)
    eventually("all are gone", lambda: not any(map(alive, pids)))
    assert sandbox.status() == {}

    sandbox.start(print)
    assert sandbox.status()["eu"].state == "ready"
    assert not set(processes(sandbox)) & set(pids)
    assert get(sandbox, "eu", f"{MAPS}/before").json()["data"] == {"key": "kept"}
    os.kill(sandbox.status()["eu"].pids["kube-apiserver"], signal.SIGKILL)
    eventually("nobody holds it down any more", lambda: get(sandbox, "eu", "/readyz").is_success)


def test_what_a_killed_sandbox_said_last_is_not_taken_for_the_next_one(make: Make) -> None:
    sandbox = make("stale")
    sandbox.folder.mkdir()
    (sandbox.folder / "status.json").write_text('{"pid": 1, "regions": {}}')

    def enough(line: str) -> None:
        if "starting the regions" in line:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        sandbox.start(enough)
    assert not (sandbox.folder / "status.json").exists()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_a_start_that_is_interrupted_leaves_nothing_behind(make: Make, number: signal.Signals) -> None:
    sandbox = make("interrupted")
    process = starter(sandbox)
    pids = processes(sandbox)
    open_ports = ports(pids)
    os.kill(process.pid, number)
    process.wait(10)
    eventually("nobody is left", lambda: nobody_is_left(pids, open_ports))
    assert sandbox.status() == {}


def test_who_waits_for_an_interrupted_start_starts_it_again(make: Make) -> None:
    sandbox = make("waiting")
    process = starter(sandbox)
    pids = processes(sandbox)
    said: list[str] = []

    def interrupt(line: str) -> None:
        said.append(line)
        process.kill()

    sandbox.start(interrupt)
    assert said[0] == "another process starts the sandbox: waiting for it"
    assert sandbox.status()["eu"].state == "ready"
    assert not set(pids) & set(processes(sandbox))
    process.wait(10)


def test_two_who_start_at_once_get_one_sandbox(make: Make) -> None:
    sandbox = make("twice")
    command = [sys.executable, "-c", START, str(sandbox.folder.parent)]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True) for _ in range(2)]
    said = [process.communicate(timeout=60)[0] for process in both]
    assert [process.returncode for process in both] == [0, 0]
    assert sum("starting the regions eu" in text for text in said) == 1
    assert sandbox.status()["eu"].state == "ready"


def test_two_folders_have_two_sandboxes(shared: Sandbox, make: Make) -> None:
    other = make("other")
    other.start(print)
    assert not ports(processes(shared)) & ports(processes(other))
    assert create(other, "eu", MAPS, config_map("mine")).status_code == 201
    assert get(shared, "eu", f"{MAPS}/mine").status_code == 404
    other.stop()
    assert all(map(alive, processes(shared)))
    eventually("the first one answers", lambda: get(shared, "eu", "/readyz").is_success)


def test_a_region_is_added_to_those_that_run(make: Make) -> None:
    sandbox = make("growing")
    sandbox.start(print)
    assert create(sandbox, "eu", MAPS, config_map("before", key="kept")).status_code == 201
    grown = Sandbox(Path(sandbox.folder.parent), ["na"])
    grown.start(print)
    assert {name: item.state for name, item in grown.status().items()} == {"eu": "ready", "na": "ready"}
    assert get(grown, "eu", f"{MAPS}/before").json()["data"] == {"key": "kept"}
