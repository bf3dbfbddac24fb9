"""What changed between two sets of inputs, and what the engine has to do about it. No I/O.

Old inputs are compared with new ones. The official provider compares the live object, cut to the old inputs' shape; here
`drift.observed` has put what differs in the cluster into the old inputs when the state was refreshed, so that fields
which the server merely spells differently (0.5 and 500m) never show up as a change.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sandbox.plugins.kubernetes import objects, replaces
from sandbox.plugins.kubernetes.replaces import Path
from sandbox.plugins.kubernetes.values import Json

Kind = Literal["add", "delete", "update"]


@dataclass(frozen=True, kw_only=True)
class Change:
    path: Path
    kind: Kind
    replaces: bool

    @property
    def name(self) -> str:
        return render(self.path)


@dataclass(frozen=True, kw_only=True)
class Verdict:
    changes: tuple[Change, ...]
    delete_first: bool

    @property
    def replacing(self) -> list[str]:
        return [change.name for change in self.changes if change.replaces]


def compare(
    old: Json,
    new: Json,
    *,
    ignored: Sequence[str] = (),
    mutable_config_maps: bool = False,
    mutable_secrets: bool = False,
) -> Verdict:
    """The changes from the inputs `old` to the inputs `new`, and whether the old object must go before the new one."""
    old, new = (_canonical(objects.without_read_only(obj)) for obj in (old, new))
    fields = replaces.replacing_fields(new, mutable_config_maps=mutable_config_maps, mutable_secrets=mutable_secrets)
    if replaces.group_of(old) != replaces.group_of(new):
        fields.append("apiVersion")
    fields.append("kind")
    skipped = [parse(path) for path in ignored]
    changes = tuple(
        Change(path=path, kind=kind, replaces=_must_replace(path, kind, value, fields))
        for path, kind, value in _walk((), old, new)
        if not any(_covers(skip, path) for skip in skipped)
    )
    same_place = objects.identity(old) == objects.identity(new) != ""
    fixed = same_place and not objects.is_true(new, objects.AUTONAMED)
    return Verdict(changes=changes, delete_first=fixed and any(change.replaces for change in changes))


def _must_replace(path: Path, kind: Kind, value: Any, fields: list[str]) -> bool:
    if kind == "delete" and path == ("metadata",):
        return True
    return replaces.is_replacing(path, None if kind == "delete" else value, fields)


def _canonical(obj: Json) -> Json:
    """No namespace and `default` are one place; for kinds without namespaces it is the same on both sides."""
    meta = objects.metadata(obj)
    return {**obj, "metadata": {**meta, "namespace": meta.get("namespace") or "default"}}


def _walk(path: Path, old: Any, new: Any) -> Iterator[tuple[Path, Kind, Any]]:
    if isinstance(old, dict) and isinstance(new, dict):
        for key in sorted(old.keys() | new.keys()):
            yield from _entry((*path, key), old.get(key), new.get(key))
    elif isinstance(old, list) and isinstance(new, list):
        for index in range(max(len(old), len(new))):
            before = old[index] if index < len(old) else None
            after = new[index] if index < len(new) else None
            yield from _entry((*path, index), before, after)
    elif not same(old, new):
        yield path, "update", new


def _entry(path: Path, old: Any, new: Any) -> Iterator[tuple[Path, Kind, Any]]:
    # Nothing and null are one to Kubernetes; an empty object is not ({} selects everything, emptyDir is {}).
    if old is None and new is None:
        return
    if new is None:
        yield path, "delete", old
    elif old is None:
        yield path, "add", new
    else:
        yield from _walk(path, old, new)


def same(old: Any, new: Any) -> bool:
    """Equality as in JSON: 1 and 1.0 are one number, 1 and true are not."""
    return isinstance(old, bool) == isinstance(new, bool) and old == new


def _covers(prefix: Path, path: Path) -> bool:
    return len(prefix) <= len(path) and all(step in ("*", found) for step, found in zip(prefix, path, strict=False))


def render(path: Path) -> str:
    """A property path as the engine reads it: `metadata.annotations["pulumi.com/autonamed"]`, `spec.ports[0].port`."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        elif re.search(r'[."\[\]]', step):
            text += f"[{json.dumps(step)}]"
        else:
            text += f".{step}" if text else step
    return text


_STEP = re.compile(r'\.?([^.\[\]"]+)|\[(\d+)\]|\["((?:[^"\\]|\\.)*)"\]|\[(\*)\]')


def parse(text: str) -> Path:
    """The inverse of `render`."""
    steps: list[str | int] = []
    for name, index, quoted, star in _STEP.findall(text):
        steps.append(int(index) if index else json.loads(f'"{quoted}"') if quoted else star or name)
    return tuple(steps)
