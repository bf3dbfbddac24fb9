"""Stand-ins for resource plugins that this machine can't get. They serve the sandbox and previews, nothing else."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent.parent
NAMES = ("aws", "kubernetes", "tls")


def install(directory: Path) -> None:
    """Write the stand-ins' launchers into a folder that is to be the first of PATH."""
    directory.mkdir(parents=True, exist_ok=True)
    for name in NAMES:
        launcher = directory / f"pulumi-resource-{name}"
        command = f"exec {shlex.quote(sys.executable)} -m sandbox.plugins.{name}"
        text = f'#!/bin/sh\nPYTHONPATH={shlex.quote(str(PROJECT))} {command} "$@"\n'
        if not launcher.exists() or launcher.read_text() != text:
            launcher.write_text(text)
            launcher.chmod(0o755)
