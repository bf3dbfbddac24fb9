"""From manifests to typed resources of the Kubernetes SDK: the one place where objects are registered."""

from __future__ import annotations

import re
from collections.abc import Iterable

import pulumi
import pulumi_kubernetes as k8s

from components.manifests.fleet import carries_data
from components.manifests.pods import Manifest, Named, seconds_until_up

_CLASSES: dict[tuple[str, str], type[pulumi.CustomResource]] = {
    ("v1", "ConfigMap"): k8s.core.v1.ConfigMap,
    ("v1", "Namespace"): k8s.core.v1.Namespace,
    ("v1", "PersistentVolumeClaim"): k8s.core.v1.PersistentVolumeClaim,
    ("v1", "Secret"): k8s.core.v1.Secret,
    ("v1", "Service"): k8s.core.v1.Service,
    ("v1", "ServiceAccount"): k8s.core.v1.ServiceAccount,
    ("apps/v1", "StatefulSet"): k8s.apps.v1.StatefulSet,
    ("batch/v1", "Job"): k8s.batch.v1.Job,
    ("networking.k8s.io/v1", "NetworkPolicy"): k8s.networking.v1.NetworkPolicy,
    ("storage.k8s.io/v1", "StorageClass"): k8s.storage.v1.StorageClass,
    ("policy/v1", "PodDisruptionBudget"): k8s.policy.v1.PodDisruptionBudget,
}


def register_all(
    objects: Iterable[Named],
    parent: pulumi.Resource,
    provider: pulumi.ProviderResource,
    *after: pulumi.Resource,
    turn: Iterable[pulumi.Resource] = (),
    before_update: pulumi.ResourceHook | None = None,
) -> list[pulumi.CustomResource]:
    """Register the objects of one component in order, behind `after`; what runs pods waits for its `turn` besides.

    Sets wait for the configuration before them, and for no Service: those are for pods that may not come yet. What
    carries data is protected: the engine refuses to delete or replace it until a person names it. A changed claim
    template would replace a set, so its changes don't count: docs/operating.md grows a claim. `before_update` is called
    before a set with claims of its own changes.
    """
    made: list[pulumi.CustomResource] = []
    awaited: list[pulumi.Resource] = [*after, *turn]
    for name, manifest in objects:
        runs = manifest["kind"] in ("StatefulSet", "Job")
        waits = awaited if runs else after
        protect = carries_data(manifest) or None
        ignored = ["spec.volumeClaimTemplates"] if protect and manifest["kind"] == "StatefulSet" else None
        options = pulumi.ResourceOptions(
            parent=parent,
            provider=provider,
            depends_on=[*waits],
            protect=protect,
            ignore_changes=ignored,
            custom_timeouts=_timeouts(manifest) if runs else None,
            hooks=pulumi.ResourceHookBinding(before_update=[before_update]) if before_update and ignored else None,
        )
        resource = _register(name, manifest, options)
        made.append(resource)
        if manifest["kind"] in ("ConfigMap", "Secret"):
            awaited.append(resource)
    return made


def _timeouts(manifest: Manifest) -> pulumi.CustomTimeouts:
    """As long as its pods may take by their own probes to be up again: the plugin alone would give up after 10 min."""
    allowed = f"{seconds_until_up(manifest)}s"
    return pulumi.CustomTimeouts(create=allowed, update=allowed)


def _register(name: str, manifest: Manifest, opts: pulumi.ResourceOptions) -> pulumi.CustomResource:
    """Register one object. `name` is its logical name; the object's own name is in the manifest."""
    kind = _CLASSES.get((manifest["apiVersion"], manifest["kind"]))
    if kind is None:  # a kind that the cluster's add-ons bring along: the SDK has no class for it
        return pulumi.CustomResource(f"kubernetes:{manifest['apiVersion']}:{manifest['kind']}", name, manifest, opts)
    fields = {_snake(key): value for key, value in manifest.items() if key not in ("apiVersion", "kind")}
    return kind(name, opts=opts, **fields)


def _snake(key: str) -> str:
    return re.sub(r"[A-Z]", lambda letter: "_" + letter.group().lower(), key)
