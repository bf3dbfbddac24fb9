"""Operators' commands, one after another, tried again while the ensemble does not let them in."""

from __future__ import annotations

import subprocess
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sandbox.processes import die_with_parent

TRIES = 2
# What undoes an order must get through in the end: the fleet would stand still for ever.
TRIES_TO_UNDO = 20


@dataclass(kw_only=True)
class _Order:
    command: Sequence[str]
    tries: int


class Desk:
    """A queue: an order and what undoes it never overtake each other. What commands say goes to `log`."""

    def __init__(self, log: Path, environment: Mapping[str, str]) -> None:
        self._log, self._environment = log, environment
        self._waiting: deque[_Order] = deque()
        self._running: subprocess.Popen[bytes] | None = None

    @property
    def idle(self) -> bool:
        """Whether nothing waits, or runs."""
        return not self._waiting

    def give(self, command: Sequence[str], *, undoes: bool) -> None:
        """Queue a command."""
        self._waiting.append(_Order(command=command, tries=TRIES_TO_UNDO if undoes else TRIES))

    def tend(self) -> None:
        """Go on; to be called often, by one thread that lives on."""
        if self._running is not None:
            code = self._running.poll()
            if code is None:
                return
            self._running = None
            if code == 0 or self._waiting[0].tries == 0:
                self._waiting.popleft()
        if self._waiting:
            self._waiting[0].tries -= 1
            with self._log.open("ab") as log:
                self._running = subprocess.Popen(
                    self._waiting[0].command,
                    env=self._environment,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    preexec_fn=die_with_parent,
                )

    def close(self) -> None:
        """Kill what runs."""
        if self._running:
            self._running.kill()
            self._running.wait()
