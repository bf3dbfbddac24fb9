"""What is kept in the stack's state for an object: the live object, and beside it how it came about. No I/O."""

from __future__ import annotations

import copy
from typing import Any

from sandbox.plugins.kubernetes import objects
from sandbox.plugins.kubernetes.values import UNKNOWN, Json, mark_secrets, plain

_INPUTS, _VERSION, _MANAGER = "__inputs", "__initialApiVersion", "__fieldManager"

# Definitions use dashed keys that the SDKs can't spell.
_DASHED = (
    "x-kubernetes-embedded-resource",
    "x-kubernetes-int-or-string",
    "x-kubernetes-list-map-keys",
    "x-kubernetes-list-type",
    "x-kubernetes-map-type",
    "x-kubernetes-preserve-unknown-fields",
    "x-kubernetes-validations",
)
_TO_DASHED = {key.replace("-", "_"): key for key in _DASHED}
_TO_UNDERSCORED = {dashed: plain_key for plain_key, dashed in _TO_DASHED.items()}


def for_cluster(properties: Json) -> Json:
    """Properties as the API server wants them: nothing marked, real field names."""
    stripped = plain(properties)
    return _renamed(stripped, _TO_DASHED) if _is_definition(stripped) else stripped


def for_engine(obj: Json, source: Json) -> Json:
    """`obj` with the fields marked that are secret in `source`."""
    renamed = _renamed(obj, _TO_UNDERSCORED) if _is_definition(obj) else obj
    marked = mark_secrets(renamed, source)
    # stringData comes back as data; the Secret kind is marked anyway, everything else has no such pair.
    return marked


def state(inputs: Json, live: Json, source: Json, manager: str) -> Json:
    """The state to keep after an operation; `source` are the inputs as the engine sent them, secrets marked."""
    return {
        **for_engine(live, source),
        _INPUTS: for_engine(inputs, source),
        _VERSION: str(inputs.get("apiVersion") or live.get("apiVersion")),
        _MANAGER: manager,
    }


def previewed(inputs: Json, live: Json | None, source: Json, manager: str) -> Json:
    """What a preview shows: nothing that a dry run invents, such as a uid, is passed off as known."""
    shown = copy.deepcopy(live if live is not None else inputs)
    shown.pop("status", None)
    meta = shown.setdefault("metadata", {})
    for key in ("uid", "resourceVersion", "creationTimestamp"):
        meta[key] = UNKNOWN
    spec = shown.get("spec")
    if shown.get("kind") == "Service" and isinstance(spec, dict) and "clusterIP" not in (inputs.get("spec") or {}):
        spec["clusterIP"] = UNKNOWN
        spec.pop("clusterIPs", None)
    return state(inputs, shown, source, manager)


def split(properties: Json) -> tuple[Json, Json]:
    """Inputs and live object of a state, both with their marks."""
    inputs = properties.get(_INPUTS)
    # Secret inputs are marked as a whole when the state comes from an older engine.
    unmarked = plain(inputs) if inputs is not None and not isinstance(inputs.get("metadata"), dict) else inputs
    live = {key: value for key, value in properties.items() if key not in (_INPUTS, _VERSION)}
    return (unmarked or {}), live


def manager_of(properties: Json, urn: str, inputs: Json) -> str:
    return objects.field_manager(urn, inputs, plain({_MANAGER: properties.get(_MANAGER)}))


def _is_definition(obj: Json) -> bool:
    return obj.get("kind") == "CustomResourceDefinition"


def _renamed(value: Any, names: dict[str, str]) -> Any:
    if isinstance(value, dict):
        return {names.get(key, key): _renamed(item, names) for key, item in value.items()}
    if isinstance(value, list):
        return [_renamed(item, names) for item in value]
    return value


