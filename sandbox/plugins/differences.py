"""What a stand-in found changed, as the engine wants to be told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pulumi.runtime.proto import provider_pb2

_KINDS = provider_pb2.PropertyDiff


@dataclass(frozen=True, kw_only=True)
class Change:
    """One field: its path, `add`, `update` or `delete`, and whether it replaces the object."""

    path: str
    kind: str
    replaces: bool
    of_input: bool = True


def diff_response(found: Sequence[Change], delete_first: bool) -> Any:
    """The answer to Diff and DiffConfig, with the kind of each field's change."""
    names = {
        "add": (_KINDS.ADD, _KINDS.ADD_REPLACE),
        "update": (_KINDS.UPDATE, _KINDS.UPDATE_REPLACE),
        "delete": (_KINDS.DELETE, _KINDS.DELETE_REPLACE),
    }
    replaced = [change.path for change in found if change.replaces]
    return provider_pb2.DiffResponse(
        changes=provider_pb2.DiffResponse.DIFF_SOME if found else provider_pb2.DiffResponse.DIFF_NONE,
        replaces=replaced,
        deleteBeforeReplace=bool(replaced) and delete_first,
        diffs=sorted({change.path.split(".")[0].split("[")[0] for change in found}),
        hasDetailedDiff=True,
        detailedDiff={
            change.path: _KINDS(kind=names[change.kind][change.replaces], inputDiff=change.of_input) for change in found
        },
    )
