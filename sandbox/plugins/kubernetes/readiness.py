"""When an object counts as ready, after the official provider's rules. Decides only; what to look up is asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from sandbox.plugins.kubernetes import objects
from sandbox.plugins.kubernetes.errors import ProviderError
from sandbox.plugins.kubernetes.objects import get_path
from sandbox.plugins.kubernetes.values import Json


class Failed(ProviderError):
    """It will never become ready."""


class Lookup(Protocol):
    """Other objects that readiness depends on."""

    def endpoint_slices(self, service: Json) -> list[Json]: ...

    def storage_class(self, name: str) -> Json | None: ...


# Reasons why the object is not ready; an empty list means that it is.
Rule = Callable[[Json, Lookup], list[str]]


def reasons(live: Json, lookup: Lookup) -> list[str]:
    """Why `live` is not ready yet. Raises Failed when waiting is in vain."""
    expression = objects.annotation(live, objects.WAIT_FOR)
    if expression.startswith("condition="):
        return _custom_condition(live, expression.removeprefix("condition="))
    rule = _RULES.get((str(live.get("apiVersion")), str(live.get("kind"))))
    return rule(live, lookup) if rule else []


def has_rule(obj: Json) -> bool:
    key = (str(obj.get("apiVersion")), str(obj.get("kind")))
    return key in _RULES or bool(objects.annotation(obj, objects.WAIT_FOR))


def _number(obj: Json, *path: str, default: int = 0) -> int:
    value = get_path(obj, *path)
    return int(value) if isinstance(value, int | float) else default


def _condition(obj: Json, kind: str) -> Mapping[str, Any]:
    conditions = get_path(obj, "status", "conditions") or []
    return next((item for item in conditions if item.get("type") == kind), {})


def _has_condition(obj: Json, kind: str, status: str = "True") -> bool:
    return _condition(obj, kind).get("status") == status


def _custom_condition(live: Json, expression: str) -> list[str]:
    kind, _, status = expression.partition("=")
    if _has_condition(live, kind, status or "True"):
        return []
    return [f"condition {kind} is not {status or 'True'} yet"]


def _observed(obj: Json) -> list[str]:
    seen = _number(obj, "status", "observedGeneration", default=-1)
    return [] if seen >= _number(obj, "metadata", "generation") else ["its controller has not seen it yet"]


def _stateful_set(obj: Json, _lookup: Lookup) -> list[str]:
    if _observed(obj):
        return _observed(obj)
    wanted = _number(obj, "spec", "replicas", default=1)
    found, ready = _number(obj, "status", "replicas"), _number(obj, "status", "readyReplicas")
    if found != wanted or ready != wanted:
        return [f"{ready} of {wanted} Pods are ready"]
    manual = get_path(obj, "spec", "updateStrategy", "type") == "OnDelete"
    if manual and _number(obj, "metadata", "generation") > 1:
        return []
    revision = get_path(obj, "status", "currentRevision")
    updated = _number(obj, "status", "currentReplicas") == wanted
    if not revision or revision != get_path(obj, "status", "updateRevision") or not updated:
        return [f"{_number(obj, 'status', 'updatedReplicas')} of {wanted} Pods run the new revision"]
    return []


def _deployment(obj: Json, _lookup: Lookup) -> list[str]:
    if _observed(obj):
        return _observed(obj)
    wanted = _number(obj, "spec", "replicas", default=1)
    updated, found = _number(obj, "status", "updatedReplicas"), _number(obj, "status", "replicas")
    available = _number(obj, "status", "availableReplicas")
    if updated >= wanted and found == updated and available >= wanted:
        return []
    late = _condition(obj, "Progressing")
    extra = [str(late.get("message"))] if late.get("reason") == "ProgressDeadlineExceeded" else []
    return [f"{min(available, updated)} of {wanted} new Pods are available", *extra]


def _daemon_set(obj: Json, _lookup: Lookup) -> list[str]:
    if _observed(obj):
        return _observed(obj)
    wanted = _number(obj, "status", "desiredNumberScheduled")
    updated = _number(obj, "status", "updatedNumberScheduled")
    available = _number(obj, "status", "numberAvailable")
    if get_path(obj, "spec", "updateStrategy", "type") != "OnDelete" and updated != wanted:
        return [f"{updated} of {wanted} Pods run the new revision"]
    return [] if available >= wanted else [f"{available} of {wanted} Pods are available"]


def _job(obj: Json, _lookup: Lookup) -> list[str]:
    failed = _condition(obj, "Failed")
    if failed.get("status") == "True":
        raise Failed(f"{objects.label(obj)} failed: {failed.get('reason')}: {failed.get('message')}")
    if _has_condition(obj, "Complete") or get_path(obj, "spec", "suspend") is True:
        return []
    return [f"{_number(obj, 'status', 'succeeded')} Pods have succeeded, {_number(obj, 'status', 'failed')} failed"]


def _pod(obj: Json, _lookup: Lookup) -> list[str]:
    phase = get_path(obj, "status", "phase")
    if phase == "Succeeded" or _has_condition(obj, "Ready"):
        return []
    return [f"the Pod is {phase or 'new'}", *container_troubles(obj)]


def container_troubles(pod: Json) -> list[str]:
    """Why a Pod's containers do not run, and why it was not scheduled."""
    statuses = [
        *(get_path(pod, "status", "initContainerStatuses") or []),
        *(get_path(pod, "status", "containerStatuses") or []),
    ]
    waiting = [(item.get("name"), get_path(item, "state", "waiting") or {}) for item in statuses]
    found = [
        f"{objects.name_of(pod)}/{name}: {state['reason']} {state.get('message', '')}".strip()
        for name, state in waiting
        if state.get("reason") not in (None, "ContainerCreating", "PodInitializing")
    ]
    scheduled = _condition(pod, "PodScheduled")
    if scheduled.get("status") == "False":
        found.append(f"{objects.name_of(pod)}: {scheduled.get('reason')} {scheduled.get('message', '')}".strip())
    return found


def _service(obj: Json, lookup: Lookup) -> list[str]:
    kind = get_path(obj, "spec", "type")
    if kind == "LoadBalancer" and not get_path(obj, "status", "loadBalancer", "ingress"):
        return ["the Service has no load balancer address yet; does this cluster hand out any?"]
    headless = get_path(obj, "spec", "clusterIP") == "None"
    if kind == "ExternalName" or headless or not get_path(obj, "spec", "selector"):
        return []
    slices = lookup.endpoint_slices(obj)
    if not slices:
        return ["its endpoints are not known yet"]
    endpoints = [endpoint for item in slices for endpoint in item.get("endpoints") or []]
    pending = [
        endpoint
        for endpoint in endpoints
        if get_path(endpoint, "conditions", "ready") is False
        and get_path(endpoint, "conditions", "terminating") is not True
    ]
    return [f"{len(pending)} of {len(endpoints)} selected Pods are not ready"] if pending else []


def _claim(obj: Json, lookup: Lookup) -> list[str]:
    phase = get_path(obj, "status", "phase")
    if phase == "Bound":
        return []
    name = get_path(obj, "spec", "storageClassName")
    found = lookup.storage_class(name) if isinstance(name, str) and name else None
    if phase == "Pending" and found and found.get("volumeBindingMode") == "WaitForFirstConsumer":
        return []
    return [f"the claim is {phase or 'new'}, not Bound"]


def _in_phase(*phases: str) -> Rule:
    def rule(obj: Json, _lookup: Lookup) -> list[str]:
        phase = get_path(obj, "status", "phase")
        return [] if phase in phases else [f"its phase is {phase or 'not known'}, not {' or '.join(phases)}"]

    return rule


def _ingress(obj: Json, _lookup: Lookup) -> list[str]:
    return [] if get_path(obj, "status", "loadBalancer", "ingress") else ["the Ingress has no address yet"]


def _quota(obj: Json, _lookup: Lookup) -> list[str]:
    agreed = get_path(obj, "spec", "hard") == get_path(obj, "status", "hard")
    return [] if agreed else ["its limits are not in force yet"]


def _definition(obj: Json, _lookup: Lookup) -> list[str]:
    return [] if _has_condition(obj, "Established") else ["the new kind is not served yet"]


_RULES: dict[tuple[str, str], Rule] = {
    ("apps/v1", "StatefulSet"): _stateful_set,
    ("apps/v1", "Deployment"): _deployment,
    ("apps/v1", "DaemonSet"): _daemon_set,
    ("batch/v1", "Job"): _job,
    ("v1", "Pod"): _pod,
    ("v1", "Service"): _service,
    ("v1", "PersistentVolumeClaim"): _claim,
    ("v1", "PersistentVolume"): _in_phase("Available", "Bound"),
    ("v1", "Namespace"): _in_phase("Active"),
    ("v1", "ResourceQuota"): _quota,
    ("networking.k8s.io/v1", "Ingress"): _ingress,
    ("apiextensions.k8s.io/v1", "CustomResourceDefinition"): _definition,
}
