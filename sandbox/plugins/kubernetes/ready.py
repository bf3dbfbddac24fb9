"""When an object counts as made: what the official plugin waits for. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


def unready(live: Mapping[str, Any], endpoints: Sequence[Mapping[str, Any]] = ()) -> str | None:
    """Why an object is not ready yet, or None. `endpoints` are a Service's EndpointSlices."""
    annotations = live.get("metadata", {}).get("annotations") or {}
    check = _CHECKS.get(str(live.get("kind")))
    if check is None or annotations.get("pulumi.com/skipAwait") == "true":
        return None
    return check(live, endpoints)


def needs_endpoints(live: Mapping[str, Any]) -> bool:
    """Whether a Service is ready only with endpoints: one with an address and a selector."""
    spec = live.get("spec", {})
    return live.get("kind") == "Service" and spec.get("clusterIP") != "None" and bool(spec.get("selector"))


def _stateful_set(live: Mapping[str, Any], endpoints: object) -> str | None:
    del endpoints
    spec, status = live["spec"], live.get("status") or {}
    wanted = spec.get("replicas", 1)
    if status.get("observedGeneration", 0) < live["metadata"].get("generation", 0):
        return "the controller has not seen it yet"
    if status.get("updateRevision") != status.get("currentRevision") or status.get("updatedReplicas", 0) < wanted:
        return f"{status.get('updatedReplicas', 0)} of {wanted} pods have the new revision"
    ready = status.get("readyReplicas", 0)
    return None if ready >= wanted else f"{ready} of {wanted} pods are ready"


def _service(live: Mapping[str, Any], endpoints: Sequence[Mapping[str, Any]]) -> str | None:
    spec = live["spec"]
    if spec.get("type") == "LoadBalancer" and not (live.get("status", {}).get("loadBalancer") or {}).get("ingress"):
        return "no address was assigned to its load balancer"
    if needs_endpoints(live):
        addresses = [item for piece in endpoints for item in piece.get("endpoints") or []]
        ready = [item for item in addresses if (item.get("conditions") or {}).get("ready") is not False]
        return None if ready else "no pod serves it"
    return None


def _namespace(live: Mapping[str, Any], endpoints: object) -> str | None:
    del endpoints
    phase = (live.get("status") or {}).get("phase")
    return None if phase == "Active" else f"its phase is {phase}"


def _job(live: Mapping[str, Any], endpoints: object) -> str | None:
    del endpoints
    conditions = {item["type"]: item for item in (live.get("status") or {}).get("conditions") or []}
    if conditions.get("Complete", {}).get("status") == "True":
        return None
    failed = conditions.get("Failed", {})
    return f"it failed: {failed.get('message')}" if failed.get("status") == "True" else "it is not complete"


def _claim(live: Mapping[str, Any], endpoints: object) -> str | None:
    del endpoints
    phase = (live.get("status") or {}).get("phase")
    return None if phase == "Bound" else f"its phase is {phase}"


_CHECKS = {
    "Job": _job,
    "Namespace": _namespace,
    "PersistentVolumeClaim": _claim,
    "Service": _service,
    "StatefulSet": _stateful_set,
}
