"""Candidates of many duties in one process: `python -m bench.failover.holders FILE`. FILE is a `Crowd` as JSON.

Each has a session of its own, as an agent has, and the fleet's own selector. Holders confirm their claims at the
heartbeat; the others look when they are told of a change, and take what nobody holds. A line of JSON for each claim.
"""

from __future__ import annotations

import asyncio
import json
import resource
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from chaos import stamps
from failover.access import Access, Tls
from failover.model import Claim
from failover.selector.base import LostError, SelectorError
from failover.selector.zookeeper import ZooKeeperSelector

OPENING_AT_ONCE = 8
AGAIN_SECONDS = 0.2
STACK_BYTES = 256 * 1024  # of each of kazoo's threads, of which there are thousands


@dataclass(frozen=True, kw_only=True)
class Crowd:
    """Those who `take` have their duties at once; the others when a holder that they have seen is gone."""

    candidate: str
    duties: tuple[str, ...]
    takes: bool
    heartbeat_ms: int
    access: Access


class One:
    """One candidate of one duty."""

    def __init__(self, crowd: Crowd, duty: str) -> None:
        self._crowd, self._duty = crowd, duty
        self._selector = ZooKeeperSelector(crowd.access, duty, crowd.candidate)
        self._armed = crowd.takes

    async def ready(self) -> None:
        """Until its session answers; one that takes has its claim then."""
        while not await self._step():
            await asyncio.sleep(AGAIN_SECONDS)

    async def go_on(self) -> None:
        """For ever."""
        while True:
            if self._claim:
                await asyncio.sleep(self._crowd.heartbeat_ms / 1000)
                await self._confirm(self._claim)
            else:
                await self._selector.changed.wait()
                self._selector.changed.clear()
                await self._step()

    _claim: Claim | None = None

    async def _step(self) -> bool:
        """Look, and take what is free; whether that went as far as it can now."""
        try:
            held = (await self._selector.view()).holder is not None
            if held or not self._armed:
                self._armed |= held
                return held or not self._crowd.takes
            self._claim = await self._selector.acquire()
        except SelectorError:
            return False
        say({"claimed": self._duty, "stamp": stamps.now()})
        return True

    async def _confirm(self, claim: Claim) -> None:
        try:
            await self._selector.confirm(claim)
        except LostError:
            self._claim = None
            say({"lost": self._duty, "stamp": stamps.now()})
        except SelectorError:
            return


def say(found: dict[str, object]) -> None:
    """One line."""
    sys.stdout.write(json.dumps(found) + "\n")
    sys.stdout.flush()


async def crowd_of(crowd: Crowd) -> None:
    """Open all, a few at once; then for ever."""
    waiting: Iterator[str] = iter(crowd.duties)
    made: list[One] = []

    async def open_some() -> None:
        for duty in waiting:
            one = One(crowd, duty)
            await one.ready()
            made.append(one)

    await asyncio.gather(*(open_some() for _ in range(OPENING_AT_ONCE)))
    say({"open": len(made)})
    await asyncio.gather(*(one.go_on() for one in made))


def main() -> None:
    """As FILE says."""
    values = json.loads(Path(sys.argv[1]).read_text())
    given = values.pop("access")
    tls = Tls(**given.pop("tls"))
    access = Access(**{**given, "identities": tuple(given["identities"])}, tls=tls)
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    threading.stack_size(STACK_BYTES)
    asyncio.run(crowd_of(Crowd(**{**values, "duties": tuple(values["duties"])}, access=access)))


if __name__ == "__main__":
    main()
