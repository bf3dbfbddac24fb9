"""The files of releases and stacks, changed at once or not at all, with their comments kept."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from config.load import PROJECT, load_release, split_document, stack_file
from config.mistakes import ConfigError, Mistake, shown
from config.reader import parse_yaml, read_text
from config.release import Evidence, Release
from config.types import relative_path
from fleet.errors import Exit, FleetError

FOLDER = "releases"
_SELECTION = re.compile(rf"^(\s*)(['\"]?){PROJECT}:release\2:[^\S\n]+(?:'[^'\n]*'|\"[^\"\n]*\"|[^\s#]+)", re.MULTILINE)


def source_of(release: str) -> str:
    """The file of a release that a person named: by version, or by its path."""
    source = release if release.endswith(".yaml") else f"{FOLDER}/{release}.yaml"
    inside = not {"..", "."} & set(Path(source).parts)
    try:
        return relative_path(source) if inside else relative_path("")
    except ValueError:
        expected = "a version such as 2026.11, or its file below the project"
        raise ConfigError([Mistake(path="the release", found=shown(release), expected=expected)]) from None


def select(root: Path, stack: str, source: str) -> None:
    """Have a stack's file name another release; raises ConfigError where that one line can't be found."""
    path = stack_file(root, stack)
    text = read_text(path, path.name)
    changed, count = _SELECTION.subn(rf"\g<1>\g<2>{PROJECT}:release\g<2>: {source}", text)
    before, after = (_values(part, path.name) for part in (text, changed))
    if count != 1 or after != {**before, "release": source}:
        expected = f"one line `{PROJECT}:release: {source}`, which you write"
        raise ConfigError([Mistake(path=path.name, found=f"{count} lines that select a release", expected=expected)])
    replace(path, changed)


def add_evidence(root: Path, source: str, evidence: Evidence) -> None:
    """Write evidence behind all others of a release; raises ConfigError where it would say something else."""
    release = load_release(root, source)
    path = root / source
    text = read_text(path, source).rstrip("\n") + "\n"
    item = yaml.safe_dump([_plain(evidence)], sort_keys=False, default_flow_style=None, width=118)
    item = "".join(f"  {line}\n" for line in item.splitlines())
    changed = text + ("" if release.evidence else "evidence:\n") + item
    wanted = release.model_copy(update={"evidence": (*release.evidence, evidence)})
    try:
        good = Release.model_validate(parse_yaml(changed, source)) == wanted
    except (ConfigError, ValueError):
        good = False
    if not good:
        expected = "`evidence` as the last key, a list indented by two spaces"
        raise ConfigError([Mistake(path=source, found="no place for evidence at its end", expected=expected)])
    replace(path, changed)


def write_release(root: Path, source: str, release: Release) -> None:
    """Write a release's first file. One that is there stays as it is: raises FleetError."""
    path = root / source
    if path.exists():
        raise FleetError(f"{source} is there already; a release is never written twice", Exit.BAD_INPUT)
    path.parent.mkdir(exist_ok=True)
    replace(path, yaml.safe_dump(_plain(release), sort_keys=False, default_flow_style=False, width=118))


def replace(path: Path, text: str) -> None:
    """Put a text in a file's place at once: a reader sees the old file or the new one, whatever is cut off."""
    mode = path.stat().st_mode & 0o777 if path.exists() else 0o644
    try:
        with tempfile.NamedTemporaryFile("w", dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
            try:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
                Path(file.name).chmod(mode)
                Path(file.name).replace(path)
            except BaseException:
                Path(file.name).unlink(missing_ok=True)
                raise
    except OSError as error:
        raise FleetError(f"{path.name} can't be written: {error.strerror}", Exit.BAD_INPUT) from None


def _values(text: str, source: str) -> Mapping[str, object]:
    values, _, _ = split_document(parse_yaml(text, source), source)
    return values


def _plain(model: Evidence | Release) -> dict[str, Any]:
    """What YAML holds of a model: no key that says nothing."""
    data = model.model_dump(mode="json", by_alias=True, exclude_none=True)
    return {key: value for key, value in data.items() if value not in ([], {})}
