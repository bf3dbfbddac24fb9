"""What a command prints: for a person on a terminal, or JSON for a tool."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.table import Table

from config.mistakes import ConfigError
from fleet.errors import FleetError


@dataclass(frozen=True, kw_only=True)
class Output:
    """`json` decides: results go to standard output, progress and errors to standard error."""

    json: bool = False

    @property
    def console(self) -> Console:
        return Console(highlight=False, soft_wrap=True)

    def progress(self, line: str) -> None:
        """One line of progress."""
        Console(stderr=True, highlight=False, soft_wrap=True).print(line, markup=False)

    def result(self, data: Any, *shown: Table | str) -> None:
        """The result: `data` as JSON, or what is `shown` to a person."""
        if self.json:
            print(json.dumps(data, indent=2))  # noqa: T201
            return
        for item in shown:
            self.console.print(item, markup=False)

    def error(self, error: FleetError | ConfigError) -> None:
        """An error: one line per mistake."""
        mistakes = error.mistakes if isinstance(error, ConfigError) else ()
        if self.json:
            listed = [{"path": item.path, "found": item.found, "expected": item.expected} for item in mistakes]
            print(json.dumps({"error": None if mistakes else str(error), "mistakes": listed}, indent=2))  # noqa: T201
            return
        for line in [str(item) for item in mistakes] or [str(error)]:
            print(line.replace("\n", " "), file=sys.stderr)  # noqa: T201


def table(*columns: str) -> Table:
    """A plain table."""
    made = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        made.add_column(column, overflow="fold")
    return made
