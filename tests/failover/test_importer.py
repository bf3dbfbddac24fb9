"""The agent's importer: begins when a daemon lacks the key, says how far it is, and never has two at one daemon."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from failover.agent import importer
from failover.agent.importer import Importer, Target, lacks_key
from failover.health import DaemonReading, Reach
from failover.keys import derive
from failover.log import Log
from failover.observers import DaemonObserver
from failover.wire import CallError
from tests.failover.wallet_double import LITECOIND, WalletDouble

KEY = derive("a notary's")


class Scene:
    """One daemon, its observer, read again and again, and the importer. `hold`: the import is answered after it."""

    def __init__(self, *failures: Exception, key: bool = False) -> None:
        self.wallet = WalletDouble(kind=LITECOIND, pubkey=KEY.pubkey, key=key, failures=list(failures), key_stays=False)
        self.lines: list[str] = []
        self.hold: asyncio.Event | None = None
        self.at_once = 0
        self.most_at_once = 0
        self.observer = DaemonObserver("LTC", self._read, pubkey=KEY.pubkey)

    async def _read(self, method: str, *params: Any) -> Any:
        answers: dict[str, Any] = {
            "getblockchaininfo": {"blocks": 1, "bestblockhash": "aa"},
            "getpeerinfo": [],
            "getblockheader": {"time": 1},
            "listunspent": [],
            "getbalance": 0,
        }
        return answers[method] if method in answers else await self.wallet.ask(method, *params)

    async def ask(self, method: str, *params: Any) -> Any:
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            if method == "importprivkey" and self.hold:
                await self.hold.wait()
            return await self.wallet.ask(method, *params)
        finally:
            self.at_once -= 1

    @property
    def events(self) -> list[str]:
        return [json.loads(line)["event"] for line in self.lines]

    async def play(self, test: Callable[[], Awaitable[None]]) -> None:
        target = Target(chain="LTC", observer=self.observer, ask=self.ask)
        running = asyncio.create_task(Importer([target], KEY, Log(self.lines.append), pause=_soon).run())
        reading = asyncio.create_task(self._observe())
        try:
            async with asyncio.timeout(10):
                await test()
        finally:
            running.cancel()
            reading.cancel()
            await asyncio.gather(running, reading, return_exceptions=True)

    async def _observe(self) -> None:
        while True:
            await self.observer.read()
            await asyncio.sleep(0.005)

    async def until(self, event: str, times: int = 1) -> None:
        while self.events.count(event) < times:
            await asyncio.sleep(0.002)


async def _soon(_: float) -> None:
    await asyncio.sleep(0.001)


def test_a_daemon_that_lacks_the_key_gets_it_once() -> None:
    scene = Scene()

    async def test() -> None:
        await scene.until("key imported")
        await asyncio.sleep(0.1)

    asyncio.run(scene.play(test))
    assert scene.events == ["key import begun", "key imported"]
    assert scene.wallet.methods.count("importprivkey") == 1
    assert scene.wallet.seen


def test_one_that_has_it_is_left_alone() -> None:
    scene = Scene(key=True)
    asyncio.run(scene.play(lambda: asyncio.sleep(0.1)))
    assert (scene.lines, scene.wallet.methods.count("importprivkey")) == ([], 0)


def test_an_import_that_takes_long_is_told_of_and_has_no_second_beside_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importer, "PROGRESS_SECONDS", 0.02)
    scene = Scene()

    async def test() -> None:
        scene.hold = asyncio.Event()
        await scene.until("key import under way", 3)
        scene.hold.set()
        await scene.until("key imported")

    asyncio.run(scene.play(test))
    assert (scene.most_at_once, scene.events.count("key import begun")) == (1, 1)
    assert {"chain", "seconds", "progress"} <= json.loads(scene.lines[1]).keys()


def test_a_refusal_is_told_with_its_reason_and_tried_again() -> None:
    scene = Scene(CallError(-13, "LTC importprivkey: Please enter the wallet passphrase"))
    asyncio.run(scene.play(lambda: scene.until("key imported")))
    assert scene.events == ["key import begun", "key not imported", "key import begun", "key imported"]
    assert "wallet passphrase" in json.loads(scene.lines[1])["reason"]
    assert not [line for line in scene.lines if KEY.wif(scene.wallet.address) in line]


def test_a_wallet_that_is_made_anew_gets_the_key_again() -> None:
    scene = Scene()

    async def test() -> None:
        await scene.until("key imported")
        while not (scene.observer.last and scene.observer.last.key):
            await asyncio.sleep(0.001)
        scene.wallet.key = scene.wallet.seen = False
        scene.observer.ask_wallet_again()
        await scene.until("key imported", 2)

    asyncio.run(scene.play(test))
    assert scene.wallet.seen


@pytest.mark.parametrize(
    ("reading", "lacks"),
    [
        (None, False),
        (DaemonReading(chain="LTC", reach=Reach.ANSWERS, key=False), True),
        (DaemonReading(chain="LTC", reach=Reach.ANSWERS, key=None), False),
        (DaemonReading(chain="LTC", reach=Reach.ANSWERS, key=True), False),
        (DaemonReading(chain="LTC", reach=Reach.SILENT, key=None), False),
    ],
)
def test_only_a_daemon_that_says_that_it_lacks_the_key_is_given_it(reading: DaemonReading | None, lacks: bool) -> None:
    assert lacks_key(reading) is lacks
