"""The releases that a stack ran, from the engine's history of its updates."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from pulumi import automation as auto

from config.load import PROJECT
from config.release import Release
from fleet.errors import Exit, FleetError
from fleet.workspace import Workspace, last_line

ALL = 1_000_000
_MESSAGE = re.compile(r"release (\S+) (sha256:[0-9a-f]{64})")


@dataclass(frozen=True, kw_only=True)
class Update:
    """One update of a stack as the engine keeps it. `digest` is empty where the update was not made by `fleet up`."""

    number: int
    source: str  # the release's file, as the stack's configuration named it
    digest: str
    succeeded: bool
    ended: datetime


def message(release: Release) -> str:
    """What `fleet up` has the engine keep with an update: the release's version and digest."""
    return f"release {release.version} {release.digest}"


def updates(workspace: Workspace) -> tuple[Update, ...]:
    """The updates since the stack was made or last destroyed, the oldest first."""
    try:
        kept = workspace.stack.history(page_size=ALL, page=1, show_secrets=False)
    except auto.CommandError as error:
        what = f"the engine could not tell the history of {workspace.loaded.name}: {last_line(str(error))}"
        raise FleetError(what) from None
    return since_destroyed([*reversed(kept)])


def since_destroyed(kept: Sequence[auto.UpdateSummary]) -> tuple[Update, ...]:
    """The updates after the last destruction; previews, refreshes and imports change no release."""
    ends = [place for place, item in enumerate(kept) if item.kind == "destroy" and item.result == "succeeded"]
    last = ends[-1] + 1 if ends else 0
    return tuple(_update(place + 1, item) for place, item in enumerate(kept) if place >= last and item.kind == "update")


def _update(place: int, item: auto.UpdateSummary) -> Update:
    named = item.config.get(f"{PROJECT}:release")
    told = _MESSAGE.fullmatch(item.message or "")
    return Update(
        # A state in files numbers no update: its place in the history does.
        number=item.version or place,
        source=named.value if named else "",
        digest=told[2] if told else "",
        succeeded=item.result == "succeeded",
        ended=(item.end_time or item.start_time).replace(tzinfo=UTC),
    )


def latest(found: Sequence[Update], stack: str) -> Update:
    """The last update, whether or not it succeeded: what it named is, at least in part, what runs."""
    if not found:
        raise FleetError(f"{stack} ran no release yet: `fleet up --stack {stack}` comes first", Exit.BAD_INPUT)
    return found[-1]


def run_of_latest(found: Sequence[Update]) -> tuple[Update, ...]:
    """The last updates in a row that named one release with one content."""
    kept: list[Update] = []
    for item in reversed(found):
        if (item.source, item.digest) != (found[-1].source, found[-1].digest):
            break
        kept.append(item)
    return tuple(reversed(kept))


def before(found: Iterable[Update]) -> Update | None:
    """The update to the release before the one that runs.

    Going back forgets what was gone back from: after A, B and A again nothing is before A, and B does not return.
    """
    line: list[Update] = []
    for item in found:
        sources = [kept.source for kept in line]
        if item.source in sources:
            line = line[: sources.index(item.source) + 1]
            line[-1] = item if item.succeeded else line[-1]
        else:
            # What never came up whole is no release to go back to, once another has followed it.
            line = [*(kept for kept in line if kept.succeeded), item]
    return line[-2] if line[1:] else None
