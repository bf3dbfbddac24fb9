"""A daemon's volume goes back to a snapshot: the daemon stops, what it has is kept, and its claim is made anew."""

# pyright: basic
# kubernetes comes without types.
from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from components.manifests import snapshots as manifests
from components.snapshots import SnapshotError, Snapshots
from fleet.errors import Exit, FleetError

PAUSE_SECONDS = 0.5
REQUEST_SECONDS = 10.0
SLACK_SECONDS = 120.0  # beside a pod's own grace: a node that is slow to unmount
READY_SECONDS = 6 * 3600.0  # a first copy of some hundred GiB takes hours


@dataclass(frozen=True, kw_only=True)
class Kept:
    """A snapshot as an operator sees it. `image` had written what it holds; `trouble` is what the cluster says."""

    name: str
    taken: str
    image: str
    reason: str
    ready: bool
    size: str
    trouble: str


def described(taken: Mapping[str, Any]) -> Kept:
    """One snapshot."""
    notes: Mapping[str, str] = taken["metadata"].get("annotations") or {}
    status: Mapping[str, Any] = taken.get("status") or {}
    return Kept(
        name=str(taken["metadata"]["name"]),
        taken=str(status.get("creationTime") or "not yet"),
        image=notes.get(manifests.IMAGE, "unknown"),
        reason=notes.get(manifests.REASON, "by hand"),
        ready=manifests.is_ready(taken),
        size=str(status.get("restoreSize") or "unknown"),
        trouble=manifests.trouble(taken),
    )


class Restore:
    """One daemon of a region. Every step may be done again: an interrupted restore is simply begun once more.

    `api` is a client of kubernetes, whose ApiException is raised as it is; FleetError says what is missing.
    """

    def __init__(self, api: Any, namespace: str, name: str, say: Callable[[str], None]) -> None:
        from kubernetes import client

        self._apps, self._core = client.AppsV1Api(api), client.CoreV1Api(api)
        self._plain = api.sanitize_for_serialization
        self._snapshots = Snapshots(api, namespace)
        self._namespace, self._name, self._say = namespace, name, say
        self._claim = manifests.claim_of(name)

    def kept(self) -> list[Kept]:
        """The daemon's snapshots, the newest first."""
        return [described(item) for item in self._snapshots.of(self._name)]

    def run(self, snapshot: str, snapshot_class: str, start: bool) -> str:
        """Back to the snapshot of this name; starts the daemon unless the next update is to. Returns what keeps the

        volume as it was before, or nothing where it was gone already.
        """
        chosen = self._chosen(snapshot)
        stateful_set = self._set()
        self._stop(stateful_set)
        live = self._live()
        before = self._keep(stateful_set, snapshot_class) if live and self._snapshots.has_data(self._name) else ""
        if live:
            self._say(f"deleting the claim {self._claim}")
            self._core.delete_namespaced_persistent_volume_claim(
                self._claim, self._namespace, _request_timeout=REQUEST_SECONDS
            )
            self._until(lambda: self._live() is None, SLACK_SECONDS, f"the claim {self._claim} to go")
        self._say(f"making the claim {self._claim} of {snapshot}")
        claim: Any = manifests.restored_claim(stateful_set, chosen, live)
        self._core.create_namespaced_persistent_volume_claim(self._namespace, claim, _request_timeout=REQUEST_SECONDS)
        if start:
            self._scale(1)
            self._say(f"started {self._name}")
        return before

    def _chosen(self, snapshot: str) -> Mapping[str, Any]:
        found = {item["metadata"]["name"]: item for item in self._snapshots.of(self._name)}
        if snapshot not in found:
            known = ", ".join(found) or "none"
            raise FleetError(f"{self._name} has no snapshot {snapshot}; it has {known}", Exit.BAD_INPUT)
        if not manifests.is_ready(found[snapshot]):
            why = manifests.trouble(found[snapshot]) or "it is being copied"
            raise FleetError(f"the snapshot {snapshot} is not ready: {why}; nothing was changed", Exit.BAD_INPUT)
        return found[snapshot]

    def _set(self) -> dict[str, Any]:
        found = self._apps.read_namespaced_stateful_set(self._name, self._namespace, _request_timeout=REQUEST_SECONDS)
        return self._plain(found)

    def _live(self) -> Mapping[str, Any] | None:
        listed = self._core.list_namespaced_persistent_volume_claim(
            self._namespace, field_selector=f"metadata.name={self._claim}", _request_timeout=REQUEST_SECONDS
        )
        return next(iter(self._plain(listed.items)), None)

    def _stop(self, stateful_set: Mapping[str, Any]) -> None:
        self._say(f"stopping {self._name}")
        self._scale(0)
        grace = float(stateful_set["spec"]["template"]["spec"].get("terminationGracePeriodSeconds", 30))
        self._until(lambda: not self._pods(), grace + SLACK_SECONDS, f"the pod of {self._name} to end")

    def _pods(self) -> list[Any]:
        listed = self._core.list_namespaced_pod(
            self._namespace, field_selector=f"metadata.name={self._name}-0", _request_timeout=REQUEST_SECONDS
        )
        return list(listed.items)

    def _scale(self, pods: int) -> None:
        self._apps.patch_namespaced_stateful_set_scale(
            self._name, self._namespace, {"spec": {"replicas": pods}}, _request_timeout=REQUEST_SECONDS
        )

    def _keep(self, stateful_set: Mapping[str, Any], snapshot_class: str) -> str:
        """The old volume may go with its claim: so until its copy is whole."""
        wanted = manifests.snapshot(stateful_set, snapshot_class, datetime.now(UTC), "before a restore")
        self._say(f"keeping what is there as {wanted['metadata']['name']}")
        try:
            self._snapshots.take(wanted, manifests.is_ready, READY_SECONDS, self._say)
        except SnapshotError as error:
            raise FleetError(f"{error}; {self._name} is stopped, and its volume is as it was") from None
        return str(wanted["metadata"]["name"])

    def _until(self, reached: Callable[[], bool], seconds: float, what: str) -> None:
        end = time.monotonic() + seconds
        while not reached():
            if time.monotonic() > end:
                raise FleetError(f"waited {seconds:.0f} s for {what}; look there, and begin the restore once more")
            time.sleep(PAUSE_SECONDS)
