"""What the state keeps of an object: its id, and the inputs that a live object stands for. Pure."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

from sandbox.plugins.kubernetes.values import SECRET, SIGNATURE, is_secret, revealed


def identity(manifest: Mapping[str, Any]) -> str:
    """`namespace/name`, or `name` for what has no namespace."""
    metadata = manifest["metadata"]
    return f"{metadata['namespace']}/{metadata['name']}" if metadata.get("namespace") else str(metadata["name"])


def described(urn: str, identifier: str, known: Mapping[str, Any]) -> dict[str, Any]:
    """Enough of a manifest to find the object of an id: kind and version from what is known, or from the URN."""
    namespace, _, name = identifier.rpartition("/")
    token = urn.split("::")[2].rsplit("$", 1)[-1]
    _, version, kind = token.split(":")
    metadata = {"name": name, **({"namespace": namespace} if namespace else {})}
    version = str(known.get("apiVersion") or version.removeprefix("core/"))
    return {"apiVersion": version, "kind": str(known.get("kind") or kind), "metadata": metadata}


def projected(live: dict[str, Any], inputs: Mapping[str, Any]) -> dict[str, Any]:
    """The inputs as the live object has them now: only the fields that were given before."""
    if live.get("kind") == "Secret" and "stringData" in inputs:
        decoded = {
            key: base64.b64decode(value).decode(errors="replace") for key, value in (live.get("data") or {}).items()
        }
        live = {**live, "stringData": decoded}
    return _project(live, inputs)


def _project(live: Any, given: Any) -> Any:
    if is_secret(given):
        return {SIGNATURE: SECRET, "value": _project(live, revealed(given))}
    if isinstance(live, dict) and isinstance(given, Mapping):
        return {key: _project(live[key], value) for key, value in given.items() if key in live}
    if isinstance(live, list) and isinstance(given, list) and len(live) == len(given):
        return [_project(item, value) for item, value in zip(live, given, strict=True)]
    return live


def stripped(live: Mapping[str, Any]) -> dict[str, Any]:
    """An imported object's inputs: all of it but what servers write."""
    kept = ("name", "namespace", "labels", "annotations")
    metadata = {key: value for key, value in live.get("metadata", {}).items() if key in kept}
    return {key: value for key, value in {**live, "metadata": metadata}.items() if key != "status"}
