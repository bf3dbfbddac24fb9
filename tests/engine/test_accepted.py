"""Every object of the shipped stacks, held before a real API server: strict fields, restricted pods."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from sandbox import Sandbox, api
from tests.engine.project import PATHS
from tests.unit.objects import objects_of, pod_of
from tests.unit.stacks import SHIPPED, planned, values_of

pytestmark = pytest.mark.sandbox
OF_ALL = {**PATHS, "StorageClass": "apis/storage.k8s.io/v1/storageclasses"}
OF_ADDONS = ("snapshot.storage.k8s.io/v1",)  # kinds that an add-on brings, and no API server knows by itself
STRICT = {"fieldValidation": "Strict", "dryRun": "All"}


@pytest.fixture
def server(clusters: Path) -> Iterator[httpx.Client]:
    with api.client(Sandbox(clusters, []).kubeconfig("eu-west"), timeout_seconds=30) as client:
        yield client


def ready_namespace(server: httpx.Client, manifest: dict[str, Any], name: str) -> None:
    """A namespace as the stack wants it, with its service account, under a name of the test's own."""
    namespace = {**manifest, "metadata": {**manifest["metadata"], "name": name}}
    assert server.post("/api/v1/namespaces", json=namespace).status_code in (201, 409)
    account = {"metadata": {"name": "fleet"}}
    assert server.post(f"/api/v1/namespaces/{name}/serviceaccounts", json=account).status_code in (201, 409)


PLATFORMS = [
    (stack, platform) for stack in SHIPPED if stack != "mainnet-eks" for platform in ("kubernetes", "openshift")
]


@pytest.mark.parametrize(("stack", "platform"), [*PLATFORMS, ("mainnet-eks", "")])
def test_every_object_is_accepted_and_every_pod_is_restricted(server: httpx.Client, stack: str, platform: str) -> None:
    values = values_of(stack)
    values["namespace"] = name = f"accepted-{stack}-{platform or 'eks'}"
    for region in values["regions"].values() if platform else ():
        region["platform"] = platform
    seen = 0
    for _, manifest in objects_of(planned(values)):
        if manifest["kind"] == "Namespace":
            ready_namespace(server, manifest, name)
            continue
        if manifest["apiVersion"] in OF_ADDONS:
            continue
        path = OF_ALL[manifest["kind"]].format(f"namespaces/{name}")
        manifest["metadata"]["name"] += "-x"  # the service account is there already
        answer = server.post(f"/{path}", json=manifest, params=STRICT)
        assert answer.status_code == 201, answer.text
        assert "warning" not in answer.headers, answer.headers["warning"]
        if manifest["kind"] == "StatefulSet":
            template = manifest["spec"]["template"]
            claims = [{"name": item["metadata"]["name"], "emptyDir": {}} for item in claims_of(manifest)]
            spec = {**pod_of(manifest), "volumes": [*pod_of(manifest)["volumes"], *claims]}
            pod = {"metadata": {**template["metadata"], "name": "pod"}, "spec": spec}
            answer = server.post(f"/api/v1/namespaces/{name}/pods", json=pod, params=STRICT)
            assert answer.status_code == 201, answer.text
        seen += 1
    assert seen > 50


def claims_of(manifest: dict[str, Any]) -> list[dict[str, Any]]:
    return manifest["spec"].get("volumeClaimTemplates", [])


def test_a_pod_that_is_not_restricted_and_a_field_that_does_not_exist_are_refused(server: httpx.Client) -> None:
    values = values_of("local")
    values["namespace"] = name = "accepted-control"
    objects = [manifest for _, manifest in objects_of(planned(values))]
    ready_namespace(server, objects[0], name)
    (first, *_) = [item for item in objects if item["kind"] == "StatefulSet"]
    path = "/" + PATHS["StatefulSet"].format(f"namespaces/{name}")
    pod_of(first)["containers"][0]["securityContext"]["allowPrivilegeEscalation"] = True
    answer = server.post(path, json=first, params=STRICT)
    assert "would violate PodSecurity" in answer.headers["warning"]
    first["spec"]["replicaz"] = 1
    assert "unknown field" in server.post(path, json=first, params=STRICT).text
