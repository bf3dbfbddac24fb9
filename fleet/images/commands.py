"""One image's build as a command line, and the name of all that goes into it. Nothing is run or written."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path

from config.images import ImageSource, dockerfile

INPUTS = "dev.notary-fleet.inputs"  # the label that names all that went into a build
PREFIX = "localhost/notary"


def local_name(name: str, source: ImageSource) -> str:
    """What a build is called on the machine that made it."""
    return f"{PREFIX}/{name}:{source.version}"


def inputs_of(root: Path, name: str, source: ImageSource, bases: Mapping[str, str]) -> str:
    """Names all that goes into a build, 16 hex digits: Dockerfile, what that copies, license, arguments, bases."""
    file = root / dockerfile(name, source)
    lines = file.read_text()
    seen = hashlib.sha256(
        json.dumps([lines, source.license, dict(source.arguments), dict(source.on), dict(bases)]).encode()
    )
    for path in _copied(root, lines):
        seen.update(f"{path.relative_to(root)}\0{hashlib.sha256(path.read_bytes()).hexdigest()}".encode())
    return seen.hexdigest()[:16]


def _copied(root: Path, lines: str) -> Iterator[Path]:
    """Every file of the repository that a Dockerfile names in COPY."""
    for line in lines.splitlines():
        words = [word for word in line.split() if not word.startswith("--")]
        if words[:1] != ["COPY"] or "--from=" in line:
            continue
        for word in words[1:-1]:
            place = root / word
            found = sorted(place.rglob("*")) if place.is_dir() else [place]
            yield from (path for path in found if path.is_file() and "__pycache__" not in path.parts)


def build(
    name: str, source: ImageSource, *, bases: Mapping[str, str], on: Mapping[str, str], inputs: str, revision: str
) -> list[str]:
    """The build of one image from the repository's root. `on` has the images that it is built on, by argument."""
    arguments = {**source.arguments, **bases, **on}
    labels = {
        "org.opencontainers.image.title": name,
        "org.opencontainers.image.version": source.version,
        "org.opencontainers.image.revision": revision,
        "org.opencontainers.image.licenses": source.license,
        INPUTS: inputs,
    }
    return [
        *("build", "--isolation", "chroot", "--format", "oci", "--layers=false", "--timestamp", "0"),
        *(word for key, value in sorted(arguments.items()) for word in ("--build-arg", f"{key}={value}")),
        *(word for key, value in labels.items() for word in ("--label", f"{key}={value}")),
        *("--file", dockerfile(name, source), "--tag", local_name(name, source), "."),
    ]
