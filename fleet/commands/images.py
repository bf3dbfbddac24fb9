"""The container images: listed, built, and pushed to a registry."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

import typer

from config.images import ImageSource, load_images, needed
from config.mistakes import ConfigError, Mistake
from fleet.commands.options import Json
from fleet.images.builder import Builder, Built
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
    made = builder.build(needed(builder.images, _wanted(builder.images, names or [])))
    there = {built.name: builder.push(built, push) for built in made} if push else {}
    shown = table("image", "compressed", "digest")
    for built in made:
        shown.add_row(built.reference, f"{built.size / 1e6:.1f} MB", there.get(built.name, built.digest))
    output.result([_told(built, there.get(built.name)) for built in made], shown)


def _wanted(images: Mapping[str, ImageSource], names: list[str]) -> list[str]:
    wrong = [
        Mistake(path="fleet images build", found=name, expected=f"one of {', '.join(images)}")
        for name in names
        if name not in images
    ]
    if wrong:
        raise ConfigError(wrong)
    return names or [name for name, source in images.items() if not source.outside]


def _told(built: Built, pushed: str | None) -> dict[str, object]:
    told = {"name": built.name, "reference": built.reference, "digest": built.digest, "bytes": built.size}
    return {**told, "new": built.new, **({"pushed": pushed} if pushed else {})}
