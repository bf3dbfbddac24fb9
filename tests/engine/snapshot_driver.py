"""What a cluster with a storage driver does of itself: volumes are bound, snapshots are cut and copied."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx

from sandbox import api
from tests.engine.project import Project

GROUP = "snapshot.storage.k8s.io"
PATCH = {"Content-Type": "application/merge-patch+json"}
ANYTHING = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
DEFINITION = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {
        "name": f"volumesnapshots.{GROUP}",
        "annotations": {
            "api-approved.kubernetes.io": "https://github.com/kubernetes-csi/external-snapshotter/pull/419"
        },
    },
    "spec": {
        "group": GROUP,
        "scope": "Namespaced",
        "names": {"kind": "VolumeSnapshot", "plural": "volumesnapshots", "singular": "volumesnapshot"},
        "versions": [
            {
                "name": "v1",
                "served": True,
                "storage": True,
                "subresources": {"status": {}},
                "schema": {"openAPIV3Schema": ANYTHING},
            }
        ],
    },
}


class Driver:
    """Of one region. `images` are those that the daemons' sets had when their volumes were cut, by snapshot."""

    def __init__(self, project: Project, region: str) -> None:
        self._project, self._region = project, region
        self._base = f"namespaces/{project.stack['namespace']}"
        self.images: dict[str, str] = {}
        self.binds = True

    def snapshots(self) -> dict[str, dict[str, Any]]:
        """All of the namespace, by name."""
        with self._client() as server:
            listed = server.get(f"/apis/{GROUP}/v1/{self._base}/volumesnapshots").json().get("items", [])
            return {item["metadata"]["name"]: item for item in listed}

    def step(self, server: httpx.Client) -> None:
        """Bind what is not bound, cut what is not cut."""
        claims = server.get(f"/api/v1/{self._base}/persistentvolumeclaims").json()["items"]
        for claim in claims if self.binds else []:
            if claim["status"].get("phase") != "Bound":
                path = f"/api/v1/{self._base}/persistentvolumeclaims/{claim['metadata']['name']}/status"
                server.patch(path, json={"status": {"phase": "Bound"}}, headers=PATCH)
        listed = server.get(f"/apis/{GROUP}/v1/{self._base}/volumesnapshots").json().get("items", [])
        for taken in listed:
            if not taken.get("status"):
                self._cut(server, taken)

    def _cut(self, server: httpx.Client, taken: dict[str, Any]) -> None:
        name, owner = taken["metadata"]["name"], taken["metadata"]["labels"]["app.kubernetes.io/instance"]
        found = server.get(f"/apis/apps/v1/{self._base}/statefulsets/{owner}").json()
        (image,) = [
            item["image"] for item in found["spec"]["template"]["spec"]["containers"] if item["name"] == "daemon"
        ]
        self.images[name] = image
        status = {"creationTime": taken["metadata"]["creationTimestamp"], "readyToUse": True, "restoreSize": "21Gi"}
        path = f"/apis/{GROUP}/v1/{self._base}/volumesnapshots/{name}/status"
        server.patch(path, json={"status": status}, headers=PATCH).raise_for_status()

    def define(self) -> None:
        """Let the cluster know snapshots."""
        with self._client() as server:
            path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
            assert server.post(path, json=DEFINITION).status_code in (201, 409)
            while not server.get(f"/apis/{GROUP}/v1/{self._base}/volumesnapshots").is_success:
                threading.Event().wait(0.1)

    def forget(self) -> None:
        """And not know them any more, for other tests on the same cluster."""
        with self._client() as server:
            server.delete(f"/apis/apiextensions.k8s.io/v1/customresourcedefinitions/volumesnapshots.{GROUP}")

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """Until the end of the block."""
        over = threading.Event()

        def work() -> None:
            with self._client() as server:
                while not over.wait(0.1):
                    self.step(server)

        thread = threading.Thread(target=work)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join(20)

    def _client(self) -> httpx.Client:
        return api.client(self._project.sandbox.kubeconfig(self._region), timeout_seconds=10)
