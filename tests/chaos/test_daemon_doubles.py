"""What a single request to a daemon's double does not show: keeping, queueing, locking, rescanning, ending."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from doubles import http, komodod
from doubles.chain import Chain, Trouble, troubles
from doubles.daemon import Daemon, Settings
from doubles.keys import Network
from doubles.komodod import Komodod
from doubles.litecoind import Litecoind
from doubles.wallet import Wallets
from tests.chaos.recorded import HEIGHT, LOGGED_IN, LOGIN, PUBKEY, SECRET, exchange

BOTH = pytest.mark.parametrize("kind", [Komodod, Litecoind])
COIN = [{"txid": "ab" * 32, "vout": 3}]
Scene = Callable[[Any, int], Awaitable[None]]


def made(kind: type[Any], wallets: Wallets | None = None, trouble: Trouble | None = None, **given: Any) -> Any:
    network = Network.of("KMD" if kind is Komodod else "LTC")
    chain = Chain(name=network.chain, fixed=HEIGHT, trouble=lambda: trouble or Trouble())
    settings = Settings(network=network, pubkey=PUBKEY, login=LOGIN, **given)
    return kind(settings, chain, wallets or Wallets(keys={"": {}}, loaded=[""]))


def play(daemon: Daemon, scene: Scene) -> None:
    async def act() -> None:
        port = await daemon.server.start(0)
        try:
            async with asyncio.timeout(30):
                await scene(daemon, port)
        finally:
            await daemon.server.close()

    asyncio.run(act())


def posted(method: str, *params: object, number: int = 1) -> bytes:
    body = json.dumps({"id": number, "method": method, "params": params})
    return f"POST / HTTP/1.1\r\nAuthorization:{LOGGED_IN}\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode()


async def call(port: int, method: str, *params: object) -> Any:
    found, _ = await exchange(port, posted(method, *params), lingers=0.001)
    return json.loads(found.partition(b"\r\n\r\n")[2])


async def result(port: int, method: str, *params: object) -> Any:
    found = await call(port, method, *params)
    assert found["error"] is None, found
    return found["result"]


@BOTH
def test_both_of_two_pipelined_requests_are_answered(kind: type[Any]) -> None:
    async def scene(_: Any, port: int) -> None:
        found, closed = await exchange(
            port, posted("getblockcount") + posted("getbestblockhash", number=2), lingers=0.2
        )
        assert [found.count(part) for part in (b"HTTP/1.1 200 OK", b'"id":1', b'"id":2')] == [1 + 1, 1, 1]
        assert not closed

    play(made(kind), scene)


@BOTH
def test_an_idle_connection_is_closed(kind: type[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    assert http.IDLE_SECONDS == 30
    monkeypatch.setattr(http, "IDLE_SECONDS", 0.1)

    async def scene(_: Any, port: int) -> None:
        assert (await exchange(port, posted("getblockcount"), lingers=10))[1]

    play(made(kind), scene)


@pytest.mark.parametrize(("queue", "threads", "asked"), [(16, 4, 60), (1, 1, 8)])
@BOTH
def test_what_finds_the_queue_full_is_refused_in_bare_text_and_not_executed(
    kind: type[Any], queue: int, threads: int, asked: int
) -> None:
    """As many get through as wait and are worked at."""

    async def scene(daemon: Any, port: int) -> None:
        await daemon.main.acquire()
        asyncio.get_running_loop().call_later(0.5, daemon.main.release)
        slow = ("getblockcount",) if kind is Komodod else ("waitfornewblock", 500)
        answers = await asyncio.gather(*(exchange(port, posted(*slow), lingers=0.001) for _ in range(asked)))
        full = [found for found, _ in answers if found.endswith(b"\r\n\r\nWork queue depth exceeded")]
        assert len(full) == asked - queue - threads
        assert all(found.startswith(b"HTTP/1.1 500 ") and b"text/html" in found for found in full)

    play(made(kind, queue=queue, threads=threads), scene)


@pytest.mark.parametrize(("kind", "again"), [(Komodod, None), (Litecoind, -8)])
def test_locks_are_komodods_to_take_twice_and_outlive_who_took_them(kind: type[Any], again: int | None) -> None:
    async def scene(_: Any, port: int) -> None:
        assert await result(port, "lockunspent", False, COIN) is True
        second = await call(port, "lockunspent", False, COIN)
        assert (second["error"] or {}).get("code") == again
        assert await result(port, "listlockunspent") == COIN
        assert await result(port, "lockunspent", True, COIN) is True
        assert await result(port, "listlockunspent") == []

    play(made(kind), scene)


@pytest.mark.parametrize(("first", "seen"), [(True, 50), (False, 0)])
@BOTH
def test_outputs_of_a_key_that_came_without_a_rescan_are_never_seen(kind: type[Any], first: bool, seen: int) -> None:
    async def scene(daemon: Any, port: int) -> None:
        wif = daemon.network.wif_of(SECRET)
        await result(port, "importprivkey", wif, "", first)
        await result(port, "importprivkey", wif, "", True)  # the wallet has the key: it does nothing
        assert len(await result(port, "listunspent")) == seen

    play(made(kind, rescan=0.01), scene)


def test_komodod_answers_help_alone_while_its_wallet_rescans() -> None:
    async def scene(daemon: Any, port: int) -> None:
        scan = asyncio.create_task(call(port, "importprivkey", daemon.network.wif_of(SECRET), "", True))
        await asyncio.sleep(0.1)
        count = asyncio.create_task(call(port, "getblockcount"))
        assert await result(port, "help", "stop") == "stop"
        assert not scan.done()
        assert (await count)["result"] == HEIGHT
        assert daemon.wallets.has("", PUBKEY)
        await scan

    play(made(Komodod, rescan=1.0), scene)


def test_litecoind_answers_of_its_chain_while_its_wallet_rescans() -> None:
    async def scene(daemon: Any, port: int) -> None:
        scan = asyncio.create_task(call(port, "importprivkey", daemon.network.wif_of(SECRET), "", True))
        await asyncio.sleep(0.1)
        assert await result(port, "getblockcount") == HEIGHT
        assert (await result(port, "getwalletinfo"))["scanning"]
        assert not scan.done()
        await scan

    play(made(Litecoind, rescan=1.0), scene)


def test_without_a_key_a_call_is_answered_and_nothing_is_signed() -> None:
    async def scene(daemon: Any, port: int) -> None:
        raw = await result(port, "createrawtransaction", COIN, {})
        before = await result(port, "signrawtransaction", raw)
        assert (before["complete"], before["hex"], len(before["errors"])) == (False, raw, 1)
        await result(port, "importprivkey", daemon.network.wif_of(SECRET), "", False)
        assert (await result(port, "signrawtransaction", raw))["complete"] is True

    play(made(Komodod), scene)


def test_litecoind_loads_only_the_wallet_without_a_name_when_it_starts_again(tmp_path: Path) -> None:
    file = tmp_path / "wallets.json"

    async def scene(_: Any, port: int) -> None:
        assert (await call(port, "getwalletinfo"))["error"]["code"] == -18
        for name in ("", "w"):
            assert (await result(port, "createwallet", name))["name"] == name
        assert await result(port, "listwallets") == ["", "w"]

    play(made(Litecoind, Wallets.read(file)), scene)
    again = Wallets.read(file)
    assert (again.loaded, sorted(again.keys)) == ([""], ["", "w"])


def test_an_ending_komodod_answers_nobody_while_a_call_is_under_way(monkeypatch: pytest.MonkeyPatch) -> None:
    assert komodod.DEATH_SECONDS == 10
    monkeypatch.setattr(komodod, "DEATH_SECONDS", 0.5)

    async def scene(daemon: Any, port: int) -> None:
        await daemon.main.acquire()
        under_way = asyncio.create_task(exchange(port, posted("getblockcount")))
        await asyncio.sleep(0.1)
        end = asyncio.create_task(daemon.end())
        await asyncio.sleep(0.1)
        late = asyncio.create_task(exchange(port, posted("getblockcount")))
        await end
        daemon.main.release()
        assert await under_way == (b"", True)
        assert await late == (b"", True)

    play(made(Komodod), scene)


def test_an_ending_litecoind_answers_what_waits_for_a_block() -> None:
    async def scene(daemon: Any, port: int) -> None:
        under_way = asyncio.create_task(exchange(port, posted("waitfornewblock", 20_000)))
        await asyncio.sleep(0.1)
        await daemon.end()
        found, closed = await under_way
        assert (b"Connection: close" in found, b"height" in found, closed) == (True, True, True)

    play(made(Litecoind), scene)


def test_troubles_come_from_files_and_the_last_one_counts(tmp_path: Path) -> None:
    read = troubles(tmp_path / "shared", tmp_path / "own")
    assert read() == Trouble()
    (tmp_path / "shared").write_text('{"utxos": 4, "slow": 1.0}')
    (tmp_path / "own").write_text('{"slow": 2.0}')
    assert read() == Trouble(utxos=4, slow=2.0)


@BOTH
def test_troubles_show_in_what_a_daemon_says(kind: type[Any]) -> None:
    async def scene(_: Any, port: int) -> None:
        info = await result(port, "getblockchaininfo")
        assert (info["blocks"], info["headers"]) == (HEIGHT - 50, HEIGHT)
        assert len(await result(port, "getpeerinfo")) == 1
        assert len(await result(port, "listunspent")) == 4
        header = await result(port, "getblockheader", info["bestblockhash"])
        assert header["time"] == 1_000_000 - 60 * 50

    trouble = Trouble(behind=50, peers=1, utxos=4, stalled=1_000_000.0)
    play(made(kind, Wallets(keys={"": {PUBKEY: True}}, loaded=[""]), trouble), scene)


@BOTH
def test_a_daemon_that_warms_up_says_so_and_one_that_is_busy_refuses(kind: type[Any]) -> None:
    async def warming(_: Any, port: int) -> None:
        assert (await call(port, "getblockcount"))["error"] == {"code": -28, "message": "Loading block index..."}

    async def busy(_: Any, port: int) -> None:
        assert (await exchange(port, posted("getblockcount")))[0].endswith(b"Work queue depth exceeded")

    play(made(kind, trouble=Trouble(warming="Loading block index...")), warming)
    play(made(kind, trouble=Trouble(busy=True)), busy)
