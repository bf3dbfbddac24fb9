"""What an update does to the ensemble's majority."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from config.each import at, texts
from fleet.impact.change import Change
from fleet.impact.workload import files, is_set, restarts, role

_MEMBER = re.compile(r"server\.(\d+)=.*:(participant|observer)(;.*)?")


@dataclass(frozen=True, kw_only=True)
class QuorumChange:
    """The ensemble's voters by id, before and after.

    `restarting` are the servers whose pods are made anew, one at a time; `kept` the voters of before that stay
    members with their data, of which `needed` make a majority.
    """

    before: tuple[int, ...]
    after: tuple[int, ...]
    restarting: tuple[int, ...]
    kept: int
    needed: int

    @property
    def lost(self) -> bool:
        """Whether those who stay are no majority of those who were: nobody could agree on the change any more."""
        return bool(self.before) and self.kept < self.needed

    @property
    def pauses(self) -> bool:
        """Whether one server that restarts leaves no majority while it does."""
        return bool(self.restarting) and bool(self.before) and len(self.before) - 1 < self.needed


def quorum_change(changes: Iterable[Change]) -> QuorumChange:
    """The ensemble's part of an update."""
    listed = [*changes]
    sets = [change for change in listed if is_set(change) and role(change) == "zookeeper"]
    before = _voters(change.before for change in listed)
    after = _voters(change.after for change in listed)
    gone = {number(change) for change in sets if change.before is not None and not _stays(change)}
    restarting = {number(change) for change in sets if restarts(change) and _stays(change)}
    return QuorumChange(
        before=tuple(sorted(before)),
        after=tuple(sorted(after)),
        restarting=tuple(sorted(restarting)),
        kept=len((before & after) - gone),
        needed=len(before) // 2 + 1,
    )


def number(change: Change) -> int:
    """A server's id, the end of its set's name."""
    return int(str(at(change.manifest, "metadata", "name")).rpartition("-")[2])


def _stays(change: Change) -> bool:
    return change.operation in ("same", "update") and at(change.after, "spec", "replicas") != 0


def _voters(manifests: Iterable[Mapping[str, Any] | None]) -> set[int]:
    lines = [line for manifest in manifests for line in texts(files(manifest, "keeper.json").get("members"))]
    members = [found for line in lines if (found := _MEMBER.fullmatch(line))]
    return {int(found[1]) for found in members if found[2] == "participant"}
