"""Brings the notary's key into the wallet of each chain's daemon, with a rescan, before there is anything to sign.

Iguana imports into KMD alone, and without a rescan: coins that the key owned before are never seen. So the agent of
every candidate does it, as soon as a daemon answers and lacks the key, through its own gate, which asks for no epoch.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass

from failover.health import DaemonReading, Reach
from failover.imports import bring
from failover.keys import NotaryKey
from failover.log import Log
from failover.observers import DaemonObserver
from failover.wallets import Ask, ImportFailedError

LOOK_SECONDS = 0.5
PROGRESS_SECONDS = 60.0
AGAIN_SECONDS = 30.0  # after a refusal that time alone does not mend

Pause = Callable[[float], Coroutine[None, None, None]]


@dataclass(frozen=True, kw_only=True)
class Target:
    """One chain's daemon. `ask` calls it through its gate, and waits for an answer up to `imports.IMPORT_SECONDS`."""

    chain: str
    observer: DaemonObserver
    ask: Ask


class Importer:
    """One task a daemon, and in it one import at a time. It reads what the observers have seen, which others drive."""

    def __init__(self, targets: Sequence[Target], key: NotaryKey, log: Log, pause: Pause = asyncio.sleep) -> None:
        """Not for a checkpoint master: with the key in its wallet its daemon would sign."""
        self._targets, self._key, self._log, self._pause = targets, key, log, pause

    async def run(self) -> None:
        """For ever."""
        await asyncio.gather(*(self._keep(target) for target in self._targets))

    async def _keep(self, target: Target) -> None:
        while True:
            seen = target.observer.last
            if lacks_key(seen):
                done = await self._bring(target)
                seen = target.observer.last
                target.observer.ask_wallet_again()
                while target.observer.last is seen:
                    await self._pause(LOOK_SECONDS)
                if not done:
                    await self._pause(AGAIN_SECONDS)
            await self._pause(LOOK_SECONDS)

    async def _bring(self, target: Target) -> bool:
        """Whether the key is there, and all of its outputs are known; says how far it is."""
        self._log.say("key import begun", chain=target.chain)
        begun = asyncio.get_running_loop().time()
        bringing = asyncio.create_task(bring(target.ask, self._key, pause=self._pause))
        try:
            while not (await asyncio.wait({bringing}, timeout=PROGRESS_SECONDS))[0]:
                seconds, progress = asyncio.get_running_loop().time() - begun, target.observer.progress
                self._log.say("key import under way", chain=target.chain, seconds=round(seconds), progress=progress)
            bringing.result()
        except ImportFailedError as error:
            self._log.say("key not imported", chain=target.chain, reason=str(error))
            return False
        finally:
            bringing.cancel()
        self._log.say("key imported", chain=target.chain, seconds=round(asyncio.get_running_loop().time() - begun, 1))
        return True


def lacks_key(reading: DaemonReading | None) -> bool:
    """Whether an import is due: the daemon answers, and its wallet says that the key is not there."""
    return reading is not None and reading.reach is Reach.ANSWERS and reading.key is False
