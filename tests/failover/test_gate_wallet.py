"""The gate sees to the wallet named "", and says what it did; a real litecoind is asked in test_litecoind.py."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientConnectionError, web

from config.failover import GateConfig
from failover.gate.wallet import CHECK_SECONDS, RETRY_SECONDS, DefaultWallet
from failover.log import Log
from failover.wire import CallError
from tests.failover.gate_world import READ, run, until, world

NOT_THERE = CallError(-18, "Wallet file verification failed. Data is not in recognized format.")
CORRUPT = CallError(-4, "Wallet corrupted")


class Daemon:
    """`loaded` are its wallets' names, `files` those on its disk; `failure` is raised by every call."""

    def __init__(self, *, loaded: tuple[str, ...] = (), files: tuple[str, ...] = ()) -> None:
        self.loaded, self.files = list(loaded), list(files)
        self.failure: Exception | None = None
        self.refusal: Exception | None = None  # of what changes anything
        self.changes: list[str] = []

    async def ask(self, method: str, *params: Any) -> Any:
        if self.failure:
            raise self.failure
        if method == "listwallets":
            return list(self.loaded)
        assert params == ("",)  # the name alone: the wallet is of the daemon's own kind
        if self.refusal:
            raise self.refusal
        if method == "loadwallet" and "" not in self.files:
            raise NOT_THERE
        self.changes.append(method)
        self.files.append("")
        self.loaded.append("")
        return {"name": "", "warning": ""}


def ensured(daemon: Daemon, times: int = 1) -> tuple[list[bool], list[dict[str, Any]]]:
    """What came of looking so many times, and the lines."""
    lines: list[str] = []
    wallet = DefaultWallet(daemon.ask, Log(lines.append))

    async def look() -> list[bool]:
        return [await wallet.ensure() for _ in range(times)]

    return asyncio.run(look()), [json.loads(line) for line in lines]


def test_a_wallet_is_made_once_where_there_is_none() -> None:
    daemon = Daemon()
    there, lines = ensured(daemon, 3)
    assert (there, daemon.changes) == ([True] * 3, ["createwallet"])
    assert [line["event"] for line in lines] == ["wallet made"]


def test_a_wallet_whose_file_is_there_is_loaded() -> None:
    daemon = Daemon(files=("",), loaded=("other",))
    there, lines = ensured(daemon)
    assert (there, daemon.changes) == ([True], ["loadwallet"])
    assert [line["event"] for line in lines] == ["wallet loaded"]


def test_one_that_is_loaded_is_left_alone() -> None:
    daemon = Daemon(loaded=("",))
    assert ensured(daemon) == ([True], [])
    assert daemon.changes == []


def test_one_that_cannot_be_loaded_is_never_made_anew_and_the_reason_is_said_once() -> None:
    daemon = Daemon(files=("",))
    daemon.refusal = CORRUPT
    there, lines = ensured(daemon, 3)
    assert (there, daemon.changes) == ([False] * 3, [])
    assert [(line["event"], line["reason"]) for line in lines] == [("wallet missing", "Wallet corrupted")]


@pytest.mark.parametrize(
    "failure", [CallError(-28, "Verifying wallet(s)..."), ClientConnectionError(), ValueError("x")]
)
def test_a_daemon_that_does_not_answer_yet_is_asked_again_without_a_word(failure: Exception) -> None:
    daemon = Daemon()
    daemon.failure = failure
    assert ensured(daemon, 2) == ([False, False], [])


def test_it_looks_again_and_again_and_sooner_while_there_is_none() -> None:
    daemon, pauses = Daemon(), list[float]()

    async def pause(seconds: float) -> None:
        pauses.append(seconds)
        daemon.failure = CallError(-28, "Loading") if len(pauses) == 1 else None
        if len(pauses) == 3:
            daemon.loaded.clear()  # a restart
        if len(pauses) == 4:
            raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(DefaultWallet(daemon.ask, Log(lambda _: None), pause).run())
    assert pauses == [CHECK_SECONDS, RETRY_SECONDS, CHECK_SECONDS, CHECK_SECONDS]
    assert daemon.changes == ["createwallet", "loadwallet"]


@pytest.mark.parametrize("wallet", [True, False])
def test_only_a_gate_that_is_told_so_sees_to_a_wallet(tmp_path: Path, wallet: bool) -> None:
    async def test() -> None:
        def told(config: GateConfig) -> GateConfig:
            return replace(config, wallet=wallet)

        async with world(tmp_path, change=told) as it:
            if wallet:
                await until(lambda: "listwallets" in it.daemon.executed)
                assert it.daemon.authorizations == {"Basic dXNlcjpnZWhlaW0="}
            else:
                await it.call(READ)
                assert it.daemon.executed == ["getinfo"]

    run(test)


def test_the_gates_own_question_is_refused_where_the_daemon_does_not_know_it(tmp_path: Path) -> None:
    async def test() -> None:
        async with world(tmp_path) as it:

            async def answer(_: web.BaseRequest) -> web.Response:
                return web.Response(status=401)

            it.daemon.answer = answer
            assert await it.health("/chain/answers") == (503, "no\n")
            assert (await it.health("/chain/lives"))[0] == 200

    run(test)
