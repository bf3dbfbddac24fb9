"""What a run leaves behind: executed calls, claims and faults, a line of JSON each. Nanoseconds of CLOCK_BOOTTIME."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeVar

SECOND = 1_000_000_000
_LONGEST_LINE = 4096


def now() -> int:
    """Comparable between all processes of this machine, whatever libfaketime tells some of them."""
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME)


@dataclass(frozen=True, kw_only=True)
class Execution:
    """A signing call that a daemon has executed. `epoch`: as the gate forwarded it; `signer`: the process that called.

    `received` is when the daemon had read the call, `begin` and `end` when it executed it.
    """

    duty: str
    daemon: str
    signer: str
    epoch: int | None
    received: int
    begin: int
    end: int

    @property
    def chain(self) -> str:
        """Whose daemon it was; empty where its name does not say."""
        return self.daemon.rpartition("/")[2] if "/" in self.daemon else ""


@dataclass(frozen=True, kw_only=True)
class Acquisition:
    """A claim, as its agent has logged it: asked for at `sent`, had at `answered`; its signer `waits` from then on."""

    duty: str
    candidate: str
    epoch: int
    waits: int
    sent: int
    answered: int


@dataclass(frozen=True, kw_only=True)
class Strike:
    """A fault that was made. `takes` names what could not work from `begin` to `end`: see `possible.Down`.

    `hits`: the candidates that it was made to, DUTY@REGION, whether or not it takes anything of them.
    """

    number: int
    kind: str
    told: str
    begin: int
    end: int
    takes: tuple[str, ...] = ()
    hits: tuple[str, ...] = ()


Record = Execution | Acquisition | Strike
Some = TypeVar("Some", Execution, Acquisition, Strike)


def append(path: Path, record: Record) -> None:
    """One write with O_APPEND: whole or not there, whoever is killed when."""
    line = json.dumps(asdict(record)).encode() + b"\n"
    fd = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    try:
        os.write(fd, line)
    finally:
        os.close(fd)


def read(kind: type[Some], paths: Iterable[Path]) -> list[Some]:
    """All records of these files, by the order of their lines. ValueError for a line that is none."""
    return [kind(**_object(line)) for path in paths if path.exists() for line in path.read_text().splitlines()]


def last_end(path: Path) -> int | None:
    """When the last call of a file was executed, without reading all of it; None where there is none."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - _LONGEST_LINE))
            lines = file.read().splitlines()
    except FileNotFoundError:
        return None
    return json.loads(lines[-1])["end"] if lines else None


def _object(line: str) -> dict[str, Any]:
    found = json.loads(line)
    return {key: tuple(value) if isinstance(value, list) else value for key, value in found.items()}
