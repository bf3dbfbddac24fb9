"""Many seeds of one command, each with its result in a file, so that a campaign may be cut off and gone on with."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any


def collect(
    seeds: Iterable[int], folder: Path, command: Callable[[int], list[str]], at_once: int = 1
) -> dict[int, Any]:
    """What the command says as JSON for each seed; it is not run where `folder` has the seed's file already.

    Raises ValueError where a command says nothing: it crashed and has said why.
    """
    folder.mkdir(parents=True, exist_ok=True)

    def work(seed: int) -> Any:
        kept = folder / f"{seed}.json"
        if not kept.exists():
            _run(seed, kept, command(seed))
        return json.loads(kept.read_text())

    wanted = list(seeds)
    with ThreadPoolExecutor(max_workers=at_once) as pool:
        return dict(zip(wanted, pool.map(work, wanted), strict=True))


def parse(text: str) -> list[int]:
    """Seeds of an argument such as 1-20 or 7."""
    first, _, last = text.partition("-")
    return [*range(int(first), int(last or first) + 1)]


def _run(seed: int, kept: Path, command: list[str]) -> None:
    """One seed, its lines on stderr as it goes on. The result appears when it is whole."""
    print(f"{time.strftime('%H:%M:%S')} seed {seed}", file=sys.stderr, flush=True)  # noqa: T201
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    json.loads(done.stdout)
    partial = kept.with_name(f".{kept.name}")
    partial.write_text(done.stdout)
    partial.rename(kept)
