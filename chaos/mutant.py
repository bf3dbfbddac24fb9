"""One way in which the package under test is broken on purpose."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from chaos.layout import ROOT

PACKAGES = ("failover", "config")


@dataclass(frozen=True, kw_only=True)
class Mutant:
    """A piece of a file, which must be there once, and what stands in its place."""

    name: str
    file: str
    old: str
    new: str
    faults: tuple[str, ...]
    model: str = ""
    tests: str = ""

    def copied_to(self, folder: Path) -> Path:
        """The folder for FAILOVER_PATH: a copy with the mutant. ValueError where the code has changed."""
        for package in PACKAGES:
            ignore = shutil.ignore_patterns("__pycache__")
            shutil.copytree(ROOT / package, folder / package, ignore=ignore, dirs_exist_ok=True)
        path = folder / self.file
        text = path.read_text()
        if text.count(self.old) != 1:
            found = f"has this {text.count(self.old)} times"
            raise ValueError(f"{self.name}: {self.file} {found}, expected once: {self.old}")
        path.write_text(text.replace(self.old, self.new))
        return folder
