"""Waiting until an object is ready, or gone. Polls, from every 0.1 s down to once a second."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from sandbox.plugins.kubernetes import objects, readiness
from sandbox.plugins.kubernetes.client import Client
from sandbox.plugins.kubernetes.errors import ApiError, InitFailed, Unreachable
from sandbox.plugins.kubernetes.values import Json

# How long an API server may be away in the middle of a wait: a restart is fine, a lost region is not.
_PATIENCE_SECONDS = 15.0
# Endpoints arrive one by one; ready means that they have also stayed so for a moment (10 s in the official provider).
_SETTLE_SECONDS = 1.0

Progress = Callable[[str], None]


class Waiter:
    """Waits on one cluster; `cancelled` ends every wait at once."""

    def __init__(self, client: Client, cancelled: threading.Event) -> None:
        self._client = client
        self._cancelled = cancelled

    def endpoint_slices(self, service: Json) -> list[Json]:
        path = f"/apis/discovery.k8s.io/v1/namespaces/{objects.namespace_of(service)}/endpointslices"
        selector = f"kubernetes.io/service-name={objects.name_of(service)}"
        return self._client.request("GET", path, params={"labelSelector": selector}).get("items") or []

    def storage_class(self, name: str) -> Json | None:
        try:
            return self._client.request("GET", f"/apis/storage.k8s.io/v1/storageclasses/{name}")
        except ApiError as problem:
            if problem.missing:
                return None
            raise

    def pod_troubles(self, live: Json) -> list[str]:
        """What keeps the Pods of a workload from running: for the message when a wait ran out."""
        labels = objects.get_path(live, "spec", "selector", "matchLabels")
        if not labels or live.get("kind") not in ("StatefulSet", "Deployment", "DaemonSet"):
            return []
        path = f"/api/v1/namespaces/{objects.namespace_of(live)}/pods"
        selector = ",".join(f"{key}={value}" for key, value in labels.items())
        try:
            pods = self._client.request("GET", path, params={"labelSelector": selector}).get("items") or []
        except (ApiError, Unreachable):
            return []
        return [trouble for pod in pods for trouble in readiness.container_troubles(pod)][:10]

    def ready(self, live: Json, path: str, *, seconds: float, progress: Progress) -> Json:
        """The object at `path` once it is ready. Raises InitFailed, with the reasons, when that does not happen."""
        if objects.is_true(live, objects.SKIP_AWAIT) or not readiness.has_rule(live):
            return live
        watch = _Watch(seconds, self._cancelled, progress)
        settle = _SETTLE_SECONDS if live.get("kind") == "Service" else 0.0
        since: float | None = None
        while True:
            try:
                live = self._client.request("GET", path)
                reasons = readiness.reasons(live, self)
                watch.heard()
            except readiness.Failed as problem:
                raise InitFailed(str(problem), live, self.pod_troubles(live)) from None
            except Unreachable as problem:
                if watch.gave_up():
                    raise InitFailed(f"waiting for {objects.label(live)} ended: {problem}", live) from None
                reasons = [str(problem)]
            except ApiError as problem:
                raise InitFailed(f"waiting for {objects.label(live)} ended: {problem}", live) from None
            since = None if reasons else since or time.monotonic()
            if since is not None and (not _may_grow(live) or time.monotonic() - since >= settle):
                progress("")
                return live
            ended = watch.pause(reasons)
            if ended:
                message = f"{objects.label(live)} was accepted, but {ended}"
                raise InitFailed(message, live, [*reasons, *self.pod_troubles(live)])

    def ready_now(self, live: Json) -> list[str]:
        """Why `live` is not ready at this moment; empty when it is."""
        if objects.is_true(live, objects.SKIP_AWAIT) or not readiness.has_rule(live):
            return []
        try:
            return readiness.reasons(live, self)
        except (readiness.Failed, ApiError) as problem:
            return [str(problem)]

    def gone(self, live: Json, path: str, uid: str, *, seconds: float, progress: Progress) -> None:
        """Returns when the object is gone, or another one has taken its name."""
        watch = _Watch(seconds, self._cancelled, progress)
        while True:
            reasons = ["it is still there"]
            try:
                live = self._client.request("GET", path)
                watch.heard()
                if uid and objects.metadata(live).get("uid") != uid:
                    return
                finalizers = objects.metadata(live).get("finalizers")
                if finalizers:
                    reasons = [f"finalizers hold it: {', '.join(finalizers)}"]
            except ApiError as problem:
                if problem.missing:
                    progress("")
                    return
                raise
            except Unreachable:
                if watch.gave_up():
                    raise
            ended = watch.pause(reasons)
            if ended:
                raise InitFailed(f"{objects.label(live)} is being deleted, but {ended}", live, reasons)


def _may_grow(live: Json) -> bool:
    """Whether more endpoints may still turn up: for a Service that selects Pods."""
    spec = live.get("spec") or {}
    return live.get("kind") == "Service" and bool(spec.get("selector")) and spec.get("clusterIP") != "None"


class _Watch:
    """The clocks of one wait."""

    def __init__(self, seconds: float, cancelled: threading.Event, progress: Progress) -> None:
        self._seconds = seconds
        self._deadline = time.monotonic() + seconds
        self._cancelled = cancelled
        self._progress = progress
        self._delay = 0.1
        self._heard = time.monotonic()
        self._said = ""

    def heard(self) -> None:
        self._heard = time.monotonic()

    def gave_up(self) -> bool:
        return time.monotonic() - self._heard > _PATIENCE_SECONDS

    def pause(self, reasons: list[str]) -> str:
        """Sleep a little; a sentence's end when the wait is over, empty when it goes on."""
        text = "; ".join(reasons)
        if text != self._said:
            self._progress(f"waiting: {text}")
            self._said = text
        left = self._deadline - time.monotonic()
        if left <= 0:
            return f"the wait ran out after {self._seconds:.0f} s: {text}"
        if self._cancelled.wait(min(self._delay, left)):
            return f"the operation was cancelled: {text}"
        self._delay = min(self._delay * 1.4, 1.0)
        return ""
