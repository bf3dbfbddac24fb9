"""A fleet that stands, in networks and with mounts of its own, for as long as it is needed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from chaos import layout
from chaos.fleet import Fleet
from chaos.possible import Unit
from drills.rig import Rig
from drills.stacks import THREE
from sandbox.mounts import private_mounts
from sandbox.pods import zookeeper_image
from sandbox.pods.python_image import python_image

CALLS_A_SECOND = 8.0  # and coin: two cores have all candidates' calls to make


@contextmanager
def staged(folder: Path, units: Sequence[Unit], seed: int, tell: Callable[[str], None]) -> Iterator[Fleet]:
    """Three servers that serve, and these candidates' processes, not started yet. Raises SandboxError."""
    # Gates' small disks and the names of hosts are for this process and its children alone.
    private_mounts("chaos")
    folder.mkdir(parents=True, exist_ok=True)
    images = {"zookeeper": zookeeper_image.ensure(tell), "failover": python_image()}
    tick = layout.TIMING.tick_time_ms
    rig = Rig(folder, THREE, images, memory="512Mi", tickTimeMs=tick, sessionTimeoutMs=layout.SESSION_MS)
    with closing(rig):
        rig.start(*rig.numbers)
        rig.wait_ready()
        with closing(Fleet(rig, folder, units, seed, rate=CALLS_A_SECOND)) as fleet:
            yield fleet
