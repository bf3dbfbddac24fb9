"""Where versions are written down: releases, version files, compose files, Dockerfiles, READMEs, scripts, lists."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import cast

from config.chains import Chain
from config.each import at, each, texts
from config.lint.coinlist import Listed
from config.lint.pins import Pin, pin, subject_of
from config.lint.script import Script
from config.load import LoadedStack

_FROM = re.compile(r"^FROM[ \t]+(?:--\S+[ \t]+)?(?P<image>\S+)", re.IGNORECASE)
_IMAGE = re.compile(r"(?:.*/)?(?P<name>[^/:@]+)(?::(?P<tag>[^@/]+))?(?:@.*)?")
_CLONE = re.compile(r"\bgit[ \t]+clone\b(?P<rest>[^;&|]*)")
_BRANCH = re.compile(r"(?:-b|--branch)[= \t]+(?P<version>[^\s\"'$]+)")
_REPOSITORY = re.compile(r"[\w.-]+/(?P<name>[\w-]+?)(?:\.git)?[\"']?(?=\s|$)")
_VARIABLE = re.compile(
    r"\b(?P<name>[A-Z][A-Z0-9]*)_(?:VERSION|COMMIT|COMMIT_HASH|TAG)[ \t]*[=:][ \t]*(?P<version>[^\s$]+)"
)
_COMMIT_ARGUMENT = re.compile(r"(?P<name>COMMIT_HASH|COMMIT|VERSION|TAG)=(?P<version>[^\s$]+)")
_CELL = re.compile(r"^\[(?P<version>[^\]]+)\]\([^)]*\)$|^`?(?P<plain>v?[0-9][^\s`]*|[0-9a-f]{7,40})`?$")


def release_pins(loaded: LoadedStack) -> Iterator[Pin]:
    """The pins of a stack's release: of each build and its image's tag, and of each chain by its build."""
    release, source = loaded.release, loaded.stack.release
    builds = {f"daemons.{name}": (name, build) for name, build in release.daemons.items()}
    # A checkpoint master's build is that of the daemon that it starts.
    builds |= {f"masters.{name}": (name, build) for name, build in release.masters.items()}
    builds |= {f"signers.{kind}": (kind, build) for kind, build in release.signers.items()}
    for key, (name, build) in builds.items():
        subject = subject_of(name) or name
        yield from pin(f"{source} {key}.version", subject, build.version)
        tag = _IMAGE.fullmatch(build.image)
        yield from pin(f"{source} {key}.image", subject, (tag and tag["tag"]) or "")
    for chain in loaded.chains.values():
        name = release.daemon_for(chain.key, chain.build)
        if name in release.daemons and not subject_of(chain.key):
            yield from pin(f"{source} daemons.{name}.version", chain.key, release.daemons[name].version)


def coin_pins(coins: Iterable[Listed], chains: Mapping[str, Chain]) -> Iterator[Pin]:
    """The commits that `addcoin` bodies give (KomodoPlatform/dPoW `iguana/3p_coins.json`)."""
    for coin in coins:
        subject = subject_of(coin.name) or (coin.name if coin.name in chains else None)
        if coin.commit and subject:
            yield from pin(f"{coin.place}.git.commit ({coin.name})", subject, coin.commit)


def script_pins(script: Script, chains: Collection[str]) -> Iterator[Pin]:
    """The pins of a file, whatever it is."""
    if script.compose is not None:
        yield from _compose(script, chains)
    elif script.text.lstrip().startswith("{"):
        yield from _versions(script, chains)
    else:
        for place, line in script.lines():
            yield from _line(place, line, chains)


def _subject(name: str, chains: Collection[str]) -> str | None:
    return subject_of(name) or (name.upper() if name.upper() in chains else None)


def _versions(script: Script, chains: Collection[str]) -> Iterator[Pin]:
    """A file such as KomodoPlatform/dPoW `doc/daemon_versions.json`: a version by chain."""
    try:
        values = cast("object", json.loads(script.text))
    except ValueError:
        return
    for (name,), version in each(values, "*"):
        if isinstance(version, str) and (subject := _subject(name, chains)):
            yield from pin(f"{script.source} {name}", subject, version)


def _compose(script: Script, chains: Collection[str]) -> Iterator[Pin]:
    for (_, service), values in each(script.compose, "services", "*"):
        place = f"{script.source} services.{service}"
        image = at(values, "image")
        if isinstance(image, str):
            yield from _image_pin(f"{place}.image", image, chains)
        arguments = at(values, "build", "args")
        named = [f"{key}={value}" for (key,), value in each(at(values, "build", "args"), "*")]
        for text in [*named, *texts(arguments)]:
            found = _COMMIT_ARGUMENT.fullmatch(text)
            if found and (subject := _subject(service, chains)):
                yield from pin(f"{place}.build.args.{found['name']}", subject, found["version"])


def _image_pin(place: str, image: str, chains: Collection[str]) -> Iterator[Pin]:
    match = _IMAGE.fullmatch(image)
    if match and match["tag"] and (subject := _subject(match["name"], chains)):
        yield from pin(place, subject, match["tag"])


def _line(place: str, line: str, chains: Collection[str]) -> Iterator[Pin]:
    if match := _FROM.match(line):
        yield from _image_pin(place, match["image"], chains)
    if line.lstrip().startswith("|"):
        yield from _row(place, [cell.strip() for cell in line.strip().strip("|").split("|")], chains)
    for match in _CLONE.finditer(line):
        branch, repository = _BRANCH.search(match["rest"]), _REPOSITORY.search(match["rest"])
        if branch and repository and (subject := _subject(Path(repository["name"]).name, chains)):
            yield from pin(place, subject, branch["version"])
    for match in _VARIABLE.finditer(line):
        if subject := _subject(match["name"], chains):
            yield from pin(place, subject, match["version"])


def _row(place: str, cells: list[str], chains: Collection[str]) -> Iterator[Pin]:
    """A table's row in a README: the chain, then somewhere its version, alone or as a link."""
    subject = _subject(cells[0].strip("`*"), chains)
    for cell in cells[1:] if subject else ():
        match = _CELL.fullmatch(cell)
        found = list(pin(place, subject or "", (match["version"] or match["plain"]) if match else ""))
        if found:
            yield found[0]
            return
