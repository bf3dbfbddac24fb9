"""The project's folder, and its program."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from functools import partial
from pathlib import Path

from fleet.errors import Exit, FleetError


def find_root(start: Path) -> Path:
    """The nearest folder, from `start` upwards, that holds the project."""
    for folder in (start.resolve(), *start.resolve().parents):
        if (folder / "Pulumi.yaml").is_file() and (folder / "__main__.py").is_file():
            return folder
    raise FleetError(f"no project in {start} or above: a folder with Pulumi.yaml and __main__.py", Exit.BAD_INPUT)


def program_of(root: Path) -> Callable[[], None]:
    """The project's own program, the same that a bare `pulumi up` runs."""
    spec = importlib.util.spec_from_file_location("notary_program", root / "__main__.py")
    if spec is None or spec.loader is None:
        raise FleetError(f"{root / '__main__.py'} can't be loaded", Exit.MISSING)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return partial(module.program, root)
