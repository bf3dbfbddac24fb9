"""One region's share of the kubelet: the pods that its API server wants, run, told about and taken away."""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from sandbox import api
from sandbox.errors import SandboxError
from sandbox.pods.addresses import Addresses
from sandbox.pods.image import Image
from sandbox.pods.pod import Pod
from sandbox.pods.running import SELECTOR
from sandbox.pods.sources import Sources

_PODS, _SERVICES = "/api/v1/pods", "/api/v1/services"
_LABELLED = {"labelSelector": SELECTOR}
_TICK_SECONDS, _REFRESH_SECONDS, _RETRY_SECONDS = 0.1, 3.0, 0.5
_Manifest = dict[str, Any]


@dataclass(kw_only=True)
class _Run:
    pod: Pod
    manifest: _Manifest
    told: _Manifest | None = None  # the status that the API server has


class RegionPods:
    """Follows the labelled pods of one API server. `folder` is the region's; claims lie in its `volumes`."""

    def __init__(self, folder: Path, addresses: Addresses, images: Mapping[str, Image]) -> None:
        self.name = folder.name
        self._folder, self._addresses, self._images = folder, addresses, images
        self._server = api.client(folder / "kubeconfig")
        self._sources: dict[str, Sources] = {}
        self._lock = threading.Lock()
        self._wanted: dict[str, _Manifest] | None = None  # by uid; None until the API server has answered
        self._runs: dict[str, _Run] = {}
        self._refresh_at = 0.0
        self.logs_at: int | None = None  # the port where the kubelet serves logs, once it does
        self._nodes: set[str] = set()  # those whose API server knows that port

    def watch(self, stopped: threading.Event) -> None:
        """Follow the API server until `stopped`; one that goes away is asked again."""
        while not stopped.is_set():
            try:
                self._follow(stopped)
            except (httpx.HTTPError, OSError, ValueError, KeyError):
                stopped.wait(_RETRY_SECONDS)

    def run(self, stopped: threading.Event) -> None:
        """Bring what runs in line with what is wanted, until `stopped`; then kill it."""
        while not stopped.wait(_TICK_SECONDS):
            try:
                self._sync()
            except (httpx.HTTPError, OSError, ValueError, KeyError, SandboxError) as error:
                sys.stderr.write(f"{self.name}: {error!r}\n")
                stopped.wait(_RETRY_SECONDS)
        for run in self._runs.values():
            run.pod.kill()

    def log(self, namespace: str, pod: str, container: str) -> str | None:
        """What a container of a pod that runs here has printed."""
        for run in list(self._runs.values()):
            described = run.manifest["metadata"]
            if (described["namespace"], described["name"]) == (namespace, pod):
                return run.pod.log(container)
        return None

    def _follow(self, stopped: threading.Event) -> None:
        """List, then watch from there: a pod that went while nobody watched is not in the list."""
        listed = self._server.get(_PODS, params=_LABELLED).raise_for_status().json()
        with self._lock:
            self._wanted = {item["metadata"]["uid"]: item for item in listed["items"]}
        version = listed["metadata"]["resourceVersion"]
        watch = {**_LABELLED, "watch": "1", "timeoutSeconds": "60", "resourceVersion": version}
        with self._server.stream("GET", _PODS, params=watch, timeout=httpx.Timeout(5.0, read=90.0)) as answer:
            for line in answer.iter_lines():
                if stopped.is_set():
                    return
                event = json.loads(line)
                if event["type"] not in ("ADDED", "MODIFIED", "DELETED"):
                    return  # the version is too old: list again
                self._note(event["object"], event["type"] == "DELETED")

    def _note(self, manifest: _Manifest, gone: bool) -> None:
        with self._lock:
            assert self._wanted is not None
            if gone:
                self._wanted.pop(manifest["metadata"]["uid"], None)
            else:
                self._wanted[manifest["metadata"]["uid"]] = manifest

    def _sync(self) -> None:
        with self._lock:
            if self._wanted is None:
                return
            wanted = dict(self._wanted)
        if time.monotonic() >= self._refresh_at:
            self._refresh()
        for uid in [uid for uid in self._runs if uid not in wanted]:
            self._runs.pop(uid).pod.kill()  # deleted by force
        for uid, manifest in wanted.items():
            run = self._runs.get(uid)
            if "deletionTimestamp" in manifest["metadata"]:
                self._take_away(run, manifest)
            elif run is None and manifest["spec"].get("nodeName") and not _is_over(manifest):
                run = self._start(manifest)
            if run is not None:
                self._tell(run)

    def _refresh(self) -> None:
        """New host names, certificates and configuration; with no pod either, for those of other regions."""
        self._learn()
        for run in self._runs.values():
            run.pod.refresh()
        self._refresh_at = time.monotonic() + _REFRESH_SECONDS

    def _learn(self) -> None:
        for service in self._server.get(_SERVICES, params=_LABELLED).raise_for_status().json()["items"]:
            self._addresses.learn(self.name, service)

    def _start(self, manifest: _Manifest) -> _Run:
        self._learn()  # its own Service may be as new as the pod
        described = manifest["metadata"]
        namespace, name = described["namespace"], described["name"]
        sources = self._sources.setdefault(namespace, Sources(self._server, namespace))
        pod = Pod(
            manifest,
            host=self._addresses.host(self.name, namespace, name, described.get("labels", {})),
            folder=self._folder / "pods" / namespace,
            claims=self._folder / "volumes",
            configs=sources,
            hosts=self._addresses.names,
            images=self._images,
        )
        self._tell_node(manifest["spec"]["nodeName"])
        pod.start()
        self._runs[described["uid"]] = run = _Run(pod=pod, manifest=manifest)
        return run

    def _tell_node(self, node: str) -> None:
        """Where the API server finds the logs of the pods of this node."""
        if node not in self._nodes and self.logs_at is not None:
            endpoints = {"kubeletEndpoint": {"Port": self.logs_at}}
            patch = {"status": {"daemonEndpoints": endpoints}}
            headers = {"Content-Type": "application/merge-patch+json"}
            path = f"/api/v1/nodes/{node}/status"
            self._server.patch(path, content=json.dumps(patch), headers=headers).raise_for_status()
            self._nodes.add(node)

    def _take_away(self, run: _Run | None, manifest: _Manifest) -> None:
        """Stop a deleted pod with the grace that it was given; then tell the API server that it is gone."""
        described = manifest["metadata"]
        if run is not None and not run.pod.ended:
            run.pod.begin_stop(described.get("deletionGracePeriodSeconds"))
            return
        if run is not None:
            self._tell(run)
        now = {"gracePeriodSeconds": 0, "preconditions": {"uid": described["uid"]}}
        self._server.request("DELETE", _path(manifest), json=now)

    def _tell(self, run: _Run) -> None:
        status = run.pod.status()
        if status == run.told:
            return
        patch = {"metadata": {"uid": run.manifest["metadata"]["uid"]}, "status": status}
        headers = {"Content-Type": "application/merge-patch+json"}
        answer = self._server.patch(f"{_path(run.manifest)}/status", content=json.dumps(patch), headers=headers)
        if answer.status_code not in (httpx.codes.NOT_FOUND, httpx.codes.CONFLICT):
            answer.raise_for_status()
        run.told = status


def _path(manifest: _Manifest) -> str:
    return f"/api/v1/namespaces/{manifest['metadata']['namespace']}/pods/{manifest['metadata']['name']}"


def _is_over(manifest: _Manifest) -> bool:
    return manifest.get("status", {}).get("phase") in ("Succeeded", "Failed")
