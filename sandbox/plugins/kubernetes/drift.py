"""What the live object says about the fields that the program set. No I/O."""

from __future__ import annotations

import base64
import binascii
import re
from decimal import Decimal
from typing import Any

from sandbox.plugins.kubernetes import objects
from sandbox.plugins.kubernetes.differ import same
from sandbox.plugins.kubernetes.values import Json

# Maps of quantities: the server rewrites "0.5" to "500m" and "1024Mi" to "1Gi" there.
_QUANTITIES = frozenset(["requests", "limits", "hard", "capacity", "min", "max", "default", "defaultRequest", "overhead"])
_QUANTITY = re.compile(r"^([+-]?\d*\.?\d+)(?:([eE][+-]?\d+)|(Ki|Mi|Gi|Ti|Pi|Ei|[numkMGTPE]))?$")
_SCALE = {
    **{unit: Decimal(1024) ** power for power, unit in enumerate(("Ki", "Mi", "Gi", "Ti", "Pi", "Ei"), 1)},
    **{unit: Decimal(1000) ** power for power, unit in enumerate(("k", "M", "G", "T", "P", "E"), 1)},
    **{unit: Decimal(1000) ** -power for power, unit in enumerate(("m", "u", "n"), 1)},
}


def observed(inputs: Json, live: Json) -> Json:
    """`inputs` with every field that reads differently in the cluster replaced by what is there, or dropped.

    Fields that the program never set are not looked at: they belong to the server or to somebody else. What the server
    only spells differently, or leaves out because it is empty, stays as the program wrote it.
    """
    seen = _merge((), inputs, live)
    if inputs.get("kind") == "Secret" and isinstance(inputs.get("stringData"), dict):
        # The server folds stringData into data and forgets it.
        seen["stringData"] = _decoded(inputs["stringData"], live.get("data") or {})
    return {**seen, "apiVersion": inputs.get("apiVersion"), "kind": inputs.get("kind")}


def imported(live: Json) -> Json:
    """Inputs for an object that no program has described yet: all that the server does not write itself."""
    cleaned = objects.without_read_only({key: value for key, value in live.items() if key != "status"})
    annotations = objects.metadata(cleaned).get("annotations")
    if isinstance(annotations, dict):
        for noise in ("deployment.kubernetes.io/revision", "kubectl.kubernetes.io/last-applied-configuration"):
            annotations.pop(noise, None)
        if not annotations:
            cleaned["metadata"].pop("annotations")
    return cleaned


def _merge(path: tuple[str, ...], old: Any, live: Any) -> Any:
    if isinstance(old, dict) and isinstance(live, dict):
        merged: Json = {}
        for key, value in old.items():
            if key in live:
                merged[key] = _merge((*path, key), value, live[key])
            elif not value:
                merged[key] = value
        return merged
    if isinstance(old, list) and isinstance(live, list):
        return _merge_list(path, old, live)
    return old if same(old, live) or _same_quantity(path, old, live) else live


def _merge_list(path: tuple[str, ...], old: list[Any], live: list[Any]) -> list[Any]:
    names = _names(live)
    if names is not None and _names(old) is not None:
        # Matched by name, so that what an admission webhook inserts does not shift everything behind it.
        return [_merge(path, item, live[names[item["name"]]]) for item in old if item["name"] in names]
    if any(isinstance(item, dict) for item in old):
        return [_merge(path, before, now) for before, now in zip(old, live, strict=False)]
    return old if old == live else live


def _names(items: list[Any]) -> dict[str, int] | None:
    """Positions by name, when every item has a name of its own."""
    found = {
        item["name"]: index
        for index, item in enumerate(items)
        if isinstance(item, dict) and isinstance(item.get("name"), str)
    }
    return found if len(found) == len(items) else None


def _decoded(string_data: Json, data: Json) -> Json:
    seen: Json = {}
    for key, value in string_data.items():
        if key not in data:
            continue
        try:
            seen[key] = base64.b64decode(str(data[key])).decode()
        except (binascii.Error, UnicodeDecodeError):
            seen[key] = "" if value else value
    return seen


def _same_quantity(path: tuple[str, ...], old: Any, live: Any) -> bool:
    in_quantities = any(step in _QUANTITIES for step in path[-2:-1]) or path[-1:] == ("sizeLimit",)
    if not in_quantities or isinstance(old, bool):
        return False
    left, right = _quantity(old), _quantity(live)
    return left is not None and left == right


def _quantity(value: Any) -> Decimal | None:
    found = _QUANTITY.match(str(value))
    if not found:
        return None
    number, exponent, unit = found.groups()
    return Decimal(number + (exponent or "")) * _SCALE.get(unit or "", Decimal(1))
