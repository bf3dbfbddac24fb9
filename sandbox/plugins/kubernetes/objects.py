"""What an object is called and what kind it is: type tokens, URNs, ids, names, annotations. No I/O."""

from __future__ import annotations

import hashlib
import secrets
from typing import Any

from sandbox.plugins.kubernetes.errors import ProviderError
from sandbox.plugins.kubernetes.values import Json, is_unknown

AUTONAMED = "pulumi.com/autonamed"
SKIP_AWAIT = "pulumi.com/skipAwait"
WAIT_FOR = "pulumi.com/waitFor"
TIMEOUT = "pulumi.com/timeoutSeconds"
PATCH_FORCE = "pulumi.com/patchForce"
FIELD_MANAGER = "pulumi.com/patchFieldManager"
DELETION = "pulumi.com/deletionPropagationPolicy"

# Fields of metadata that only the server writes.
READ_ONLY = (
    "creationTimestamp",
    "deletionGracePeriodSeconds",
    "deletionTimestamp",
    "generation",
    "managedFields",
    "resourceVersion",
    "uid",
)

_CLUSTER_SCOPED = frozenset(
    ["APIService", "CSIDriver", "CSINode", "CertificateSigningRequest", "ClusterRole", "ClusterRoleBinding", "ClusterTrustBundle", "ComponentStatus", "CustomResourceDefinition", "DeviceClass", "FlowSchema", "IPAddress", "IngressClass", "MutatingAdmissionPolicy", "MutatingAdmissionPolicyBinding", "MutatingWebhookConfiguration", "Namespace", "Node", "PersistentVolume", "PriorityClass", "PriorityLevelConfiguration", "ResourceSlice", "RuntimeClass", "ServiceCIDR", "StorageClass", "ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding", "ValidatingWebhookConfiguration", "VolumeAttachment", "VolumeAttributesClass"]
)


def urn_parts(urn: str) -> tuple[str, str]:
    """The type token and the logical name of a URN, `urn:pulumi:stack::project::parent$type::name`."""
    parts = urn.split("::", 3)
    if len(parts) != 4:
        raise ProviderError(f"{urn!r} is not a URN")
    return parts[2].rpartition("$")[2], parts[3]


def gvk(urn: str) -> tuple[str, str]:
    """apiVersion and kind that a URN's type token stands for."""
    token = urn_parts(urn)[0]
    package, _, rest = token.partition(":")
    module, _, kind = rest.rpartition(":")
    group, slash, version = module.partition("/")
    if package != "kubernetes" or not slash:
        raise ProviderError(
            f"{token} is not a Kubernetes object's type (expected one like kubernetes:apps/v1:Deployment)"
        )
    if group == "helm.sh" or kind.endswith("Patch"):
        raise ProviderError(f"{token} needs the official Kubernetes provider; this stand-in manages plain objects only")
    return (version if group in ("core", "") else f"{group}/{version}"), kind


def built_in_scope(api_version: str, kind: str) -> bool | None:
    """Whether a built-in kind is namespaced; None for kinds that only the API server knows."""
    group = api_version.partition("/")[0] if "/" in api_version else ""
    if "." in group and not group.endswith(".k8s.io"):
        return None
    return kind not in _CLUSTER_SCOPED


def metadata(obj: Json) -> Json:
    found = obj.get("metadata")
    return found if isinstance(found, dict) else {}


def name_of(obj: Json) -> str:
    return str(metadata(obj).get("name") or "")


def namespace_of(obj: Json) -> str:
    return str(metadata(obj).get("namespace") or "")


def annotation(obj: Json, key: str) -> str:
    annotations = metadata(obj).get("annotations")
    value = annotations.get(key) if isinstance(annotations, dict) else None
    return value if isinstance(value, str) and not is_unknown(value) else ""


def is_true(obj: Json, key: str) -> bool:
    return annotation(obj, key) == "true"


def identity(obj: Json) -> str:
    """The id in the state: `namespace/name`, or `name` for what has no namespace."""
    namespace = namespace_of(obj)
    return f"{namespace}/{name_of(obj)}" if namespace else name_of(obj)


def split_identity(text: str) -> tuple[str, str]:
    namespace, _, name = text.rpartition("/")
    return namespace, name


def label(obj: Json) -> str:
    """How messages name an object: `StatefulSet zookeeper/voters`."""
    return f"{obj.get('kind', 'object')} {identity(obj)}"


def without_read_only(obj: Json) -> Json:
    if not isinstance(obj.get("metadata"), dict):
        return obj
    kept = {key: value for key, value in obj["metadata"].items() if key not in READ_ONLY}
    return {**obj, "metadata": kept}


def annotated(obj: Json, key: str, value: str) -> Json:
    meta = metadata(obj)
    annotations = meta.get("annotations")
    merged = {**(annotations if isinstance(annotations, dict) else {}), key: value}
    return {**obj, "metadata": {**meta, "annotations": merged}}


def named(obj: Json, name: str) -> Json:
    """`obj` with a name that Pulumi chose, and marked so: a replacement of it may live beside it."""
    return annotated({**obj, "metadata": {**metadata(obj), "name": name}}, AUTONAMED, "true")


def fresh_name(urn: str, seed: bytes) -> str:
    """Logical name and 8 hex digits; the engine's seed makes preview and update agree."""
    suffix = hashlib.sha256(seed + urn.encode()).hexdigest()[:8] if seed else secrets.token_hex(4)
    return f"{urn_parts(urn)[1]}-{suffix}"


def field_manager(urn: str, inputs: Json, state: Json) -> str:
    """Whom the server records as the owner of our fields: as annotated, as before, else one of this URN's own."""
    chosen = annotation(inputs, FIELD_MANAGER) or state.get("__fieldManager")
    return str(chosen or f"pulumi-kubernetes-{hashlib.sha256(urn.encode()).hexdigest()[:8]}")


def timeout_seconds(custom: float, obj: Json, default: float = 600.0) -> float:
    """customTimeouts, then the annotation, then ten minutes, as the official provider does."""
    annotated_seconds = annotation(obj, TIMEOUT)
    if custom:
        return custom
    return float(annotated_seconds) if annotated_seconds.isdigit() else default


def get_path(obj: Any, *keys: str | int) -> Any:
    """The value at a path, or None."""
    for key in keys:
        if isinstance(obj, dict):
            obj = obj.get(key)
        elif isinstance(obj, list) and isinstance(key, int) and key < len(obj):
            obj = obj[key]
        else:
            return None
    return obj
