"""What changed between two sets of inputs, and whether the object must be replaced for it. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from sandbox.plugins.differences import Change

# Fields that no update can change, by kind: as the official plugin lists them.
_ALWAYS = ("apiVersion", "kind", "metadata.name", "metadata.namespace")
_REPLACING = {
    "ConfigMap": ("data", "binaryData", "immutable"),
    "Secret": ("data", "stringData", "type", "immutable"),
    "StatefulSet": (
        "spec.podManagementPolicy",
        "spec.revisionHistoryLimit",
        "spec.selector",
        "spec.serviceName",
        "spec.volumeClaimTemplates",
    ),
    "Deployment": ("spec.selector",),
    "Service": ("spec.clusterIP",),
    "Job": ("spec",),
    "PersistentVolumeClaim": ("spec.accessModes", "spec.storageClassName", "spec.volumeName", "spec.selector"),
    "StorageClass": ("provisioner", "parameters", "reclaimPolicy", "volumeBindingMode"),
}


def changes(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[Change]:
    """Every field that differs, in order of path."""
    fixed = (*_ALWAYS, *_REPLACING.get(str(new.get("kind")), ()))
    found = [
        Change(path=path, kind=kind, replaces=any(re.match(re.escape(field) + r"($|[.\[])", path) for field in fixed))
        for path, kind in _walk(old, new, "")
    ]
    return sorted(found, key=lambda change: change.path)


def same_object(old: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
    """Whether both describe the object of one name: the old one must then go before the new one can come."""

    def identity(values: Mapping[str, Any]) -> tuple[Any, ...]:
        metadata = values.get("metadata") or {}
        return values.get("kind"), metadata.get("namespace"), metadata.get("name")

    return identity(old) == identity(new)


def _walk(old: Any, new: Any, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for key in sorted({*old, *new}):
            inner = _joined(path, str(key))
            if key not in new:
                yield inner, "delete"
            elif key not in old:
                yield inner, "add"
            else:
                yield from _walk(old[key], new[key], inner)
    elif isinstance(old, list) and isinstance(new, list):
        for number in range(max(len(old), len(new))):
            inner = f"{path}[{number}]"
            if number >= len(new):
                yield inner, "delete"
            elif number >= len(old):
                yield inner, "add"
            else:
                yield from _walk(old[number], new[number], inner)
    elif old != new:
        yield path, "update"


def _joined(path: str, key: str) -> str:
    plain = re.fullmatch(r"[A-Za-z0-9_$-]+", key)
    part = key if plain else f'["{key}"]'
    return f"{path}.{part}" if path and plain else f"{path}{part}"
