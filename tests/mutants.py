"""Positive controls: the code broken on purpose, and the tests that must notice."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.recording import ROOT

PARTS = (
    "doubles",
    "config",
    "components",
    "drills",
    "failover",
    "fleet",
    "keeper",
    "sandbox",
    "registry",
    "releases",
    "tests",
    "pyproject.toml",
    "__main__.py",
)


@dataclass(frozen=True, kw_only=True)
class Mutant:
    """A line of `file` that becomes another one, and the tests that keep the promise which that line keeps."""

    promise: str
    file: str
    line: str
    broken: str
    tests: str

    def caught_in(self, folder: Path) -> bool:
        """Whether the tests fail in a copy of the project with the line broken."""
        for name in (*PARTS, *(path.name for path in ROOT.glob("Pulumi*.yaml"))):
            copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
            copy(ROOT / name, folder / name)
        path = folder / self.file
        text = path.read_text()
        assert text.count(self.line) == 1, f"{self.file} has no such line: {self.line}"
        path.write_text(text.replace(self.line, self.broken))
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *self.tests.split()],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(folder)},
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )
        assert done.returncode in (0, 1), done.stdout[-2000:] + done.stderr[-2000:]
        return done.returncode == 1 and " failed" in done.stdout
