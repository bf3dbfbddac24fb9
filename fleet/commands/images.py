"""The container images: listed, built, and pushed to a registry."""

from __future__ import annotations

import json as jsonlib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from config.images import ImageSource, buildable, load_images, needed
from config.mistakes import ConfigError, Mistake
from fleet.commands.options import Json
from fleet.images.builder import Builder, Built
from fleet.images.documents import provenance, sbom
from fleet.output import Output, table
from fleet.project import find_root

group = typer.Typer(help="The container images.\n\nExample: fleet images build", no_args_is_help=True)
Base = Annotated[str | None, typer.Option("--base", help="Debian to build on; made from packages if left out")]
Golang = Annotated[
    str | None, typer.Option("--go", help="An image with Go to build on; made of this machine's Go if left out")
]


def add_to(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.add_typer(group, name="images")


@group.command("list")
def list_images(context: typer.Context, json: Json = False) -> None:
    """Show every image, its version, and what its build needs beside registries of packages.

    Example: fleet images list
    """
    images = load_images(find_root(context.obj))
    shown = table("image", "version", "built on", "needs besides packages")
    for name, source in images.items():
        shown.add_row(name, source.version, ", ".join(source.on.values()), source.outside or "")
    data = {name: source.model_dump(mode="json", by_alias=True) for name, source in images.items()}
    Output(json=json).result(data, shown)


@group.command()
def build(
    context: typer.Context,
    names: Annotated[
        list[str] | None, typer.Argument(help="Images; those that packages suffice for if left out")
    ] = None,
    push: Annotated[
        str | None, typer.Option("--push", help="Push them there: a registry and a path, registry.example.net/notary")
    ] = None,
    base: Base = None,
    golang: Golang = None,
    json: Json = False,
) -> None:
    """Build images with buildah, those that are not built yet of just these sources.

    Example: fleet images build failover zookeeper
    """
    root = find_root(context.obj)
    output = Output(json=json)
    builder = Builder(root=root, report=output.progress, base=base, golang=golang)
    made = builder.build(needed(builder.images, _wanted(builder.images, names or [], "build")))
    there = {built.name: builder.push(built, push) for built in made} if push else {}
    shown = table("image", "compressed", "digest")
    for built in made:
        shown.add_row(built.reference, f"{built.size / 1e6:.1f} MB", there.get(built.name, built.digest))
    output.result([_told(built, there.get(built.name)) for built in made], shown)


@group.command()
def describe(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="One of `fleet images list`")],
    to: Annotated[Path, typer.Option("--to", help="A folder for the papers")] = Path(),
    pushed: Annotated[
        str | None, typer.Option("--pushed", help="As it lies in a registry, registry.example.net/notary/x@sha256:…")
    ] = None,
    json: Json = False,
) -> None:
    """Write an image's papers: what it is made of, as CycloneDX, and what it was made from, as SLSA provenance.

    Example: fleet images describe failover --to papers
    """
    output = Output(json=json)
    builder = Builder(root=find_root(context.obj), report=output.progress)
    _wanted(builder.images, [name], "describe")
    if pushed and not re.fullmatch(r".+@sha256:[0-9a-f]{64}", pushed):
        raise ConfigError([Mistake(path="--pushed", found=pushed, expected="an image by its digest, …@sha256:…")])
    image, packages = builder.describe(name, pushed)
    papers = {"cdx": sbom(image, packages), "provenance": provenance(image)}
    written: dict[str, str] = {}
    to.mkdir(parents=True, exist_ok=True)
    for kind, paper in papers.items():
        if paper:
            path = to / f"{name}.{kind}.json"
            path.write_text(jsonlib.dumps(paper, indent=2) + "\n")
            written[kind] = str(path)
    shown = table("image", "digest", "made of", "papers")
    shown.add_row(image.reference, image.digest, f"{len(packages)} packages", ", ".join(written.values()))
    found = {"reference": image.reference, "digest": image.digest, "packages": len(packages), "papers": written}
    output.result({"name": name, **found}, shown)


def _wanted(images: Mapping[str, ImageSource], names: list[str], command: str) -> list[str]:
    wrong = [
        Mistake(path=f"fleet images {command}", found=name, expected=f"one of {', '.join(images)}")
        for name in names
        if name not in images
    ]
    if wrong:
        raise ConfigError(wrong)
    return names or buildable(images)


def _told(built: Built, pushed: str | None) -> dict[str, object]:
    told = {"name": built.name, "reference": built.reference, "digest": built.digest, "bytes": built.size}
    return {**told, "new": built.new, **({"pushed": pushed} if pushed else {})}
