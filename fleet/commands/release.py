"""Releases: made, shown, compared, and given the evidence of a stack that ran them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, cast

import typer
from pydantic import ValidationError

from config.explain import mistakes_of
from config.load import load_release, load_stack
from config.mistakes import ConfigError, Mistake
from config.plan import plan_fleet
from config.reader import read_yaml
from config.release import Release
from fleet.commands.options import Json, StackName
from fleet.output import Output, table
from fleet.project import find_root
from fleet.releases import files, shown
from fleet.releases.diff import builds_changed, pods_changed
from fleet.releases.evidence import gathered, shortfalls, ungatherable
from fleet.releases.history import latest, updates
from fleet.releases.registry import default_resolver, problems
from fleet.releases.selecting import by_chain
from fleet.workspace import open_stack

group = typer.Typer(
    help="Releases: every image by digest.\n\nExample: fleet release show 2026.11", no_args_is_help=True
)
Version = Annotated[str, typer.Argument(help="A version, or the file of a release")]
Stack = Annotated[str | None, typer.Option("--stack", "-s", help="Tell it for this stack's daemons and signers")]


def add_to(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.add_typer(group, name="release")


@group.command()
def new(
    context: typer.Context,
    version: Annotated[str, typer.Argument(help="The version of the new release")],
    after: Annotated[str, typer.Option("--after", help="The release that it is made from")],
    changes: Annotated[
        Path | None, typer.Option("--changes", help="A file with the builds that differ, written as in a release")
    ] = None,
    draft: Annotated[bool, typer.Option("--draft", help="Its images are not published yet: ask no registry")] = False,
    json: Json = False,
) -> None:
    """Write a new release; its registry must have every image, unless it is a draft.

    Example: fleet release new 2026.12 --after 2026.11 --changes komodod.yaml
    """
    root = find_root(context.obj)
    source = files.source_of(version)
    earlier = load_release(root, files.source_of(after))
    given: Mapping[str, object] = read_yaml(changes, str(changes)) if changes else {}
    made = _changed(earlier, given, version, draft, str(changes))
    if not draft:
        told = problems((build.image for build in made.builds.values()), default_resolver())
        unpublished = [
            Mistake(path=f"{source} {path}.image", found=told[build.image], expected=f"{build.image}, or --draft")
            for path, build in made.builds.items()
            if build.image in told
        ]
        if unpublished:
            raise ConfigError(unpublished)
    files.write_release(root, source, made)
    Output(json=json).result({"file": source, "digest": made.digest}, f"{source}: {made.digest}")


def _changed(earlier: Release, given: Mapping[str, object], version: str, draft: bool, source: str) -> Release:
    """The earlier release with other builds. What is said of a build's data, forks and tests goes with the build."""
    old = earlier.model_dump(mode="json", by_alias=True, exclude_none=True, exclude={"evidence", "date"})
    fixed = {"version", "status", "date", "evidence"}
    wrong = [
        Mistake(path=source, found=f"the key {key}", expected="builds, chains and untested alone")
        for key in sorted(fixed & set(given))
    ]
    if wrong:
        raise ConfigError(wrong)
    merged: dict[str, Any] = {**old, **given}
    for key in ("signers", "masters", "daemons", "chains"):
        more = given.get(key, {})
        merged[key] = {**old.get(key, {}), **cast("dict[str, Any]", more)} if isinstance(more, dict) else more
    merged |= {"version": version, "status": "draft" if draft else "released"}
    merged |= {} if draft else {"date": datetime.now(UTC).date().isoformat()}
    order = ["version", "status", "date", *(key for key in merged if key not in ("version", "status", "date"))]
    try:
        return Release.model_validate({key: merged[key] for key in order if key in merged})
    except ValidationError as error:
        raise ConfigError(mistakes_of(error, Release, f"{source} ")) from None


@group.command()
def show(context: typer.Context, release: Version, stack: Stack = None, json: Json = False) -> None:
    """Show a release's builds and evidence; with --stack, what production would still want of it.

    Example: fleet release show 2026.11 --stack mainnet
    """
    root = find_root(context.obj)
    source = files.source_of(release)
    found = load_release(root, source)
    wanting: list[Mistake] = []
    if stack:
        loaded = load_stack(root, stack, source)
        wanting = sorted(shortfalls(loaded, plan_fleet(loaded), datetime.now(UTC)))
    builds = table("build", "version", "image", "source")
    for path, build in found.builds.items():
        builds.add_row(path, build.version, build.image, build.source or "not said")
    evidence = table("stack", "since", "until", "notarised", "signature")
    for item in found.evidence:
        counted = ", ".join(f"{chain} {number}" for chain, number in item.notarised.items())
        evidence.add_row(item.stack, item.since, item.until, counted or "nothing", item.signature)
    data = found.model_dump(mode="json", by_alias=True) | {"digest": found.digest}
    data |= {"wanting": [str(item) for item in wanting]} if stack else {}
    head = f"{found.version}, {found.status}, {found.digest}"
    last = [evidence if found.evidence else "no evidence of a stack that ran it", *map(str, wanting)]
    Output(json=json).result(data, head, "", builds, "", *last)


@group.command()
def diff(
    context: typer.Context,
    before: Version,
    after: Version,
    stack: Stack = None,
    json: Json = False,
) -> None:
    """Tell what one release changes after another: builds, and with --stack its daemons by chain and its signers.

    Example: fleet release diff 2026.11 2026.12 --stack mainnet
    """
    root = find_root(context.obj)
    sources = files.source_of(before), files.source_of(after)
    old, new = (load_release(root, source) for source in sources)
    builds = builds_changed(old, new)
    told: list[Any] = [f"release {old.version} -> {new.version}", "", *shown.builds_table(builds)]
    pods = ()
    if stack:
        plans = [plan_fleet(load_stack(root, stack, source)) for source in sources]
        pods = pods_changed(plans[0], plans[1])
        told += ["", f"{stack}:", "", *shown.pods_tables(pods)]
    Output(json=json).result(shown.described(old, new, builds, pods), *told)


@group.command()
def evidence(
    context: typer.Context,
    stack: StackName,
    notarised: Annotated[
        list[str] | None, typer.Option("--notarised", help="CHAIN=N: notarisations that you counted on this stack")
    ] = None,
    json: Json = False,
) -> None:
    """Write down which stack ran its release, since when, by which updates. Nobody signs it: review vouches for it.

    Example: fleet release evidence --stack testnet --notarised DOC=288 --notarised MARTY=281
    """
    output = Output(json=json)
    root = find_root(context.obj)
    counted = by_chain(notarised, "--notarised")
    workspace = open_stack(root, load_stack(root, stack), output.progress, changes=True)
    found = updates(workspace)
    source = latest(found, stack).source
    plan = plan_fleet(load_stack(root, stack, source))
    told = list(ungatherable(plan, found, counted))
    if told:
        raise ConfigError(told)
    state = workspace.stack.export_stack().deployment or {}
    made = gathered(plan, found, state, counted, datetime.now(UTC))
    files.add_evidence(root, source, made)
    numbers = ", ".join(map(str, made.updates))
    head = f"{source}: {stack} ran it since {made.since}, until {made.until}, by update {numbers}; not signed"
    simulated = (
        "; a sandbox's daemons are simulated, and production takes none of it" if made.stage == "sandbox" else ""
    )
    output.result({"file": source, **made.model_dump(mode="json", by_alias=True)}, head + simulated)
