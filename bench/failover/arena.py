"""What all contenders stand on: one ensemble of the fleet's own manifests, networks, and processes that end with it."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from chaos.fleet import environment
from chaos.layout import LOGIN
from chaos.processes import Lines, Process
from drills.rig import Rig
from drills.stacks import THREE
from sandbox.network import Host
from sandbox.pods import zookeeper_image
from sandbox.pods.python_image import python_image

Report = Callable[[str], None]
HOSTS = "/etc/hosts"
TEND_SECONDS = 0.02
REGIONS = ("eu-central", "eu-west")
TICK_MS, SESSION_MS = 500, 5_000  # the defaults of a stack's file


class Tended(Protocol):
    """What must be looked after often, by the thread that lives on."""

    def tend(self) -> None: ...
    def close(self) -> None: ...


@dataclass(kw_only=True)
class Arena:
    """One thread uses it. `tended` are closed with it, the last first."""

    folder: Path
    rig: Rig
    report: Report
    lines: Lines = field(default_factory=Lines)
    tended: list[Tended] = field(default_factory=list)

    def process(self, name: str, command: Sequence[str], log: Path, host: Host | None = None) -> Process:
        """One that is not yet started; without a host it is on this machine's own loopback."""
        words = host.enter(command) if host else list(command)
        return Process(name=name, command=words, environment={**environment(), **LOGIN}, log=log, lines=self.lines)

    def work(self, seconds: float, reached: Callable[[], bool] = lambda: False) -> bool:
        """Look after everything for so long, or until it is so: whether it was."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            for item in self.tended:
                item.tend()
            if reached():
                return True
            time.sleep(TEND_SECONDS)
        return reached()

    def need(self, seconds: float, reached: Callable[[], bool], what: str) -> None:
        """As `work`. TimeoutError names what was not so."""
        if not self.work(seconds, reached):
            raise TimeoutError(f"{what}: not within {seconds:.0f} s")

    def drop(self, item: Tended) -> None:
        """Close one before the others."""
        self.tended.remove(item)
        item.close()


@contextmanager
def opened(folder: Path, report: Report) -> Iterator[Arena]:
    """Three servers that serve; all that was started is gone at the end."""
    images = {"zookeeper": zookeeper_image.ensure(report), "failover": python_image()}
    rig = Rig(folder, THREE, images, memory="512Mi", tickTimeMs=TICK_MS, sessionTimeoutMs=SESSION_MS)
    arena, named = Arena(folder=folder, rig=rig, report=report), _mounts(HOSTS)
    try:
        rig.start(*rig.numbers)
        rig.wait_ready()
        yield arena
    finally:
        for item in reversed(arena.tended):
            item.close()
        rig.close()
        while _mounts(HOSTS) > named:  # a fleet names its hosts there; the next ensemble has others
            subprocess.run(["umount", "-l", HOSTS], check=True)


def _mounts(path: str) -> int:
    """How many mounts lie on a path, one on the other."""
    lines = Path("/proc/self/mountinfo").read_text().splitlines()
    return sum(line.split()[4] == path for line in lines)
