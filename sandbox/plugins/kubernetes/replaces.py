"""Which changed fields replace an object instead of updating it: the official provider's table. No I/O."""

from __future__ import annotations

from typing import Any

from sandbox.plugins.kubernetes.objects import get_path
from sandbox.plugins.kubernetes.values import Json

Path = tuple[str | int, ...]

_POD = ["affinity", "automountServiceAccountToken", "dnsConfig", "dnsPolicy", "enableServiceLinks", "hostAliases", "hostIPC", "hostNetwork", "hostPID", "hostname", "imagePullSecrets", "nodeName", "nodeSelector", "overhead", "preemptionPolicy", "priority", "priorityClassName", "readinessGates", "restartPolicy", "runtimeClassName", "schedulerName", "securityContext", "serviceAccount", "serviceAccountName", "shareProcessNamespace", "subdomain", "terminationGracePeriodSeconds", "volumes"]
_CONTAINER = ["args", "command", "env", "image", "imagePullPolicy", "lifecycle", "livenessProbe", "ports", "readinessProbe", "resources", "securityContext", "stdin", "stdinOnce", "terminationMessagePath", "terminationMessagePolicy", "tty", "volumeDevices", "volumeMounts", "workingDir"]
_VOLUME_SOURCES = ["awsElasticBlockStore", "azureDisk", "azureFile", "cephfs", "cinder", "csi", "fc", "flexVolume", "flocker", "gcePersistentDisk", "glusterfs", "hostPath", "iscsi", "local", "nfs", "photonPersistentDisk", "portworxVolume", "quobyte", "rbd", "scaleIO", "storageos", "vsphereVolume"]

_TABLE: dict[tuple[str, str], tuple[str, ...]] = {
    ("apps", "StatefulSet"): (
        "spec.podManagementPolicy",
        "spec.revisionHistoryLimit",
        "spec.selector",
        "spec.serviceName",
        "spec.volumeClaimTemplates",
    ),
    ("apps", "Deployment"): ("spec.selector",),
    ("apps", "DaemonSet"): ("spec.selector",),
    ("batch", "Job"): ("spec.completions", "spec.parallelism", "spec.selector", "spec.template"),
    ("", "PersistentVolume"): tuple(f"spec.{source}" for source in _VOLUME_SOURCES),
    ("", "PersistentVolumeClaim"): (
        "spec.accessModes",
        "spec.selector",
        "spec.storageClassName",
        "spec.volumeName",
    ),
    ("", "Pod"): (
        *(f"spec.{field}" for field in _POD),
        *(f"spec.{kind}.*.{field}" for kind in ("containers", "initContainers") for field in _CONTAINER),
    ),
    ("", "ResourceQuota"): ("spec.scopes",),
    ("", "Secret"): ("type",),
    ("", "Service"): ("spec.clusterIP",),
    ("rbac.authorization.k8s.io", "RoleBinding"): ("roleRef",),
    ("rbac.authorization.k8s.io", "ClusterRoleBinding"): ("roleRef",),
    ("storage.k8s.io", "StorageClass"): ("parameters", "provisioner"),
}

_IDENTITY = ("metadata.name", "metadata.namespace")


def group_of(obj: Json) -> str:
    api_version = str(obj.get("apiVersion") or "")
    return api_version.rpartition("/")[0]


def replacing_fields(obj: Json, *, mutable_config_maps: bool = False, mutable_secrets: bool = False) -> list[str]:
    """Paths whose change replaces `obj`; `*` stands for any position in a list."""
    kind = str(obj.get("kind") or "")
    core = group_of(obj) == ""
    frozen = obj.get("immutable") is True
    paths = [*_IDENTITY, *_TABLE.get((group_of(obj), kind), ())]
    if core and kind == "Secret" and (frozen or not mutable_secrets):
        paths += ["data", "stringData"]
    if core and kind == "ConfigMap" and (frozen or not mutable_config_maps):
        paths += ["data", "binaryData"]
    return paths


def is_replacing(path: Path, value: Any, fields: list[str]) -> bool:
    """Whether a change to `value` at `path` touches one of `fields`: at it, below it, or in what was added above it."""
    return any(_touches(path, value, field.split(".")) for field in fields)


def _touches(path: Path, value: Any, field: list[str]) -> bool:
    if any(step not in ("*", str(found)) for found, step in zip(path, field, strict=False)):
        return False
    rest = field[len(path) :]
    return "*" not in rest and (not rest or get_path(value, *rest) is not None)
