"""What shows that a release was tested: made from a stack's history, and judged for a production stack. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from config.load import LoadedStack
from config.mistakes import Mistake
from config.plan import FleetPlan
from config.release import Evidence, Release, moment, written
from fleet.impact.workload import containers
from fleet.releases.diff import pods
from fleet.releases.history import Update, run_of_latest
from fleet.state import Deployment, resources

# A day holds 24 turns of every hourly fault, and 288 rounds of dPoW at most (300 s; KomodoPlatform/dPoW 2f846c0).
LEAST = timedelta(hours=24)


def gathered(
    plan: FleetPlan, found: Sequence[Update], deployment: Deployment, notarised: Mapping[str, int], now: datetime
) -> Evidence:
    """What a stack's history and state tell of the release that it runs. Ask `ungatherable` first.

    The builds are those of the state: its file may name chains that no update has brought up yet.
    """
    run, running = run_of_latest(found), images_of(deployment)
    since = next(item.ended for item in run if item.succeeded)
    return Evidence(
        stack=plan.loaded.name,
        stage=plan.loaded.stack.stage,
        release=plan.loaded.release.digest,
        updates=tuple(item.number for item in run),
        since=written(since),
        until=written(now),
        builds=tuple(path for path, build in plan.loaded.release.builds.items() if build.image in running),
        notarised=dict(notarised),
    )


def images_of(deployment: Deployment) -> set[str]:
    """The images of every set and Job of a state."""
    parts = (part for item in resources(deployment) for part in containers(item.get("inputs") or {}).values())
    return {image for part in parts if isinstance(image := part.get("image"), str)}


def ungatherable(plan: FleetPlan, found: Sequence[Update], notarised: Mapping[str, int]) -> Iterator[Mistake]:
    """Why the history of a stack tells nothing of its release as it is now."""
    where, last, release = f"stack {plan.loaded.name}", found[-1], plan.loaded.release
    if not last.succeeded:
        expected = f"one that succeeds: `fleet up --stack {plan.loaded.name}`"
        yield Mistake(path=where, found=f"update {last.number} that failed", expected=expected)
    if not last.digest:
        expected = "one by `fleet up`, which keeps the release's digest with it"
        yield Mistake(path=where, found=f"update {last.number} of no known release", expected=expected)
    elif last.digest != release.digest:
        expected = f"{last.digest}, which update {last.number} ran: a release is not edited once it ran"
        yield Mistake(path=last.source, found=release.digest, expected=expected)
    known = {daemon.chain.key for region in plan.regions.values() for daemon in region.daemons}
    for chain in sorted(set(notarised) - known):
        yield Mistake(path="--notarised", found=chain, expected=f"a chain of the stack: {', '.join(sorted(known))}")


def used(plan: FleetPlan) -> set[str]:
    """The builds that a plan's pods run, by their paths in the release."""
    return {image.path for pod in pods(plan) for image in pod.images.values()}


def shortfalls(loaded: LoadedStack, plan: FleetPlan, now: datetime) -> Iterator[Mistake]:
    """Everything for which a production stack refuses its release."""
    release, source = loaded.release, loaded.stack.release
    if release.status != "released":
        expected = "status: released, once its images are published"
        yield Mistake(path=f"{source} status", found=release.status, expected=expected)
    if release.date is None:
        yield Mistake(path=f"{source} date", found="nothing", expected="the day of the release, such as 2026-11-21")
    needed = used(plan)
    for path, build in release.builds.items():
        if path in needed and build.source is None:
            expected = "what it was built from: repository and commit or tag"
            yield Mistake(path=f"{source} {path}.source", found="nothing", expected=expected)
        if path in needed and ":" in build.image.partition("@")[0].rpartition("/")[2]:
            expected = "no tag: name@sha256:<64 hex> alone says what runs"
            yield Mistake(path=f"{source} {path}.image", found=build.image.partition("@")[0], expected=expected)
    yield from _untested(release, source, needed, now, any(duty == "iguana" for duty in _kinds(plan)))


def _untested(release: Release, source: str, needed: set[str], now: datetime, notarises: bool) -> Iterator[Mistake]:
    good: list[Evidence] = []
    for number, item in enumerate(release.evidence):
        told = [*_weak(item, release, now, notarises)]
        good += [] if told else [item]
        yield from (Mistake(path=f"{source} evidence.{number}", found=found, expected=what) for found, what in told)
    if not release.evidence:
        expected = "a test stack's, which ran it for a day: `fleet release evidence --stack testnet`"
        yield Mistake(path=f"{source} evidence", found="nothing", expected=expected)
        return
    ran = {path for item in good for path in item.builds}
    for path in sorted(needed - ran - set(release.untested)) if good else ():
        expected = f"a test stack that runs it, or its reason under `untested: {{{path}: ...}}`"
        yield Mistake(path=f"{source} evidence", found=f"no stack that ran {path}", expected=expected)


def _weak(item: Evidence, release: Release, now: datetime, notarises: bool) -> Iterator[tuple[str, str]]:
    """Why one piece of evidence is not enough: what was found, and what would do."""
    since, until = moment(item.since), moment(item.until)
    if item.stage != "test":
        yield f"the {item.stage} stack {item.stack}", "a test stack"
    if item.release != release.digest:
        yield f"evidence of {item.release}", f"of {release.digest}, which is this release"
    if until - since < LEAST:
        yield f"{(until - since) / timedelta(hours=1):.1f} h", f"{LEAST / timedelta(hours=1):.0f} h at least"
    if until > now:
        yield f"until {item.until}", "a time that has passed"
    if notarises and not any(item.notarised.values()):
        yield "no chain that notarised", "one at least: `--notarised CHAIN=N`, as counted on the test stack"


def _kinds(plan: FleetPlan) -> set[str]:
    return {duty.kind for region in plan.regions.values() for duty in region.duties}
