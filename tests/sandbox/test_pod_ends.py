"""How pods end: asked, killed, frozen, by themselves, with their owner; and a real server among them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sandbox.network import Network
from sandbox.network import unavailable as network_unavailable
from sandbox.pods import Pod, zookeeper_image
from tests.recording import ROOT
from tests.sandbox.helpers import alive, eventually
from tests.sandbox.pods import FOREVER, NOTES, Maker, descendants, mounted, notes, probe, shell, within


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Maker]:
    with Maker(tmp_path) as maker:
        yield maker


def test_the_hook_comes_before_the_signal_and_both_share_the_grace(make: Maker) -> None:
    hook = {"preStop": {"exec": {"command": ["bash", "-c", "test -e /notes/up && echo hook >> /notes/up"]}}}
    script = "touch /notes/up; trap 'echo term >> /notes/up; exit 3' TERM; while :; do sleep 0.02; done"
    pod = make(shell(script, lifecycle=hook, volumeMounts=mounted("notes", "/notes")), volumes=[NOTES])
    said = notes(pod) / "up"
    eventually("it is up", said.exists)
    pod.stop()
    assert said.read_text().split() == ["hook", "term"]
    ended = pod.status()["containerStatuses"][0]["state"]["terminated"]
    assert (ended["exitCode"], ended["reason"], pod.phase) == (3, "Error", "Failed")


def test_a_container_that_does_not_handle_the_signal_is_killed_after_the_grace(make: Maker) -> None:
    pod = make(shell("echo up; while :; do sleep 0.02; done"), terminationGracePeriodSeconds=1)
    eventually("it is up", lambda: pod.log("main"))
    pod.stop()
    assert pod.status()["containerStatuses"][0]["state"]["terminated"]["exitCode"] == 137


def test_a_kill_leaves_nothing_and_runs_no_hook(make: Maker) -> None:
    hook = {"preStop": {"exec": {"command": ["bash", "-c", "touch /notes/hook"]}}}
    pod = make(
        shell("sleep 1000 & " + FOREVER, lifecycle=hook, volumeMounts=mounted("notes", "/notes")), volumes=[NOTES]
    )
    pid = eventually("it runs", lambda: pod.main_pid)
    inside = eventually("both run", lambda: (found := within(pid)) and len(found) >= 2 and found)
    pod.kill()
    assert not any(alive(each) for each in inside)
    assert (pod.main_pid, pod.phase, pod.ended) == (None, "Failed", True)
    assert pod.status()["containerStatuses"][0]["state"]["terminated"]["exitCode"] == 137
    assert not list(notes(pod).iterdir())


def test_a_frozen_container_does_nothing_and_then_goes_on(make: Maker) -> None:
    pod = make(shell("i=0; while :; do echo $((i+=1)); sleep 0.02; done"))
    eventually("it counts", lambda: len(pod.log("main").split()) > 2)
    pid = pod.main_pid
    pod.freeze()
    eventually("it stands still", lambda: "State:\tT" in Path(f"/proc/{pid}/status").read_text())
    count = pod.log("main")
    assert pod.log("main") == count
    pod.thaw()
    eventually("it counts on", lambda: len(pod.log("main")) > len(count))
    assert pod.main_pid == pid


def test_a_container_killed_alone_is_restarted(make: Maker) -> None:
    pod = make(shell(FOREVER))
    pid = eventually("it runs", lambda: pod.main_pid)
    os.kill(pid, signal.SIGKILL)
    eventually("it runs again", lambda: pod.main_pid not in (None, pid))
    assert pod.status()["containerStatuses"][0]["lastState"]["terminated"]["exitCode"] == 137


@pytest.mark.parametrize(("code", "phase"), [(0, "Succeeded"), (4, "Failed")])
def test_a_jobs_pod_ends_as_its_container_does(make: Maker, code: int, phase: str) -> None:
    pod = make(shell(f"exit {code}"), restartPolicy="Never")
    assert pod.join(20)
    assert (pod.phase, pod.status()["phase"], pod.restarts) == (phase, phase, 0)


def test_a_job_that_may_try_again_does(make: Maker) -> None:
    script = "[ -e /notes/tried ] || { touch /notes/tried; exit 1; }"
    volume = {"name": "notes", "emptyDir": {}}
    main = shell(script, volumeMounts=mounted("notes", "/notes"))
    pod = make(main, volumes=[volume], restartPolicy="OnFailure")
    assert pod.join(20)
    assert (pod.phase, pod.restarts) == ("Succeeded", 1)


OWNER = """
    import sys, time
    from pathlib import Path
    from sandbox.pods import Pod, machine_image
    from tests.sandbox.pods import Machine, shell
    ask = {"exec": {"command": ["sleep", "1000"]}, "timeoutSeconds": 1000}
    main = shell("sleep 1000 & sleep 1000", livenessProbe=ask)
    pod = Pod({"metadata": {"name": "pod-0"}, "spec": {"containers": [main]}}, host=Machine(), folder=Path(sys.argv[1]),
              configs=lambda kind, name: None, hosts={}, images={"shell": machine_image()})
    pod.start()
    while not pod.main_pid: time.sleep(0.01)
    print(pod.main_pid, flush=True)
    time.sleep(1000)
"""


def test_nothing_outlives_an_owner_that_is_killed(tmp_path: Path) -> None:
    command = [sys.executable, "-c", textwrap.dedent(OWNER), str(tmp_path)]
    owner = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert owner.stdout is not None
    pid = int(owner.stdout.readline())
    started = eventually("the probe runs too", lambda: len(found := descendants(owner.pid)) >= 6 and found)
    assert pid in started
    owner.kill()
    owner.wait()
    owner.stdout.close()
    eventually("all are gone", lambda: not any(alive(each) for each in started))


ZOO_CFG = """tickTime=2000
dataDir=/data
clientPort=2181
admin.enableServer=false
4lw.commands.whitelist=ruok,srvr
metricsProvider.className=org.apache.zookeeper.metrics.prometheus.PrometheusMetricsProvider
metricsProvider.httpPort=7000
"""
ASK = 'exec 3<>/dev/tcp/127.0.0.1/2181 && printf ruok >&3 && [ "$(cat <&3)" = imok ]'
METRICS = {"httpGet": {"path": "/metrics", "port": 7000}, "periodSeconds": 0.2, "timeoutSeconds": 5}


@pytest.mark.skipif(network_unavailable() is not None, reason="wants namespaces")
@pytest.mark.skipif(zookeeper_image.unavailable() is not None, reason="wants Java and Maven")
def test_a_zookeeper_server_runs_in_a_network_of_its_own_and_ends_when_asked(tmp_path: Path) -> None:
    image = zookeeper_image.ensure(print)
    java = ["java", "-Xmx128m", "-cp", "/zookeeper/lib/*", "org.apache.zookeeper.server.quorum.QuorumPeerMain"]
    main = {
        "name": "zookeeper",
        "image": "registry.invalid/zookeeper@sha256:0",
        "command": [*java, "/conf/zoo.cfg"],
        "startupProbe": probe(ASK, failureThreshold=999),
        "readinessProbe": METRICS,
        "volumeMounts": [*mounted("conf", "/conf"), *mounted("data", "/data"), *mounted("tmp", "/tmp")],
    }
    volumes: list[Any] = [
        {"name": "conf", "configMap": {"name": "conf"}},
        {"name": "data", "persistentVolumeClaim": {"claimName": "data-zk-1-0"}},
        {"name": "tmp", "emptyDir": {}},
    ]
    with Network(["eu"]) as network:
        pod = Pod(
            {"metadata": {"name": "zk-1-0"}, "spec": {"containers": [main], "volumes": volumes}},
            host=network.attach("eu", "zk-1-0"),
            folder=tmp_path,
            configs=lambda _kind, _name: {"zoo.cfg": ZOO_CFG},
            hosts={},
            images={"zookeeper": image},
        )
        pod.start()
        try:
            eventually("it is ready", lambda: pod.ready)
            pod.stop()
        finally:
            pod.kill()
    assert pod.status()["containerStatuses"][0]["state"]["terminated"]["exitCode"] == 143  # the JVM's, after SIGTERM
    assert list((tmp_path / "claims" / "data-zk-1-0" / "version-2").glob("snapshot.*"))
