"""A pod's status as Kubernetes has it: conditions, and the state of every container."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from typing import Any

from sandbox.pods.container import Container
from sandbox.pods.lifecycle import Lifecycle

Status = dict[str, Any]


class Conditions:
    """Remembers since when each condition is what it is."""

    def __init__(self) -> None:
        self._since: dict[str, tuple[bool, str]] = {}

    def told(self, values: Mapping[str, bool]) -> list[Status]:
        """The conditions; the time of one that has changed is now."""
        for name, value in values.items():
            if name not in self._since or self._since[name][0] != value:
                self._since[name] = (value, moment())
        return [
            {"type": name, "status": str(value), "lastTransitionTime": since}
            for name, (value, since) in self._since.items()
        ]


def pod_status(pod: Lifecycle, address: str, started: str, conditions: Conditions) -> Status:
    """A PodStatus (v1). `started` is when the pod was taken up."""
    ready = pod.ready and pod.phase == "Running"
    reached = {"PodScheduled": True, "Initialized": pod.initialized, "ContainersReady": ready, "Ready": ready}
    return {
        "phase": pod.phase,
        "startTime": started,
        "hostIP": address,
        "podIP": address,
        "podIPs": [{"ip": address}],
        "conditions": conditions.told(reached),
        "initContainerStatuses": _statuses(pod.first, pod),
        "containerStatuses": _statuses(pod.main, pod),
    }


def moment(seconds: float | None = None) -> str:
    """A time as Kubernetes writes it; now, where none is given."""
    zone = datetime.UTC
    time = datetime.datetime.now(zone) if seconds is None else datetime.datetime.fromtimestamp(seconds, zone)
    return time.strftime("%Y-%m-%dT%H:%M:%SZ")


def _statuses(containers: Sequence[Container], pod: Lifecycle) -> list[Status]:
    return [
        {
            "name": item.name,
            "image": item.spec["image"],
            "imageID": "",
            "ready": item.ready if item.restart == "Always" or item in pod.main else item.succeeded,
            "started": item.started,
            "restartCount": item.restarts,
            "state": _state(item, pod),
            "lastState": _terminated(item) if item.exit_code is not None and not item.over else {},
        }
        for item in containers
    ]


def _state(container: Container, pod: Lifecycle) -> Status:
    if container.state == "running":
        return {"running": {"startedAt": moment(container.started_at)}}
    if container.state == "terminated":
        return _terminated(container)
    if not pod.initialized and container in pod.main and pod.prepared:
        return {"waiting": {"reason": "PodInitializing"}}
    told = (container.reason, container.message) if pod.prepared else (pod.reason, pod.message)
    return {"waiting": {"reason": told[0], "message": told[1]}}


def _terminated(container: Container) -> Status:
    code = container.exit_code if container.exit_code is not None else 0
    times = {"startedAt": moment(container.started_at), "finishedAt": moment(container.finished_at)}
    return {"terminated": {"exitCode": code, "reason": "Error" if code else "Completed", **times}}
