"""Readings of daemons: what they say, within a short time, with as few calls as that takes."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
import pytest

from failover import observers, wire
from failover.health import BAD_IN_A_ROW, DaemonReading, Reach
from failover.observers import WALLET_SECONDS, DaemonObserver
from failover.wire import CallError
from tests.failover.agent_world import PUBKEY
from tests.failover.wallet_double import BITCOIND, KOMODOD, LITECOIND, WalletDouble

OURS, THEIRS = f"21{PUBKEY}ac", "21" + "03" + "cd" * 32 + "ac"
KINDS = [KOMODOD, LITECOIND, BITCOIND]
CHAIN: dict[str, Any] = {
    "getblockchaininfo": {"blocks": 100, "bestblockhash": "aa"},
    "getpeerinfo": [
        {"startingheight": 101, "synced_headers": -1},
        {"startingheight": 90},
        {"startingheight": 9_999_999},
    ],
    "getblockheader": {"time": 1000},
    "listunspent": [
        {"amount": 0.0001, "scriptPubKey": OURS},
        {"amount": 0.0001, "scriptPubKey": THEIRS},
        {"amount": 5.0, "scriptPubKey": OURS},
    ],
    "getbalance": 12.5,
}


class Daemon:
    """A chain's answers beside a wallet's. `silent`: calls wait; `failure` is raised by all; `slow` methods wait."""

    def __init__(self, kind: str = KOMODOD, *, key: bool = True) -> None:
        self.wallet = WalletDouble(kind=kind, pubkey=PUBKEY, key=key)
        self.answers = dict(CHAIN)
        self.asked: list[str] = []
        self.failure: Exception | None = None
        self.slow: set[str] = set()
        self.go = asyncio.Event()
        self.now = 1060.0

    async def ask(self, method: str, *params: object) -> Any:
        self.asked.append(method)
        if self.failure:
            raise self.failure
        if method in self.slow or "all" in self.slow:
            await self.go.wait()
        return self.answers[method] if method in self.answers else await self.wallet.ask(method, *params)

    def observer(self, pubkey: str = PUBKEY) -> DaemonObserver:
        return DaemonObserver("KMD", self.ask, pubkey=pubkey, now=lambda: self.now)


def play(test: Callable[[], Awaitable[None]]) -> None:
    async def bounded() -> None:
        async with asyncio.timeout(10):
            await test()

    asyncio.run(bounded())


def read(daemon: Daemon, pubkey: str = PUBKEY) -> DaemonReading:
    return asyncio.run(daemon.observer(pubkey).read())


@pytest.mark.parametrize("kind", KINDS)
def test_a_daemon_is_read_as_it_is(kind: str) -> None:
    found = read(Daemon(kind))
    assert (found.reach, found.height, found.best_height, found.peers) == (Reach.ANSWERS, 100, 101, 3)
    assert (found.block_age, found.key, found.scanning, found.utxos, found.funds) == (60.0, True, False, 1, 12.5)


@pytest.mark.parametrize("kind", KINDS)
def test_a_wallet_without_the_key_says_so_and_nothing_of_coins(kind: str) -> None:
    found = read(Daemon(kind, key=False))
    assert (found.reach, found.key, found.utxos, found.funds) == (Reach.ANSWERS, False, None, None)


@pytest.mark.parametrize("kind", KINDS)
def test_no_coin_at_all_is_told_as_zero_once_the_key_is_there(kind: str) -> None:
    daemon = Daemon(kind)
    daemon.answers |= {"listunspent": [], "getbalance": 0}
    found = read(daemon)
    assert (found.key, found.utxos, found.funds) == (True, 0, 0.0)


def test_a_daemon_without_a_loaded_wallet_lacks_the_key_and_one_that_does_not_say_leaves_it_open() -> None:
    daemon = Daemon(LITECOIND)

    async def no_wallet(method: str, *params: object) -> Any:
        if method == "getaddressinfo":
            raise CallError(-18, "LTC getaddressinfo: No wallet is loaded.")
        return await daemon.ask(method, *params)

    assert asyncio.run(DaemonObserver("LTC", no_wallet, pubkey=PUBKEY).read()).key is False

    async def disabled(method: str, *params: object) -> Any:
        if method == "getaddressinfo":
            raise CallError(-32601, "LTC getaddressinfo: Method not found")
        return await daemon.ask(method, *params)

    found = asyncio.run(DaemonObserver("LTC", disabled, pubkey=PUBKEY).read())
    assert (found.reach, found.key) == (Reach.ANSWERS, None)


def test_a_wallet_that_looks_through_its_chain_says_how_far_it_is_and_is_not_asked_for_coins() -> None:
    async def test() -> None:
        daemon = Daemon(LITECOIND)
        daemon.wallet.scanning = [0.25, 0.5]
        observer = daemon.observer()
        for progress in (0.25, 0.5):
            found = await observer.read()
            assert (found.key, found.scanning, found.utxos, observer.progress) == (True, True, None, progress)
        assert "listunspent" not in daemon.asked
        found = await observer.read()
        assert (found.scanning, found.utxos, observer.progress) == (False, 1, None)

    play(test)


def test_without_a_public_key_no_wallet_is_asked() -> None:
    daemon = Daemon()
    found = read(daemon, pubkey="")
    assert (found.reach, found.key, found.utxos) == (Reach.ANSWERS, None, None)
    assert daemon.wallet.asked == []


def test_a_wallet_that_has_the_key_is_asked_seldom_and_one_that_lacks_it_each_time() -> None:
    async def test() -> None:
        daemon = Daemon(key=False)
        observer = daemon.observer()
        for _ in range(3):
            await observer.read()
        assert daemon.asked.count("validateaddress") == 3
        assert daemon.asked.count("decodescript") == 1  # its address stays
        daemon.wallet.key = True
        for _ in range(3):
            assert (await observer.read()).key is True
        assert daemon.asked.count("validateaddress") == 4
        daemon.now += WALLET_SECONDS
        await observer.read()
        observer.ask_wallet_again()
        await observer.read()
        assert daemon.asked.count("listunspent") == 3

    play(test)


def test_after_a_silence_the_wallet_is_asked_anew() -> None:
    async def test() -> None:
        daemon = Daemon()
        observer = daemon.observer()
        assert (await observer.read()).key is True
        daemon.failure = aiohttp.ServerDisconnectedError()
        assert await observer.read() == DaemonReading(chain="KMD", reach=Reach.SILENT)
        daemon.failure, daemon.wallet.key = None, False  # it came back with another wallet
        assert (await observer.read()).key is False

    play(test)


@pytest.mark.parametrize(
    ("failure", "reach"),
    [
        (CallError(wire.GONE, "gate: the daemon refuses connections"), Reach.GONE),
        (CallError(wire.NOT_EXECUTED, "gate: nothing was sent"), Reach.SILENT),
        (CallError(wire.UNREACHABLE, "gate: no answer"), Reach.SILENT),
        (CallError(wire.OVERLOADED, "gate: full"), Reach.SILENT),
        (CallError(-28, "Loading block index..."), Reach.SILENT),
        (aiohttp.ClientConnectionError(), Reach.SILENT),
        (ValueError("no JSON"), Reach.SILENT),
    ],
)
def test_what_comes_of_asking_is_told_apart(failure: Exception, reach: Reach) -> None:
    daemon = Daemon()
    daemon.failure = failure
    assert read(daemon) == DaemonReading(chain="KMD", reach=reach)


def test_a_daemon_that_answers_nonsense_is_silent() -> None:
    for nonsense in ({}, [], "x", None, {"blocks": "x"}):
        daemon = Daemon()
        daemon.answers["getblockchaininfo"] = nonsense
        assert read(daemon).reach is Reach.SILENT


def test_a_daemon_that_does_not_answer_has_one_question_however_often_it_is_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(observers, "READING_SECONDS", 0.05)

    async def test() -> None:
        daemon = Daemon()
        daemon.slow = {"all"}
        observer = daemon.observer()
        for _ in range(5):
            assert (await observer.read()).reach is Reach.SILENT
        assert sorted(daemon.asked) == ["getblockchaininfo", "getpeerinfo"]
        daemon.answers["getblockchaininfo"] = {"blocks": 200, "bestblockhash": "bb"}
        daemon.go.set()
        assert (await observer.read()).height == 200
        await observer.close()

    play(test)


def test_a_wallet_that_is_slow_makes_no_daemon_silent_and_has_one_question(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(observers, "READING_SECONDS", 0.1)

    async def test() -> None:
        daemon = Daemon()
        daemon.slow = {"getwalletinfo"}
        observer = daemon.observer()
        for _ in range(3):
            found = await observer.read()
            assert (found.reach, found.height, found.key) == (Reach.ANSWERS, 100, None)
        assert daemon.asked.count("getwalletinfo") == 1
        daemon.go.set()
        assert (await observer.read()).key is True
        await observer.close()

    play(test)


def test_what_a_wallet_was_asked_before_a_change_is_not_taken_for_what_it_knows_after(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(observers, "READING_SECONDS", 0.1)

    async def test() -> None:
        daemon = Daemon()
        daemon.slow = {"listunspent"}
        observer = daemon.observer()
        assert (await observer.read()).key is None  # asked, and not answered yet
        observer.ask_wallet_again()
        daemon.wallet.key = False
        daemon.go.set()
        await asyncio.sleep(0)
        found = await observer.read()
        while found.key is None:
            found = await observer.read()
        assert found.key is False
        await observer.close()

    play(test)


def test_its_last_reading_is_kept_for_others() -> None:
    async def test() -> None:
        daemon = Daemon()
        observer = daemon.observer()
        assert observer.last is None
        assert await observer.read() is observer.last
        daemon.failure = CallError(wire.GONE, "gone")
        assert await observer.read() is observer.last
        await observer.close()

    play(test)


def test_two_readings_of_a_daemon_that_stands_still_take_five_seconds_at_most() -> None:
    assert BAD_IN_A_ROW * observers.READING_SECONDS <= 5
