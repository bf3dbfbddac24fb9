"""What a started region is: a real API server with real controllers, and nodes on which pods are ready."""

from __future__ import annotations

import stat
from typing import Any

import httpx
import pytest

from sandbox import Sandbox
from tests.sandbox.helpers import create, eventually, get, make_namespace, processes, server

pytestmark = pytest.mark.sandbox


def pod_spec(**security: Any) -> dict[str, Any]:
    return {"containers": [{"name": "main", "image": "registry.example.net/none", "securityContext": security}]}


def stateful_set(name: str, **spec: Any) -> dict[str, Any]:
    labels = {"app": name}
    return {
        "apiVersion": "apps/v1",
        "kind": "StatefulSet",
        "metadata": {"name": name},
        "spec": {
            "selector": {"matchLabels": labels},
            "serviceName": name,
            "template": {"metadata": {"labels": labels}, "spec": pod_spec()},
            **spec,
        },
    }


def test_every_started_region_is_ready_and_answers_its_own_kubeconfig(running: Sandbox) -> None:
    status = running.status()
    assert set(status) == {"eu", "na"}
    for name, region in status.items():
        assert (region.state, region.reason) == ("ready", "")
        with server(running, name) as client:
            assert str(client.base_url) == region.server
            assert client.get("/version").json()["gitVersion"] == "v1.36.3"
            nodes = client.get("/api/v1/nodes").json()["items"]
        assert [node["metadata"]["name"] for node in nodes] == [f"{name}-a", f"{name}-b", f"{name}-c"]


def test_what_opens_a_cluster_is_readable_by_its_owner_alone(running: Sandbox) -> None:
    files = [running.kubeconfig("eu"), *(running.folder / "eu" / "pki").glob("*.key")]
    assert len(files) >= 4
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    assert stat.S_IMODE(running.folder.stat().st_mode) == 0o700


def test_a_region_does_not_trust_the_other_regions_administrator(running: Sandbox) -> None:
    with server(running, "eu") as eu, server(running, "na") as na:
        assert eu.get("/api/v1/nodes").status_code == 200
        with pytest.raises(httpx.ConnectError, match="certificate verify failed"):
            eu.get(f"{na.base_url}/api/v1/nodes")


def test_starting_what_runs_changes_nothing(running: Sandbox) -> None:
    before = processes(running)
    said: list[str] = []
    Sandbox(running.folder.parent, ["eu", "na"]).start(said.append)
    Sandbox(running.folder.parent, ["na"]).start(said.append)
    assert processes(running) == before
    assert not any("starting" in line for line in said)


def test_a_stateful_set_gets_its_volume_and_a_running_pod(running: Sandbox) -> None:
    make_namespace(running, "eu", "volumes")
    claim = {
        "metadata": {"name": "data"},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "7Gi"}}},
    }
    made = stateful_set("daemon", volumeClaimTemplates=[claim])
    assert create(running, "eu", "/apis/apps/v1/namespaces/volumes/statefulsets", made).status_code == 201

    def phase(path: str) -> Any:
        answer = get(running, "eu", f"/api/v1/namespaces/volumes/{path}")
        return answer.is_success and answer.json()["status"].get("phase")

    eventually("the claim is bound", lambda: phase("persistentvolumeclaims/data-daemon-0") == "Bound")
    eventually("the pod runs", lambda: phase("pods/daemon-0") == "Running")
    bound = get(running, "eu", "/api/v1/namespaces/volumes/persistentvolumeclaims/data-daemon-0").json()
    assert bound["status"]["capacity"] == {"storage": "7Gi"}
    pod = get(running, "eu", "/api/v1/namespaces/volumes/pods/daemon-0").json()
    assert pod["spec"]["nodeName"] in {"eu-a", "eu-b", "eu-c"}
    assert {item["type"]: item["status"] for item in pod["status"]["conditions"]}["Ready"] == "True"


def test_a_volume_goes_with_its_claim(running: Sandbox) -> None:
    make_namespace(running, "eu", "gone")
    claim = {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": "data"},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
    }
    claims = "/api/v1/namespaces/gone/persistentvolumeclaims"
    assert create(running, "eu", claims, claim).status_code == 201
    volume = eventually("it is bound", lambda: get(running, "eu", f"{claims}/data").json()["spec"].get("volumeName"))
    path = f"/api/v1/persistentvolumes/{volume}"
    assert get(running, "eu", path).status_code == 200
    with server(running, "eu") as client:
        client.delete(f"{claims}/data")
    eventually("the volume is gone", lambda: get(running, "eu", path).status_code == 404)


def test_a_restricted_namespace_refuses_a_privileged_pod(running: Sandbox) -> None:
    make_namespace(running, "eu", "strict", level="restricted")
    make_namespace(running, "eu", "loose")
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "root"}, "spec": pod_spec(privileged=True)}
    refused = create(running, "eu", "/api/v1/namespaces/strict/pods", pod)
    assert refused.status_code == 403
    assert 'violates PodSecurity "restricted:latest": privileged' in refused.json()["message"]
    assert create(running, "eu", "/api/v1/namespaces/loose/pods", pod).status_code == 201


def test_a_misspelt_field_is_refused(running: Sandbox) -> None:
    path = "/apis/apps/v1/namespaces/default/statefulsets"
    refused = create(running, "eu", path, stateful_set("misspelt", replicaz=2), fieldValidation="Strict")
    assert refused.status_code == 400
    assert 'unknown field "spec.replicaz"' in refused.json()["message"]
    assert get(running, "eu", f"{path}/misspelt").status_code == 404
