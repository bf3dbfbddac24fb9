"""Who owns which field of a live object, by its managedFields. No I/O."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from typing import Any

from sandbox.plugins.kubernetes import objects
from sandbox.plugins.kubernetes.differ import parse
from sandbox.plugins.kubernetes.replaces import Path
from sandbox.plugins.kubernetes.values import Json

# What an object is created as. Creating is a plain POST, which alone refuses what exists already; the first update
# hands the fields over to the object's own manager, as the official provider does.
CREATOR = "pulumi-kubernetes"
_CREATORS = frozenset({CREATOR, "pulumi-kubernetes.exe", "pulumi-resource-kubernetes"})
_TAKEN_OVER = frozenset({(name, "Update") for name in (*_CREATORS, "kubectl", "before-first-apply")} | {("kubectl", "Apply")})


def _entries(live: Json) -> list[Json]:
    found = objects.metadata(live).get("managedFields")
    return found if isinstance(found, list) else []


def _is_taken_over(entry: Json) -> bool:
    return not entry.get("subresource") and (entry.get("manager"), entry.get("operation")) in _TAKEN_OVER


def handed_over(live: Json, manager: str) -> list[Json] | None:
    """managedFields with what this program created made `manager`'s, or None when there is nothing to hand over."""
    legacy = [entry for entry in _entries(live) if _is_taken_over(entry)]
    if not legacy:
        return None
    mine = [entry for entry in _entries(live) if _is_own(entry, manager)]
    fields: Json = {}
    for entry in (*legacy, *mine):
        _union(fields, entry.get("fieldsV1") or {})
    applied = {**(mine or legacy)[0], "manager": manager, "operation": "Apply", "fieldsV1": fields}
    others = [entry for entry in _entries(live) if entry not in legacy and entry not in mine]
    return [*others, applied]


def _is_own(entry: Json, manager: str) -> bool:
    return entry.get("manager") == manager and entry.get("operation") == "Apply" and not entry.get("subresource")


def _union(target: Json, source: Json) -> None:
    for key, value in source.items():
        _union(target.setdefault(key, {}), value)


def must_force(live: Json, *, forced: bool, preview: bool) -> bool:
    """Whether an apply takes fields from other managers. By default it does not: it reports the conflict.

    A preview does not hand fields over first, so there what we created ourselves must not count as somebody else's.
    """
    if forced or not _entries(live):
        return True
    return preview and any(_is_taken_over(entry) for entry in _entries(live))


def with_ignored(inputs: Json, live: Json, ignored: Sequence[str], manager: str) -> Json:
    """`inputs` with ignored fields as they are in the cluster, or left out where somebody else owns them."""
    result = copy.deepcopy(inputs)
    for text in ignored:
        path = parse(text)
        if "*" in path:
            continue
        if _owned_by_others_only(live, path, manager):
            _remove(result, path)
        elif (value := objects.get_path(live, *path)) is not None:
            _assign(result, path, copy.deepcopy(value))
    return result


def _owned_by_others_only(live: Json, path: Path, manager: str) -> bool:
    owners = {_owner(entry, manager) for entry in _entries(live) if _has(entry.get("fieldsV1") or {}, path)}
    return owners == {"other"}


def _owner(entry: Json, manager: str) -> str:
    return "self" if _is_own(entry, manager) or _is_taken_over(entry) else "other"


def _has(fields: Json, path: Path) -> bool:
    for step in path:
        # Positions in lists are keys there; who owns what inside a list is not looked at.
        if isinstance(step, int) or f"f:{step}" not in fields:
            return False
        fields = fields[f"f:{step}"]
    return True


def _remove(obj: Json, path: Path) -> None:
    parent = objects.get_path(obj, *path[:-1])
    if isinstance(parent, dict):
        parent.pop(str(path[-1]), None)


def _assign(obj: Json, path: Path, value: Any) -> None:
    *parents, last = path
    target: Any = obj
    for step in parents:
        if isinstance(target, dict):
            target = target.setdefault(str(step), {})
        elif isinstance(target, list) and isinstance(step, int) and step < len(target):
            target = target[step]
        else:
            return
    if isinstance(target, dict):
        target[str(last)] = value
    elif isinstance(target, list) and isinstance(last, int) and last < len(target):
        target[last] = value


def managers(live: Json) -> Iterator[str]:
    """Names of everybody who owns fields of the object."""
    yield from (str(entry.get("manager")) for entry in _entries(live))
