"""A fleet that stands, in networks and with mounts of its own, for as long as it is needed."""

from __future__ import annotations

import ctypes
import os
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from chaos import layout
from chaos.fleet import Fleet
from chaos.possible import Unit
from drills.rig import Rig
from drills.stacks import THREE
from sandbox.errors import SandboxError
from sandbox.pods import zookeeper_image
from sandbox.pods.python_image import python_image

_CLONE_NEWNS = 0x00020000


@contextmanager
def staged(folder: Path, units: Sequence[Unit], seed: int, tell: Callable[[str], None]) -> Iterator[Fleet]:
    """Three servers that serve, and these candidates' processes, not started yet. Raises SandboxError."""
    _private_mounts()
    folder.mkdir(parents=True, exist_ok=True)
    images = {"zookeeper": zookeeper_image.ensure(tell), "failover": python_image()}
    tick = layout.TIMING.tick_time_ms
    rig = Rig(folder, THREE, images, memory="512Mi", tickTimeMs=tick, sessionTimeoutMs=layout.SESSION_MS)
    with closing(rig):
        rig.start(*rig.numbers)
        rig.wait_ready()
        with closing(Fleet(rig, folder, units, seed)) as fleet:
            yield fleet


def _private_mounts() -> None:
    """Gates' small disks and the names of hosts are mounted for this process and its children alone."""
    if ctypes.CDLL(None, use_errno=True).unshare(_CLONE_NEWNS) != 0:
        raise SandboxError(f"chaos needs root, for mounts and networks of its own: {os.strerror(ctypes.get_errno())}")
    subprocess.run(["mount", "--make-rprivate", "/"], check=True)
