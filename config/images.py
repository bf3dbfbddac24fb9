"""The images that can be built: `images/images.yaml`, beside their Dockerfiles."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from pydantic import Field, ValidationError

from config.explain import mistakes_of
from config.mistakes import ConfigError, Mistake
from config.reader import read_yaml
from config.types import Model, ObjectName, Version

SOURCE = "images/images.yaml"


class ImageSource(Model):
    """What one image is built from."""

    version: Version
    license: str = Field(pattern=r"^[A-Za-z0-9.+-]+$", description="Of the program, by its SPDX name")
    folder: ObjectName | None = Field(default=None, description="Below images/; the image's own name if left out")
    arguments: Mapping[str, str] = Field(default={}, description="Build arguments of its Dockerfile")
    on: Mapping[str, ObjectName] = Field(default={}, description="Build arguments that are other images of this list")
    outside: str | None = Field(default=None, description="What the build needs beside registries of packages")


class Images(Model):
    """All of them by name, each after those that it is built on."""

    images: Mapping[ObjectName, ImageSource]


def load_images(root: Path) -> Mapping[str, ImageSource]:
    """Every image by its name, each after those that it is built on. Raises ConfigError with every mistake."""
    try:
        found = Images.model_validate(read_yaml(root / SOURCE, SOURCE)).images
    except ValidationError as error:
        raise ConfigError(mistakes_of(error, Images, SOURCE)) from None
    if wrong := [*_mistakes(root, found)]:
        raise ConfigError(wrong)
    return found


def dockerfile(name: str, source: ImageSource) -> str:
    """Its path in the repository."""
    return f"images/{source.folder or name}/Dockerfile"


def buildable(images: Mapping[str, ImageSource]) -> list[str]:
    """Those that registries of packages suffice for."""
    return [name for name, source in images.items() if not source.outside]


def needed(images: Mapping[str, ImageSource], wanted: Iterable[str]) -> list[str]:
    """The wanted images and those that they are built on, in the order in which they can be built."""
    chosen: set[str] = set()
    left = [*wanted]
    while left:
        name = left.pop()
        chosen.add(name)
        left += images[name].on.values()
    return [name for name in images if name in chosen]


def _mistakes(root: Path, images: Mapping[str, ImageSource]) -> Iterator[Mistake]:
    earlier: set[str] = set()
    for name, source in images.items():
        file = dockerfile(name, source)
        if not (root / file).is_file():
            yield Mistake(
                path=f"{SOURCE}: {name}", found=f"no {file}", expected="a folder of images/ with a Dockerfile"
            )
        for argument, other in source.on.items():
            if other not in earlier:
                path = f"{SOURCE}: {name}.on.{argument}"
                yield Mistake(path=path, found=other, expected="an image that stands before it in this file")
        earlier.add(name)
