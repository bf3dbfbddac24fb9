"""The image of this project's own programs here: this very interpreter with its packages, and the project's sources."""

from __future__ import annotations

import sys
from pathlib import Path

from sandbox.pods.image import PATH, Image, machine_image

PROJECT = Path(__file__).resolve().parent.parent.parent
SOURCES = "/app"


def python_image() -> Image:
    """`python3 -m <package of the project>` runs in it."""
    prefixes = {str(Path(path).resolve()) for path in (sys.prefix, sys.base_prefix)}
    elsewhere = {path: path for path in prefixes if not Path(path).is_relative_to("/usr")}
    sources = {f"{SOURCES}/{package}": str(PROJECT / package) for package in ("config", "keeper")}
    return machine_image({**elsewhere, **sources}, {"PATH": f"{sys.prefix}/bin:{PATH}", "PYTHONPATH": SOURCES})
