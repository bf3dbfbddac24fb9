"""Going from the release that a stack runs to another: looked at as a whole first, then one line of its file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from config.load import LoadedStack, load_stack
from config.mistakes import ConfigError, Mistake
from config.plan import FleetPlan, plan_fleet
from fleet.errors import Exit, FleetError
from fleet.output import Output
from fleet.releases import files
from fleet.releases.diff import builds_changed, pods_changed
from fleet.releases.evidence import shortfalls
from fleet.releases.history import Update, updates
from fleet.releases.permission import Tips, refusals
from fleet.releases.registry import Resolver, default_resolver, missing
from fleet.releases.shown import described, pods_tables
from fleet.workspace import open_stack


@dataclass(frozen=True, kw_only=True)
class Step:
    """From one plan of a stack to another, which differ in their release alone. `runs`: `before` may have left data.

    `restored`: the chains whose data was brought back.
    """

    before: FleetPlan
    after: FleetPlan
    runs: bool = True
    restored: tuple[str, ...] = ()


def history_of(root: Path, loaded: LoadedStack, output: Output) -> tuple[Update, ...]:
    """The updates of a stack, from the state that its updates use. Raises FleetError where no such state is known."""
    return updates(open_stack(root, loaded, output.progress, changes=True))


def plan_with(root: Path, stack: str, update: Update) -> FleetPlan:
    """The stack as its file says now, with the release of an update; raises ConfigError where that was edited."""
    plan = plan_fleet(load_stack(root, stack, update.source))
    digest = plan.loaded.release.digest
    if update.digest and update.digest != digest:
        expected = f"{update.digest}, which update {update.number} of {stack} ran: put that file back"
        raise ConfigError([Mistake(path=update.source, found=digest, expected=expected)])
    return plan


def require_production(loaded: LoadedStack, plan: FleetPlan, resolver: Resolver | None = None) -> None:
    """Raise ConfigError with everything for which a production stack refuses its release; others take any."""
    if loaded.stack.stage != "production":
        return
    told = list(shortfalls(loaded, plan, datetime.now(UTC)))
    # A draft's digests hold places: that nobody has them is no news.
    told += missing(plan, resolver or default_resolver()) if loaded.release.status == "released" else []
    if told:
        raise ConfigError(told)


def select(root: Path, step: Step, heights: Mapping[str, int], output: Output, dry_run: bool) -> None:
    """Show what a step does to each daemon, and make it in the stack's file if nothing is wrong with it.

    Raises ConfigError with every reason against it; then nothing is written.
    """
    loaded, release = step.after.loaded, step.after.loaded.release
    changed = pods_changed(step.before, step.after)
    old = step.before.loaded.release
    data: dict[str, Any] = {"stack": loaded.name, "release": loaded.stack.release}
    data |= described(old, release, builds_changed(old, release), changed)
    if not output.json:
        output.result(None, f"{loaded.name}: release {old.version} -> {release.version}", "", *pods_tables(changed), "")
    told = refusals(step.before, step.after, Tips(now=datetime.now(UTC), heights=heights, restored=step.restored))
    if told and step.runs:
        raise ConfigError(told)
    if not dry_run:
        files.select(root, loaded.name, loaded.stack.release)
    done = f"{loaded.stack.release} is selected in Pulumi.{loaded.name}.yaml"
    last = (
        f"`--dry-run`: {done.replace('is', 'would be', 1)}"
        if dry_run
        else f"{done}; now: fleet up --stack {loaded.name}"
    )
    output.result({**data, "selected": not dry_run}, last)


def by_chain(given: Sequence[str] | None, option: str) -> dict[str, int]:
    """The numbers of an option CHAIN=N that may come often; raises ConfigError with each that is no such pair."""
    pairs = [(text, *text.partition("=")[::2]) for text in given or ()]
    wrong = [text for text, chain, number in pairs if not (chain and number.isdecimal() and len(number) < 12)]
    if wrong:
        expected = "a chain and a whole number, such as KMD=4771595"
        raise ConfigError(Mistake(path=option, found=text, expected=expected) for text in wrong)
    return {chain: int(number) for _, chain, number in pairs}


def different(source: str, plan: FleetPlan) -> None:
    """Raise FleetError where a stack's file selects a release already."""
    if plan.loaded.stack.release == source:
        raise FleetError(f"{plan.loaded.name} selects {source} already; nothing to do", Exit.BAD_INPUT)
