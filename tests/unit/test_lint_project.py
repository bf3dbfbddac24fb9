"""A copy of the project's configuration that tests may spoil, and what a lint of files says of them."""

from __future__ import annotations

import shutil
from pathlib import Path

from config.lint.finding import Finding
from config.lint.run import Report, Request, lint

PROJECT = Path(__file__).parents[2]
DATA = Path(__file__).parent / "data" / "lint"


def copy_project(folder: Path) -> Path:
    """The project's stacks, registries and releases below `folder`."""
    for path in PROJECT.glob("Pulumi*.yaml"):
        shutil.copy(path, folder)
    shutil.copy(PROJECT / "__main__.py", folder)
    for name in ("registry", "releases"):
        shutil.copytree(PROJECT / name, folder / name)
    return folder


def replace(path: Path, old: str, new: str) -> None:
    """Put `new` in place of `old`, which has to be there once at least."""
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def lint_script(folder: Path, text: str, name: str = "setup.sh", stack: str | None = None) -> list[Finding]:
    """The findings in one script of a copied project."""
    path = folder / name
    path.write_text(text)
    return checked(lint(Request(root=folder, stacks=(stack,) if stack else (), scripts=(path,))))


def checked(report: Report) -> list[Finding]:
    """The findings of a report that could read everything."""
    assert report.mistakes == []
    return report.findings


def rules(findings: list[Finding]) -> list[str]:
    """The rules that found something, each as often as it did."""
    return [finding.rule for finding in findings]
