"""Whether a stack may go from what it runs to another release: by each daemon's data and hard forks. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from config.mistakes import Mistake
from config.plan import FleetPlan
from config.release import DaemonBuild, HardFork
from fleet.releases.diff import Image, pods_changed


@dataclass(frozen=True, kw_only=True)
class Tips:
    """How far the chains are: the time of now, and the heights (blocks) that somebody told, by chain.

    `restored` are chains whose volumes somebody brought back to what the next build can read.
    """

    now: datetime
    heights: Mapping[str, int]
    restored: Collection[str] = ()


def refusals(before: FleetPlan, after: FleetPlan, tips: Tips) -> tuple[Mistake, ...]:
    """Every reason why the release of `after` must not follow that of `before`; none when it may.

    Only what holds data is asked: daemons and ZooKeeper's servers. A rebuild of one version may be silent on its data
    and forks: it is taken to do what that version does.
    """
    found: dict[Mistake, None] = {}
    for item in pods_changed(before, after):
        for change in item.changes:
            old, new = change.before, change.after
            if change.what not in ("daemon", "server") or not old or not new:
                continue
            rebuilt = old.build.version == new.build.version and old.path == new.path
            told = [*_silent(item.pod.chain, old, new)] if not rebuilt else []
            told += [*_data(item.pod.chain, old, new)] if item.pod.chain not in tips.restored else []
            told += [*_forks(item.pod.chain, old, new, tips)]
            found |= dict.fromkeys(told)
    return tuple(found)


def _silent(chain: str, *items: Image) -> Iterator[Mistake]:
    """Builds of which nobody says what they read, or which forks they follow."""
    for item in items:
        if item.build.data is None:
            expected = f"`data` with family, number and source in {item.path}: what it writes, and so what it reads"
            yield Mistake(path=_place(chain), found=f"{_named(item)} with nothing on its data", expected=expected)
        if item.build.forks is None and chain:
            expected = f"`forks` in {item.path}, an empty list where it has none"
            found = f"{_named(item)} with nothing on its forks"
            yield Mistake(path=f"hard forks of {chain}", found=found, expected=expected)


def _place(chain: str) -> str:
    return f"data of {chain or 'ensemble'}"


def _data(chain: str, old: Image, new: Image) -> Iterator[Mistake]:
    """Data that the next build can't read."""
    where = _place(chain)
    written, read = old.build.data, new.build.data
    if not written or not read:
        return
    if written.family != read.family:
        expected = f"a daemon of the same family: {_named(new)} reads {read.family} ({read.source})"
        yield Mistake(path=where, found=f"{written.family}, written by {_named(old)}", expected=expected)
    elif written.number > read.number:
        expected = f"one that {_named(new)} can read: {read.number} at most ({written.source})"
        yield Mistake(path=where, found=f"format {written.number}, written by {_named(old)}", expected=expected)


def _forks(chain: str, old: Image, new: Image, tips: Tips) -> Iterator[Mistake]:
    """Hard forks that the chain has behind it and that the next build does not know."""
    where = f"hard forks of {chain}"
    if new.build.forks is None:
        return
    known = {fork.rule for fork in _binding(new.build, chain)}
    for fork in _binding(old.build, chain):
        if fork.rule not in known and (reason := _behind(fork, chain, tips)):
            expected = f"a daemon that knows this fork: {_named(new)} would follow another chain ({fork.source})"
            yield Mistake(path=where, found=reason, expected=expected)


def _binding(build: DaemonBuild, chain: str) -> list[HardFork]:
    return [fork for fork in build.forks or () if fork.binds(chain)]


def _behind(fork: HardFork, chain: str, tips: Tips) -> str | None:
    """Why the fork counts as behind the chain, or None: a fork by height is one until somebody tells the height."""
    tip = tips.heights.get(chain)
    if fork.time is not None and tips.now.timestamp() >= fork.time:
        return f"the fork of time {fork.time}, which has passed"
    if fork.height is not None and tip is None:
        return f"the fork of height {fork.height}, and no --height {chain}=N that is below it"
    if fork.height is not None and tip is not None and tip >= fork.height:
        return f"the fork of height {fork.height}, and the chain at {tip}"
    return None


def _named(item: Image) -> str:
    return f"{item.name} {item.build.version}"
