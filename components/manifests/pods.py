"""What every pod of the fleet shares: labels, security, spread."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from config.plan import Duty, RegionPlan

Manifest = dict[str, Any]
Named = tuple[str, Manifest]  # an object with its logical name
Role = Literal["chain", "signer", "zookeeper", "keeper"]

# Labels of our own; app.kubernetes.io/* are the recommended ones.
ROLE, NOTARY, SHARD, CHAIN = (f"notary-fleet.dev/{key}" for key in ("role", "notary", "shard", "chain"))
SERVICE_ACCOUNT = "fleet"
COMMON = {"app.kubernetes.io/part-of": "notary-fleet", "app.kubernetes.io/managed-by": "pulumi"}
# Of Services and claims whose pods may stand behind a region that is away: who waited for them would wait for nothing.
UNAWAITED = {"pulumi.com/skipAwait": "true"}
PULL_SECONDS = 600  # for a new image, and for a node to be found
NOBODY = 10_001  # user and group, of the volumes too, where the cluster does not choose them itself


def labels(role: Role, instance: str, duty: Duty | None = None, chain: str | None = None) -> dict[str, str]:
    """Labels of an object. `selector` takes those that never change."""
    owner = {NOTARY: duty.notary, SHARD: duty.shard} if duty else {}
    return {
        **COMMON,
        **selector(role, instance),
        **owner,
        **({CHAIN: chain} if chain else {}),
    }


def selector(role: Role, instance: str) -> dict[str, str]:
    """The labels by which a set finds its pods. A change would replace the set: never change them."""
    return {"app.kubernetes.io/instance": instance, ROLE: role}


def metadata(namespace: str, name: str, labelled: Mapping[str, str], **more: Any) -> Manifest:
    """Name, namespace and labels; `more` are further fields such as annotations."""
    return {"name": name, "namespace": namespace, "labels": dict(labelled), **more}


def config_map(namespace: str, name: str, labelled: Mapping[str, str], data: Mapping[str, str]) -> Manifest:
    """An immutable ConfigMap. Its name holds a hash of its data, so that a change rolls the pods that mount it."""
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": metadata(namespace, name, labelled),
        "immutable": True,
        "data": dict(data),
    }


def opaque_secret(namespace: str, name: str, data: Mapping[str, Any]) -> Manifest:
    """A Secret whose values are Pulumi secrets, or placeholders where manifests are only shown."""
    described = metadata(namespace, name, COMMON)
    return {"apiVersion": "v1", "kind": "Secret", "metadata": described, "type": "Opaque", "stringData": dict(data)}


def pod_security(region: RegionPlan) -> Manifest:
    """Pod Security `restricted`. OpenShift's restricted-v2 gives the user and the group of the volumes itself."""
    identity = {"runAsUser": NOBODY, "runAsGroup": NOBODY, "fsGroup": NOBODY, "fsGroupChangePolicy": "OnRootMismatch"}
    openshift = region.region.platform == "openshift"
    return {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}, **({} if openshift else identity)}


def container_security() -> Manifest:
    """No privilege, no capability, nothing to write but the volumes."""
    return {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }


def resources(cpu: str, memory: str) -> Manifest:
    """Requests, and limits of all but CPU: a limited CPU delays signatures, and a late one is a missed round.

    What a container writes beside its volumes is small: its log, which Kubernetes rotates, and passing files.
    """
    return {
        "requests": {"cpu": cpu, "memory": memory, "ephemeral-storage": "64Mi"},
        "limits": {"memory": memory, "ephemeral-storage": "1Gi"},
    }


def volume_claim(name: str, labelled: Mapping[str, str], size: str, storage_class: str | None) -> Manifest:
    """A claim template. The set ignores its changes: a claim is grown by hand, never by a new set."""
    spec: Manifest = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": size}}}
    if storage_class:
        spec["storageClassName"] = storage_class
    return {"metadata": {"name": name, "labels": dict(labelled)}, "spec": spec}


def spread(labelled: Mapping[str, str]) -> list[Manifest]:
    """As even as can be over zones and nodes; a volume's zone wins over evenness."""
    keys = ("topology.kubernetes.io/zone", "kubernetes.io/hostname")
    return [
        {"maxSkew": 1, "topologyKey": key, "whenUnsatisfiable": "ScheduleAnyway", "labelSelector": matching(labelled)}
        for key in keys
    ]


def matching(labelled: Mapping[str, str]) -> Manifest:
    """A label selector for exactly these labels."""
    return {"matchLabels": dict(labelled)}


def apart(labelled: Mapping[str, str], not_in: tuple[str, Sequence[str]] | None = None) -> Manifest:
    """Affinity that keeps a pod off the nodes of the pods so labelled, but for those with a label's values."""
    found = matching(labelled)
    if not_in:
        found["matchExpressions"] = [{"key": not_in[0], "operator": "NotIn", "values": list(not_in[1])}]
    term = {"topologyKey": "kubernetes.io/hostname", "labelSelector": found}
    return {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term]}}


def placement(role: Role, duty: Duty) -> Manifest:
    """Where a duty's pods go: over zones and nodes; or, where shards stay apart, each shard together.

    Shards that spread would soon have a pod on every node, and leave none to the others (docs/adr/0014).
    """
    if not duty.shards_apart:
        return {"topologySpreadConstraints": spread({ROLE: role})}
    rules = apart({NOTARY: duty.notary}, (SHARD, [duty.shard]))
    own = {"topologyKey": "kubernetes.io/hostname", "labelSelector": matching({NOTARY: duty.notary, SHARD: duty.shard})}
    together = {"preferredDuringSchedulingIgnoredDuringExecution": [{"weight": 100, "podAffinityTerm": own}]}
    return {"affinity": {**rules, "podAffinity": together}}


def http_probe(path: str, port: int, period: int, failures: int) -> Manifest:
    """A probe over plain HTTP: `failures` in a row, `period` seconds apart, count."""
    probe = {"httpGet": {"path": path, "port": port}, "periodSeconds": period, "failureThreshold": failures}
    return {**probe, "timeoutSeconds": 5}


def stateful_set(namespace: str, name: str, labelled: Mapping[str, str], service: str, pod: Manifest) -> Manifest:
    """A set of one pod, whose claims outlive it. `pod` is the pod's spec, with `volumeClaimTemplates` beside it."""
    spec = dict(pod)
    claims = spec.pop("volumeClaimTemplates", None)
    chosen = {key: value for key, value in labelled.items() if key in ("app.kubernetes.io/instance", ROLE)}
    return {
        "apiVersion": "apps/v1",
        "kind": "StatefulSet",
        "metadata": metadata(namespace, name, labelled),
        "spec": {
            "replicas": 1,
            "serviceName": service,
            "revisionHistoryLimit": 5,
            "podManagementPolicy": "Parallel",
            "persistentVolumeClaimRetentionPolicy": {"whenDeleted": "Retain", "whenScaled": "Retain"},
            "selector": matching(chosen),
            "template": {"metadata": {"labels": dict(labelled)}, "spec": spec},
            **({"volumeClaimTemplates": claims} if claims else {}),
        },
    }


def pod_spec(region: RegionPlan, grace_seconds: int, **spec: Any) -> Manifest:
    """A pod's spec with what all pods share."""
    nodes = dict(region.region.node_selector)
    # Dedicated nodes keep others away by a taint like their label.
    taints = [{"key": key, "operator": "Equal", "value": value, "effect": "NoSchedule"} for key, value in nodes.items()]
    return {
        "serviceAccountName": SERVICE_ACCOUNT,
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "securityContext": pod_security(region),
        "terminationGracePeriodSeconds": grace_seconds,
        **({"nodeSelector": nodes, "tolerations": taints} if nodes else {}),
        **spec,
    }


def seconds_until_up(manifest: Manifest) -> int:
    """How long a pod may take from the order to stop to being up again, by its own grace and probes."""
    pod = manifest["spec"]["template"]["spec"]
    probes = [part.get("startupProbe") or {} for part in [*pod.get("initContainers", ()), *pod["containers"]]]
    starting = [probe.get("periodSeconds", 10) * probe.get("failureThreshold", 3) for probe in probes]
    return int(pod["terminationGracePeriodSeconds"] + max(starting) + PULL_SECONDS)
