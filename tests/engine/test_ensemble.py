"""The ensemble as an operator has it: real servers, brought up, restarted and enlarged by `fleet up`, under writes."""

from __future__ import annotations

import base64
import subprocess
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
import pytest

from drills.checker import check
from drills.client import Config
from drills.history import statistics
from drills.inside import inside
from drills.readback import read_back
from drills.workload import Workload
from failover.access import Access, Tls
from fleet.leader import the_leader
from sandbox import Sandbox, api
from sandbox.pods import running
from tests.engine.project import REGIONS, Project, make_project

pytestmark = [
    pytest.mark.sandbox,
    pytest.mark.skipif(running.unavailable() is not None, reason=str(running.unavailable())),
]
NAMES = {1: "na-east", 2: "eu-central", 3: "eu-west"}


class Namespace:
    """The network namespace of a server's process."""

    def __init__(self, pid: int) -> None:
        self.namespace = f"/proc/{pid}/ns/net"

    def enter(self, command: list[str]) -> list[str]:
        return ["nsenter", f"--net={self.namespace}", "--", *command]


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """A stack on a sandbox whose servers really run, up already."""
    root = tmp_path_factory.mktemp("ensemble")
    sandbox = Sandbox(root, REGIONS, simulated=False)
    sandbox.start(print)
    made = make_project(root, "real")
    made.stack["ensemble"] |= {"memory": "512Mi", "chroot": "/notary/real"}
    made.up()
    yield made
    sandbox.remove()


def server_pids(project: Project) -> dict[int, int]:
    """The Java process of each server of this sandbox, by id."""
    listed = subprocess.run(["pgrep", "-f", "QuorumPeerMain"], capture_output=True, text=True, check=False).stdout
    found: dict[int, int] = {}
    for pid in map(int, listed.split()):
        try:
            command = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
            environment = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
            mounts = Path(f"/proc/{pid}/mountinfo").read_text()
        except OSError:
            continue
        number = next((int(item[10:]) for item in environment if item.startswith(b"SERVER_ID=")), None)
        if number and command[0].endswith(b"java") and str(project.root) in mounts:
            found[number] = pid
    return found


def roles(project: Project) -> dict[int, str]:
    """What each server's log says that it is, by way of the API server."""
    found: dict[int, str] = {}
    for number, region in NAMES.items():
        with api.client(project.sandbox.kubeconfig(region)) as server:
            pod = f"/api/v1/namespaces/{project.stack['namespace']}/pods/zookeeper-{number}-0"
            answer = server.get(f"{pod}/log", params={"container": "role", "tailLines": 1})
            found[number] = answer.text.strip() if answer.status_code == httpx.codes.OK else ""
    return found


def leader(project: Project) -> int:
    """The server that leads, once the logs agree on one."""
    for _ in range(100):
        found = the_leader(roles(project))
        if found:
            return found
        time.sleep(0.2)
    raise AssertionError(f"no leader: {roles(project)}")


def access(project: Project, folder: Path, holder: str = "zookeeper-keeper") -> Access:
    """How the keeper reaches the ensemble."""
    secrets: dict[str, dict[str, Any]] = {}
    for region in REGIONS:
        secrets |= project.objects(region, "Secret")
    folder.mkdir(exist_ok=True)
    for name in ("ca.crt", "tls.crt", "tls.key"):
        (folder / name).write_bytes(base64.b64decode(secrets[holder]["data"][name]))
    pods = {number: project.objects(region, "Pod")[f"zookeeper-{number}-0"] for number, region in NAMES.items()}
    tls = Tls(ca=str(folder / "ca.crt"), cert=str(folder / "tls.crt"), key=str(folder / "tls.key"), check_hostname=True)
    servers = {
        f"zk-{number}.{NAMES[number]}.sandbox.invalid": f"{pod['status']['podIP']}:2281" for number, pod in pods.items()
    }
    return Access(servers=servers, tls=tls, chroot="/notary/real", identities=("CN=keeper,O=notary/real",))


def starts(project: Project, number: int) -> list[str]:
    """When a server was started and stopped, as its audit log has it."""
    region, namespace = NAMES[number], project.stack["namespace"]
    log = project.root / ".sandbox" / region / "pods" / namespace / f"zookeeper-{number}-0" / "zookeeper.log"
    return [line for line in log.read_text().splitlines() if "operation=serverSt" in line]


def test_a_first_update_makes_a_quorum_of_real_servers(real: Project) -> None:
    leader(real)
    assert sorted(roles(real).values()) == ["follower", "follower", "leader"]
    assert set(server_pids(real)) == {1, 2, 3}
    again = real.up()
    assert set(again["changes"]) == {"same"}


def test_an_update_restarts_one_server_at_a_time_the_leader_last_and_no_write_is_lost(
    real: Project, tmp_path: Path
) -> None:
    led = leader(real)
    # From a network that no restart takes away: the leader's region, by way of the leader's own host.
    host = Namespace(server_pids(real)[led])
    keeping = subprocess.Popen(host.enter(["sleep", "600"]))
    host = Namespace(keeping.pid)
    workload = Workload(tmp_path)
    used = access(real, tmp_path / "tls")
    workload.start(Config(client="writer", region="eu-west", history="", access=used, root="/roll"), host.enter)
    workload.wait_for_writes(["writer"], 20)
    begun = time.monotonic_ns()
    real.stack["ensemble"]["memory"] = "576Mi"
    changed = real.up()
    ended = time.monotonic_ns()
    ops = workload.stop()
    final = inside(host, lambda: read_back(used, "/roll"))
    keeping.kill()
    keeping.wait()
    updated = [step for step in changed["steps"] if step["kind"] == "StatefulSet"]
    assert {step["operation"] for step in updated} == {"update"}
    assert len(updated) == 3
    # Each server's last stop and start; the next one stops after the one before has started.
    moments = {number: [line[:23] for line in starts(real, number)[-2:]] for number in NAMES}
    order = sorted(NAMES, key=lambda number: moments[number][0])
    assert order[-1] == led
    for earlier, later in pairwise(order):
        assert moments[earlier][1] < moments[later][0]
    assert statistics(ops, begun, ended).acknowledged > 100
    assert check(ops, final) == []


def test_two_more_servers_join_and_leave_again(real: Project) -> None:
    for region, numbers in {"eu-central": (2, 4), "eu-west": (3, 5)}.items():
        seat = real.stack["regions"][region]["ensemble"]
        seat["servers"] = {number: f"zk-{number}.{region}.sandbox.invalid" for number in numbers}
    before = server_pids(real)
    real.up()
    assert len(members(real)) == 5
    assert before.items() <= server_pids(real).items(), "a server was restarted"
    for region, number in {"eu-central": 2, "eu-west": 3}.items():
        real.stack["regions"][region]["ensemble"]["servers"] = {number: f"zk-{number}.{region}.sandbox.invalid"}
    refused = real.fleet("up")
    assert refused.code == 2
    assert "eu-west-zookeeper-5" in refused.out
    real.up("--remove", "eu-west-zookeeper-5", "--remove", "eu-central-zookeeper-4")
    assert len(members(real)) == 3
    assert server_pids(real) == before


def members(project: Project) -> list[str]:
    """The members as server 1 has them written."""
    volume = project.root / ".sandbox" / "na-east" / "volumes" / "data-zookeeper-1-0" / "conf"
    current = (volume / "zoo.cfg").read_text().partition("dynamicConfigFile=")[2].split()[0]
    lines = (volume / Path(current).name).read_text().splitlines()
    return [line for line in lines if line.startswith("server.")]
