"""Calls of buildah, with storage of our own below the cache."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fleet.errors import Exit, FleetError
from sandbox.toolchain import Report, run_with_progress


@dataclass(frozen=True, kw_only=True)
class Buildah:
    """`storage` is where images lie: as plain folders, which needs nothing of the machine. `root` is the repository."""

    root: Path
    storage: Path
    report: Report

    def config(self, reference: str) -> Mapping[str, Any]:
        """How containers of an image are run, as OCI writes it; nothing of one that is not here."""
        answer = self._ask("inspect", "--type", "image", reference)
        return json.loads(answer)["OCIv1"]["config"] if answer else {}

    def labels(self, reference: str) -> Mapping[str, str]:
        """The labels of an image; none of one that is not here."""
        return self.config(reference).get("Labels") or {}

    @contextmanager
    def unpacked(self, reference: str) -> Generator[Path]:
        """An image's files, in a folder that lasts as long as the context."""
        container = self.ask("from", "--pull-never", reference)
        try:
            yield Path(self.ask("mount", container))
        finally:
            self.ask("rm", container)

    def run(self, words: Sequence[str], what: str) -> None:
        """A long call of buildah, with progress. Raises FleetError with the end of what it said."""
        with tempfile.TemporaryFile("w+") as log:
            code = run_with_progress(self._words(words), self.root, log.fileno(), what, self.report)
            if code != 0:
                log.seek(0)
                last = " / ".join(line for line in log.read().strip().splitlines()[-4:] if line)
                raise FleetError(f"{what} failed: {last}")

    def ask(self, *words: str) -> str:
        """A short call of buildah: what it says. Raises FleetError."""
        answer = self._ask(*words)
        if answer is None:
            raise FleetError(f"buildah {words[0]} failed")
        return answer.strip()

    def _ask(self, *words: str) -> str | None:
        told = subprocess.run(self._words(words), capture_output=True, text=True, check=False)
        return told.stdout if told.returncode == 0 else None

    def _words(self, words: Sequence[str]) -> list[str]:
        places = ["--root", str(self.storage / "images"), "--runroot", str(self.storage / "run")]
        return ["buildah", *places, "--storage-driver", "vfs", *words]


def unavailable(makes_base: bool = True) -> str | None:
    """Why no image can be built here, with the remedy; None if it can."""
    wanted = ("buildah", *(("mmdebstrap",) if makes_base else ()))
    missing = [name for name in wanted if not shutil.which(name)]
    if missing:
        return f"there is no {' and no '.join(missing)} on PATH; install Debian's packages of these names"
    return None if os.geteuid() == 0 else "building images needs root; run it as root"


def require(makes_base: bool) -> None:
    """Raises FleetError where no image can be built."""
    if reason := unavailable(makes_base):
        raise FleetError(reason, Exit.MISSING)
