"""A real ensemble in three regions, and event loops that stand in hosts of these."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

from drills.inside import InNetwork, inside
from drills.rig import Rig
from drills.stacks import THREE
from failover.selector.base import NoQuorumError, TakenError
from sandbox.pods import zookeeper_image

T = TypeVar("T")


@contextmanager
def running(folder: Path) -> Iterator[Rig]:
    """Three servers of the program's own manifests, ready."""
    rig = Rig(folder, THREE, {"zookeeper": zookeeper_image.ensure(lambda _: None)}, memory="512Mi")
    try:
        rig.start(*rig.numbers)
        rig.wait_ready()
        yield rig
    finally:
        rig.close()


class Place:
    """An event loop whose thread, and all threads that it starts, are in a host's network."""

    def __init__(self, host: InNetwork) -> None:
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=lambda: inside(host, self.loop.run_forever), daemon=True)
        self._thread.start()

    def run(self, work: Coroutine[Any, Any, T], seconds: float = 60) -> T:
        """What `work` returns there."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(seconds)

    def make(self, build: Callable[[], T]) -> T:
        """What `build` makes in that loop."""

        async def work() -> T:
            return build()

        return self.run(work())

    def close(self) -> None:
        """End the loop and its thread."""
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join()
        self.loop.close()


async def eventually(ask: Callable[[], Coroutine[Any, Any, T]], seconds: float = 30) -> T:
    """The first answer of a backend that may have no connection yet, or whose duty is not free yet."""
    deadline = time.monotonic() + seconds
    while True:
        with suppress(NoQuorumError, TakenError):
            return await ask()
        if time.monotonic() > deadline:
            return await ask()
        await asyncio.sleep(0.02)


async def until(reached: Callable[[], Coroutine[Any, Any, bool]], seconds: float = 30) -> None:
    """Wait for something to be so, as TimeoutError where it does not come."""
    async with asyncio.timeout(seconds):
        while not await reached():
            await asyncio.sleep(0.02)
