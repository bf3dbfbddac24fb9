"""A release's changes as a person and a tool read them: chains and daemons, signers, servers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rich.table import Table
from rich.text import Text

from config.release import Release
from fleet.output import table
from fleet.releases.diff import Change, Image, PodChange

NOTHING = "nothing changes"


def described(before: Release, after: Release, builds: Sequence[Change], pods: Sequence[PodChange]) -> dict[str, Any]:
    """Both releases, the builds that differ, and the pods that start again."""
    return {
        "before": {"version": before.version, "digest": before.digest},
        "after": {"version": after.version, "digest": after.digest},
        "builds": [_change(item) for item in builds],
        "pods": [
            {
                "region": item.pod.region,
                "name": item.pod.name,
                "kind": item.pod.kind,
                "chain": item.pod.chain,
                "duty": item.pod.duty,
                "signs": item.pod.signs,
                "changes": [_change(change) for change in item.changes],
            }
            for item in pods
        ],
    }


def _change(item: Change) -> dict[str, Any]:
    return {"what": item.what, "before": _image(item.before), "after": _image(item.after)}


def _image(item: Image | None) -> dict[str, str] | None:
    return {"build": item.path, "version": item.build.version, "image": item.build.image} if item else None


def builds_table(builds: Iterable[Change]) -> list[Table | str]:
    """The builds that differ, one a row."""
    shown = table("build", "before", "after")
    for item in builds:
        old, new = (_version(image) for image in (item.before, item.after))
        shown.add_row(item.what, old, f"{new}, built anew" if old == new else new)
    return [shown] if shown.row_count else [NOTHING]


def _version(item: Image | None) -> str:
    return item.build.version if item else "none"


def pods_tables(pods: Sequence[PodChange]) -> list[Table | str]:
    """What happens on a stack: daemons by chain, then the signers that stop and start, then the servers."""
    if not pods:
        return [NOTHING]
    chains = table("chain", "what changes", "daemons that start again")
    for (chain, what), where in _grouped(item for item in pods if item.pod.kind == "daemon").items():
        chains.add_row(chain, what, Text(", ".join(f"{item.pod.region}: {item.pod.duty}" for item in where)))
    signers = table("signer", "region", "what changes")
    for item in pods:
        if item.pod.signs:
            what = _what(item) + (f", with the daemon of {item.pod.chain}" if item.pod.chain else "")
            signers.add_row(item.pod.duty, item.pod.region, what)
    others = table("other", "region", "what changes")
    for item in pods:
        if item.pod.kind in ("server", "keeper"):
            others.add_row(item.pod.name, item.pod.region, _what(item))
    shown: list[Table | str] = []
    for part in (chains, signers, others):
        shown += [part, ""] if part.row_count else []
    return shown[:-1]


def _grouped(pods: Iterable[PodChange]) -> Mapping[tuple[str, str], list[PodChange]]:
    found: dict[tuple[str, str], list[PodChange]] = {}
    for item in pods:
        found.setdefault((item.pod.chain, _what(item)), []).append(item)
    return dict(sorted(found.items()))


def _what(item: PodChange) -> str:
    return ", ".join(str(change) for change in item.changes)
