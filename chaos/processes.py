"""The fleet's processes: started again when they end, killed, frozen; each of their lines is stamped when it comes."""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from chaos import stamps
from sandbox.processes import die_with_parent

RESTART_SECONDS = 0.5  # a node's agent starts a container again at once, and the process takes its time besides


class Lines:
    """Reads what processes print, and writes it to their logs, each line after the time at which it came."""

    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="lines", daemon=True)
        self._thread.start()

    def follow(self, pipe: int, log: Path) -> None:
        """Until the pipe's other ends are closed; takes the descriptor over."""
        os.set_blocking(pipe, False)
        with self._lock:
            self._selector.register(pipe, selectors.EVENT_READ, [log, b""])

    def _run(self) -> None:
        while True:
            for key, _ in self._selector.select(0.2):
                self._take(key)

    def _take(self, key: selectors.SelectorKey) -> None:
        with suppress(BlockingIOError):
            data = os.read(key.fd, 65536)
            log, rest = key.data
            *lines, key.data[1] = (rest + data).split(b"\n")
            with log.open("ab") as file:
                file.writelines(b"%d %b\n" % (stamps.now(), line) for line in lines)
            if not data:
                with self._lock:
                    self._selector.unregister(key.fd)
                os.close(key.fd)


@dataclass(kw_only=True)
class Process:
    """One process that is to run, except while it is `held`. `log` gets a line for each of its own."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    log: Path
    lines: Lines
    held: int = 0
    starts: int = 0
    _running: subprocess.Popen[bytes] | None = None
    _ended_at: float = field(default=float("-inf"))

    @property
    def pid(self) -> int | None:
        """Its number while it runs."""
        return self._running.pid if self._running and self._running.poll() is None else None

    def tend(self) -> None:
        """Start it where it is to run and does not. To be called often, by one thread that lives on."""
        if self._running is not None and self._running.poll() is not None:
            self._running, self._ended_at = None, time.monotonic()
        if self._running is None and not self.held and time.monotonic() - self._ended_at >= RESTART_SECONDS:
            self._start()

    def _start(self) -> None:
        reading, writing = os.pipe()
        try:
            self._running = subprocess.Popen(
                self.command,
                stdin=subprocess.DEVNULL,
                stdout=writing,
                stderr=writing,
                env=self.environment,
                start_new_session=True,
                preexec_fn=die_with_parent,
            )
        finally:
            os.close(writing)
        self.starts += 1
        self.lines.follow(reading, self.log)

    def signal(self, number: signal.Signals) -> None:
        """To this process alone, not to what it has started; nothing if it does not run."""
        if self._running and self._running.poll() is None:
            self._running.send_signal(number)

    def end(self) -> None:
        """SIGKILL, and wait for it."""
        self.held += 1
        if self._running:
            self._running.kill()
            self._running.wait()
