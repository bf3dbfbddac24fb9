"""The objects that `fleet render` wrote in the forms of others: a chart and a kustomization for each region."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import yaml

PER_FILE = 100  # Helm refuses files of more than 5 MiB


def pieces(text: str) -> Iterator[str]:
    """The documents of a YAML stream, a hundred to a piece."""
    documents = [part for part in text.split("\n---\n") if part.strip()]
    for start in range(0, len(documents), PER_FILE):
        yield "\n---\n".join(part.strip("\n") for part in documents[start : start + PER_FILE]) + "\n"


def as_template(text: str) -> str:
    """Text that Helm's templates leave as it is."""
    return text.replace("{{", '{{ "{{" }}')


def write_chart(folder: Path, name: str, text: str) -> Path:
    """A chart whose templates are these documents."""
    (folder / "templates").mkdir(parents=True)
    (folder / "Chart.yaml").write_text(yaml.safe_dump({"apiVersion": "v2", "name": name, "version": "0.1.0"}))
    for number, piece in enumerate(pieces(text)):
        (folder / "templates" / f"objects-{number:03}.yaml").write_text(as_template(piece))
    return folder


def write_kustomization(folder: Path, text: str) -> Path:
    """A kustomization of these documents."""
    folder.mkdir(parents=True)
    names: list[str] = []
    for number, piece in enumerate(pieces(text)):
        names.append(f"objects-{number:03}.yaml")
        (folder / names[-1]).write_text(piece)
    listed = {"apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization", "resources": names}
    (folder / "kustomization.yaml").write_text(yaml.safe_dump(listed))
    return folder


def objects(files: Iterable[Path]) -> dict[tuple[str, str, str], Any]:
    """All objects of some files, by file, kind and name: what must be the same whoever wrote it."""
    found: dict[tuple[str, str, str], Any] = {}
    for path in files:
        for item in yaml.load_all(path.read_text(), Loader=yaml.CSafeLoader):
            if item:
                found[path.name, item["kind"], item["metadata"]["name"]] = item
    return found
