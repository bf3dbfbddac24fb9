"""Volumes of the sandbox: every pending claim gets one, which the real volume controller then binds."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import httpx

from sandbox import api

CLAIMS = "/api/v1/persistentvolumeclaims"
VOLUMES = "/api/v1/persistentvolumes"
RETRY_SECONDS = 1.0


def provide_volumes(kubeconfig: Path, stopped: threading.Event) -> None:
    """Follow the claims until `stopped`; an API server that goes away is asked again."""
    while not stopped.wait(0):
        try:
            with api.client(kubeconfig) as server:
                _follow(server, stopped)
        except (httpx.HTTPError, OSError, ValueError, KeyError):
            stopped.wait(RETRY_SECONDS)


def _follow(server: httpx.Client, stopped: threading.Event) -> None:
    watch = {"watch": "1", "timeoutSeconds": "60", "allowWatchBookmarks": "true"}
    with server.stream("GET", CLAIMS, params=watch, timeout=httpx.Timeout(5.0, read=90.0)) as answer:
        for line in answer.iter_lines():
            if stopped.is_set():
                return
            event = json.loads(line)
            claim = event["object"]
            if event["type"] in ("ADDED", "MODIFIED") and claim.get("status", {}).get("phase") == "Pending":
                api.apply(server, VOLUMES, volume(claim))
            elif event["type"] == "DELETED" and (name := claim["spec"].get("volumeName")):
                server.delete(f"{VOLUMES}/{name}")


def volume(claim: dict[str, Any]) -> dict[str, Any]:
    """A volume for exactly this claim. Nothing is ever written to its path: no pod runs on these nodes."""
    described, spec = claim["metadata"], claim["spec"]
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {"name": f"pvc-{described['uid']}"},
        "spec": {
            "capacity": {"storage": spec["resources"]["requests"]["storage"]},
            "accessModes": spec["accessModes"],
            "persistentVolumeReclaimPolicy": "Retain",
            "storageClassName": spec.get("storageClassName", ""),
            "hostPath": {"path": "/nonexistent"},
            "claimRef": {
                "kind": "PersistentVolumeClaim",
                "namespace": described["namespace"],
                "name": described["name"],
                "uid": described["uid"],
            },
        },
    }
