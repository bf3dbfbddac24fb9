"""Pods of ZooKeeper's role on a real control plane: they run, and the API server hears how."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from sandbox import Sandbox
from sandbox.pods import running
from tests.sandbox.helpers import alive, create, eventually, get, make_namespace, server
from tests.sandbox.pods import descendants

pytestmark = [
    pytest.mark.sandbox,
    pytest.mark.skipif(running.unavailable() is not None, reason=str(running.unavailable())),
]
NAMESPACE = "fleet"
LABELS = {"notary-fleet.dev/role": "zookeeper", "app.kubernetes.io/instance": "zk-1"}
SCRIPT = """
echo "$VERSION $HOSTNAME $(cat /conf/word)" >> /data/runs
trap 'echo "$VERSION ended" >> /data/runs; exit 0' TERM
while :; do sleep 0.05; done
"""


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    made = Sandbox(tmp_path_factory.mktemp("real"), ["eu"], simulated=False)
    try:
        made.start(print)
        make_namespace(made, "eu", NAMESPACE)
        yield made
    finally:
        made.remove()


def bash(script: str) -> dict[str, Any]:
    return {"exec": {"command": ["bash", "-c", script]}}


def container(version: str) -> dict[str, Any]:
    return {
        "name": "zookeeper",
        "image": "registry.invalid/zookeeper:shell",
        "command": ["bash", "-c", SCRIPT],
        "env": [{"name": "VERSION", "value": version}],
        "volumeMounts": [{"name": "data", "mountPath": "/data"}, {"name": "conf", "mountPath": "/conf"}],
        "readinessProbe": {**bash("test -e /data/open"), "periodSeconds": 1},
        "lifecycle": {"preStop": bash(f"echo {version} leaves >> /data/runs")},
    }


def stateful_set(version: str) -> dict[str, Any]:
    claim = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    spec = {
        "containers": [container(version)],
        "volumes": [{"name": "conf", "configMap": {"name": "conf"}}],
        "terminationGracePeriodSeconds": 20,
        "automountServiceAccountToken": False,
    }
    return {
        "apiVersion": "apps/v1",
        "kind": "StatefulSet",
        "metadata": {"name": "zk-1"},
        "spec": {
            "serviceName": "zk-1",
            "selector": {"matchLabels": LABELS},
            "template": {"metadata": {"labels": LABELS}, "spec": spec},
            "volumeClaimTemplates": [{"metadata": {"name": "data"}, "spec": claim}],
        },
    }


def path(kind: str, name: str = "") -> str:
    group = "/apis/apps/v1" if kind == "statefulsets" else "/api/v1"
    return f"{group}/namespaces/{NAMESPACE}/{kind}" + (f"/{name}" if name else "")


def pod(sandbox: Sandbox) -> dict[str, Any]:
    answer = get(sandbox, "eu", path("pods", "zk-1-0"))
    return answer.json() if answer.is_success else {}


def is_ready(manifest: dict[str, Any]) -> bool:
    conditions = {item["type"]: item["status"] for item in manifest.get("status", {}).get("conditions", [])}
    return conditions.get("Ready") == "True"


def config(word: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "conf"}, "data": {"word": word}}


def service() -> dict[str, Any]:
    annotations = {"external-dns.alpha.kubernetes.io/hostname": "zk-1.example.invalid"}
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "zk-1", "labels": LABELS, "annotations": annotations},
        "spec": {"clusterIP": "None", "selector": LABELS, "ports": [{"port": 2181}]},
    }


def remove(sandbox: Sandbox, kind: str, name: str) -> None:
    with server(sandbox, "eu") as client:
        client.delete(path(kind, name)).raise_for_status()


def test_a_server_is_ready_when_its_probe_says_so_is_rolled_with_its_hook_and_leaves_its_data(real: Sandbox) -> None:
    for kind, manifest in {"services": service(), "configmaps": config("one")}.items():
        assert create(real, "eu", path(kind), manifest).status_code == 201
    assert create(real, "eu", path("statefulsets"), stateful_set("v1")).status_code == 201
    data = real.folder / "eu" / "volumes" / "data-zk-1-0"
    runs = data / "runs"
    eventually("it runs", lambda: runs.exists() and pod(real)["status"]["phase"] == "Running")
    first = pod(real)
    assert not is_ready(first)
    (data / "open").touch()
    eventually("it is ready", lambda: is_ready(pod(real)))
    hosts = real.folder / "eu" / "pods" / NAMESPACE / "zk-1-0" / "hosts"
    assert f"{first['status']['podIP']}\tzk-1.example.invalid" in hosts.read_text()

    with server(real, "eu") as client:
        patch = {"spec": stateful_set("v2")["spec"]}
        headers = {"Content-Type": "application/strategic-merge-patch+json"}
        client.patch(path("statefulsets", "zk-1"), json=patch, headers=headers).raise_for_status()
    eventually("it is rolled", lambda: "v2 zk-1-0" in runs.read_text())
    eventually("it is ready again", lambda: is_ready(pod(real)))
    second = pod(real)
    assert second["metadata"]["uid"] != first["metadata"]["uid"]
    assert second["status"]["podIP"] == first["status"]["podIP"]

    remove(real, "statefulsets", "zk-1")
    eventually("the pod is gone", lambda: not pod(real))
    told = ["v1 zk-1-0 one", "v1 leaves", "v1 ended", "v2 zk-1-0 one", "v2 leaves", "v2 ended"]
    assert runs.read_text().splitlines() == told


def test_new_configuration_reaches_a_running_pod_and_a_forced_deletion_ends_it(real: Sandbox) -> None:
    script = "trap '' TERM; while :; do cat /conf/word > /data/word; sleep 0.05; done"
    claim = {"metadata": {"name": "data"}, "spec": stateful_set("x")["spec"]["volumeClaimTemplates"][0]["spec"]}
    volumes = [
        {"name": "data", "persistentVolumeClaim": {"claimName": "data"}},
        {"name": "conf", "configMap": {"name": "words"}},
    ]
    spec: dict[str, Any] = {"containers": [{**container("v1"), "command": ["bash", "-c", script]}], "volumes": volumes}
    spec["automountServiceAccountToken"] = False
    manifest = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "alone", "labels": LABELS}, "spec": spec}
    assert create(real, "eu", path("persistentvolumeclaims"), claim).status_code == 201
    assert create(real, "eu", path("pods"), manifest).status_code == 201
    waiting = lambda: get(real, "eu", path("pods", "alone")).json()["status"].get("containerStatuses")  # noqa: E731
    state = eventually("it says what it waits for", waiting)[0]["state"]["waiting"]
    assert (state["reason"], state["message"]) == ("ContainerCreating", "ConfigMap words not found")
    made = {**config("one"), "metadata": {"name": "words"}}
    assert create(real, "eu", path("configmaps"), made).status_code == 201
    word = real.folder / "eu" / "volumes" / "data" / "word"
    eventually("it reads", lambda: word.exists() and word.read_text() == "one")
    with server(real, "eu") as client:
        client.put(path("configmaps", "words"), json={**made, "data": {"word": "two"}}).raise_for_status()
    eventually("it reads the new word", lambda: word.read_text() == "two")
    with server(real, "eu") as client:
        client.request("DELETE", path("pods", "alone"), json={"gracePeriodSeconds": 0}).raise_for_status()
    eventually("it is gone", lambda: get(real, "eu", path("pods", "alone")).status_code == 404)
    word.unlink()
    eventually("its process is gone", lambda: stays_away(word))


def stays_away(file: Path) -> bool:
    file.unlink(missing_ok=True)
    return not [process for process in Path("/proc").glob("[0-9]*/cmdline") if b"/conf/word >" in read(process)]


def read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError:
        return b""


def test_a_kubelet_that_is_killed_takes_its_pods_along_and_its_successor_runs_them_again(real: Sandbox) -> None:
    assert create(real, "eu", path("statefulsets"), stateful_set("v3")).status_code == 201
    runs = real.folder / "eu" / "volumes" / "data-zk-1-0" / "runs"
    eventually("it runs", lambda: runs.exists() and "v3 zk-1-0" in runs.read_text())
    killed = int(json.loads((real.folder / "status.json").read_text())["kubelet"])
    pods = descendants(killed)
    assert len(pods) > 2  # the network's keeper, bubblewrap, the container
    os.kill(killed, signal.SIGKILL)
    eventually("all its processes are gone", lambda: not any(alive(pid) for pid in pods))
    eventually("it runs again", lambda: runs.read_text().count("v3 zk-1-0") == 2)
    remove(real, "statefulsets", "zk-1")
    eventually("the pod is gone", lambda: not pod(real))


def test_a_simulated_sandbox_runs_no_pod_and_is_as_ready(make: Callable[..., Sandbox]) -> None:
    sandbox = make("simulated")
    sandbox.simulated = True
    sandbox.start(print)
    make_namespace(sandbox, "eu", NAMESPACE)
    assert create(sandbox, "eu", path("statefulsets"), stateful_set("v1")).status_code == 201
    eventually("it is ready at once", lambda: is_ready(pod(sandbox)))
    assert not (sandbox.folder / "pods.log").exists()
    assert not (sandbox.folder / "eu" / "volumes").exists()


def test_stopping_the_sandbox_leaves_no_process_of_its_pods(real: Sandbox) -> None:
    assert create(real, "eu", path("statefulsets"), stateful_set("v4")).status_code == 201
    data = real.folder / "eu" / "volumes" / "data-zk-1-0" / "runs"
    eventually("it runs on the data that it had", lambda: "v4 zk-1-0" in data.read_text())
    before = data.read_text()
    assert before.startswith("v1 zk-1-0 one")
    supervisor = real.status()["eu"].pids["etcd"]
    pids = [
        int(path.parent.name)
        for path in Path("/proc").glob("[0-9]*/cmdline")
        if str(real.folder).encode() in read(path)
    ]
    assert supervisor in pids
    assert len(pids) > 7  # five of the control plane, supervisor, kubelet, bubblewrap
    real.stop()
    assert not any(alive(pid) for pid in pids)
    assert data.read_text() == before  # no hook, no signal: what was acknowledged is on disk
