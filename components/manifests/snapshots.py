"""Snapshots of a daemon's volume, taken before another program is let at it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from components.manifests.pods import COMMON, Manifest
from config.quantities import amount

GROUP, VERSION, PLURAL = "snapshot.storage.k8s.io", "v1", "volumesnapshots"
DAEMON = "daemon"  # the container that reads and writes a chain's volume
INSTANCE = "app.kubernetes.io/instance"  # the label that says whose volume it was
IMAGE, REASON = "notary-fleet.dev/image", "notary-fleet.dev/reason"  # what had written the volume, and why it was kept


def images(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[str, str] | None:
    """A set's daemon as it is and as it is to be, where these are not the same image."""
    old, new = image_of(before), image_of(after)
    return (old, new) if old and new and old != new else None


def image_of(daemon_set: Mapping[str, Any]) -> str:
    """What writes the volume of a daemon's set; empty for any other set."""
    containers = daemon_set["spec"]["template"]["spec"]["containers"]
    return next((item["image"] for item in containers if item["name"] == DAEMON), "")


def claim_of(name: str) -> str:
    """The claim of a daemon's set: it has one pod, and its template is called `data`."""
    return f"data-{name}-0"


def snapshot(daemon_set: Mapping[str, Any], snapshot_class: str, moment: datetime, reason: str) -> Manifest:
    """A snapshot of a daemon's volume, which names the image that wrote it."""
    name, namespace = daemon_set["metadata"]["name"], daemon_set["metadata"]["namespace"]
    return {
        "apiVersion": f"{GROUP}/{VERSION}",
        "kind": "VolumeSnapshot",
        "metadata": {
            "name": f"{name}-{moment:%Y%m%d-%H%M%S}",
            "namespace": namespace,
            "labels": {**COMMON, INSTANCE: name},
            "annotations": {IMAGE: image_of(daemon_set), REASON: reason},
        },
        "spec": {
            "volumeSnapshotClassName": snapshot_class,
            "source": {"persistentVolumeClaimName": claim_of(name)},
        },
    }


def is_cut(taken: Mapping[str, Any]) -> bool:
    """Whether what is written from now on is not in the snapshot. It may be copied for hours after that."""
    status = taken.get("status") or {}
    return bool(status.get("creationTime") or status.get("readyToUse"))


def is_ready(taken: Mapping[str, Any]) -> bool:
    """Whether a volume can be made of it."""
    return bool((taken.get("status") or {}).get("readyToUse"))


def trouble(taken: Mapping[str, Any]) -> str:
    """What the cluster last said against it; empty if nothing."""
    return str(((taken.get("status") or {}).get("error") or {}).get("message") or "")


def newest_first(taken: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """By when they were asked for."""
    return sorted(taken, key=lambda item: str(item["metadata"].get("creationTimestamp", "")), reverse=True)


def restored_claim(daemon_set: Mapping[str, Any], taken: Mapping[str, Any], live: Mapping[str, Any] | None) -> Manifest:
    """A daemon's claim, filled from a snapshot: as its set asks for it, no smaller than it was or than the snapshot.

    `live` is the claim that it replaces, if that is still there.
    """
    (template,) = daemon_set["spec"]["volumeClaimTemplates"]
    spec: dict[str, Any] = dict(template["spec"])
    sizes = [_storage(spec), _storage((live or {}).get("spec")), (taken.get("status") or {}).get("restoreSize")]
    spec["resources"] = {"requests": {"storage": max((str(size) for size in sizes if size), key=amount)}}
    spec["dataSource"] = {"apiGroup": GROUP, "kind": "VolumeSnapshot", "name": taken["metadata"]["name"]}
    name, namespace = daemon_set["metadata"]["name"], daemon_set["metadata"]["namespace"]
    labels = {**template["metadata"].get("labels", {}), **daemon_set["spec"]["selector"]["matchLabels"]}
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": claim_of(name), "namespace": namespace, "labels": labels},
        "spec": {
            key: spec[key] for key in ("accessModes", "resources", "storageClassName", "dataSource") if key in spec
        },
    }


def _storage(spec: Mapping[str, Any] | None) -> str | None:
    return ((spec or {}).get("resources") or {}).get("requests", {}).get("storage")
