"""Snapshots through a cluster's API server: before the engine lets another program at a daemon's volume."""

# pyright: basic
# kubernetes comes without types.
from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import pulumi
import yaml

from components.manifests import snapshots as manifests
from components.manifests.pods import Manifest

CUT_SECONDS = 300.0  # until the driver has made its cut; a copy may take hours after that
PAUSE_SECONDS, SAY_SECONDS = 0.5, 60.0
REQUEST_SECONDS = 10.0


class SnapshotError(Exception):
    """Why there is no snapshot, in a sentence."""


class Snapshots:
    """The snapshots of one namespace. `api` is a client of kubernetes; its ApiException is raised as it is."""

    def __init__(self, api: Any, namespace: str) -> None:
        from kubernetes import client  # it takes a quarter of a second, which only an update of a daemon needs to pay

        self._custom, self._core = client.CustomObjectsApi(api), client.CoreV1Api(api)
        self._namespace = namespace
        self._of = (manifests.GROUP, manifests.VERSION, namespace, manifests.PLURAL)

    def of(self, name: str) -> list[Mapping[str, Any]]:
        """Those of a daemon's set, the newest first."""
        selector = f"{manifests.INSTANCE}={name}"
        listed: Any = self._custom.list_namespaced_custom_object(
            *self._of, label_selector=selector, _request_timeout=REQUEST_SECONDS
        )
        return manifests.newest_first(listed["items"])

    def has_data(self, name: str) -> bool:
        """Whether a daemon's set has a volume that something may have been written to."""
        claims: Any = self._core.list_namespaced_persistent_volume_claim(
            self._namespace,
            field_selector=f"metadata.name={manifests.claim_of(name)}",
            _request_timeout=REQUEST_SECONDS,
        )
        return any(claim.status.phase == "Bound" for claim in claims.items)

    def take(
        self,
        wanted: Manifest,
        done: Callable[[Mapping[str, Any]], bool],
        seconds: float,
        say: Callable[[str], None] = lambda _: None,
    ) -> None:
        """Ask for a snapshot and wait until it is `done`. SnapshotError with what the cluster says against it."""
        self._custom.create_namespaced_custom_object(*self._of, body=wanted, _request_timeout=REQUEST_SECONDS)
        name, begun, said = wanted["metadata"]["name"], time.monotonic(), time.monotonic()
        while True:
            found: Any = self._custom.get_namespaced_custom_object(*self._of, name, _request_timeout=REQUEST_SECONDS)
            if done(found):
                return
            if time.monotonic() - said > SAY_SECONDS:
                said = time.monotonic()
                state = manifests.trouble(found) or "it is copied"
                say(f"waiting for {name}, {(said - begun) / 60:.0f} min so far: {state}")
            if time.monotonic() - begun > seconds:
                why = manifests.trouble(found) or "nothing was heard of it; is a snapshot controller running?"
                raise SnapshotError(f"no snapshot {name} within {seconds:.0f} s: {why}")
            time.sleep(PAUSE_SECONDS)


def before_update(
    region: str, snapshot_class: str, kubeconfig: pulumi.Input[str] | None, context: str | None
) -> pulumi.ResourceHook:
    """Keeps a daemon's volume as it is before its set gets another image; without that the set is not changed."""

    async def keep(args: pulumi.ResourceHookArgs) -> None:
        old, new = args.old_inputs, args.new_inputs
        changed = manifests.images(old, new) if old and new else None
        if not old or changed is None:
            return
        config = await pulumi.Output.from_input(kubeconfig).future()
        wanted = manifests.snapshot(old, snapshot_class, datetime.now(UTC), f"before {changed[1]}")
        try:
            await asyncio.to_thread(_keep, config, context, wanted)
        except Exception as error:
            what = f"region {region}: {args.name} stays as it is, for its volume could not be kept"
            raise SnapshotError(f"{what}: {told(error)}") from None

    return pulumi.ResourceHook(f"snapshot-{region}", keep)


def _keep(kubeconfig: str | None, context: str | None, wanted: Manifest) -> None:
    from kubernetes import config

    api = (
        config.new_client_from_config_dict(yaml.safe_load(kubeconfig), context)
        if kubeconfig
        else config.new_client_from_config(None, context)
    )
    taken = Snapshots(api, wanted["metadata"]["namespace"])
    if taken.has_data(wanted["metadata"]["labels"][manifests.INSTANCE]):
        taken.take(wanted, manifests.is_cut, CUT_SECONDS)


def told(error: Exception) -> str:
    """One line of what kubernetes or urllib3 raised, without headers and bodies."""
    status, reason = getattr(error, "status", None), getattr(error, "reason", None)
    text = f"{status} {reason}" if status else str(reason or error) or type(error).__name__
    return text.strip().splitlines()[-1]
