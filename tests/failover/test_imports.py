"""A key comes into a wallet with its coins, for each kind of daemon, whatever becomes of the answers."""

from __future__ import annotations

import asyncio
from typing import Any

import aiohttp
import pytest

from failover import wire
from failover.imports import LATER, Brought, bring
from failover.keys import derive
from failover.wallets import ImportFailedError
from failover.wire import CallError
from tests.failover.wallet_double import BITCOIND, KOMODOD, LITECOIND, WalletDouble

KEY = derive("a notary's")
KINDS = [KOMODOD, LITECOIND, BITCOIND]
IMPORTS = {"importprivkey", "importdescriptors", "rescanblockchain", "importaddress"}


async def at_once(_: float) -> None:
    await asyncio.sleep(0)


def brought(wallet: WalletDouble, **given: Any) -> Brought:
    return asyncio.run(asyncio.wait_for(bring(wallet.ask, KEY, pause=at_once, **given), 10))


def double(kind: str, *failures: Exception, **given: Any) -> WalletDouble:
    return WalletDouble(kind=kind, pubkey=KEY.pubkey, failures=list(failures), **given)


def changes(wallet: WalletDouble) -> list[str]:
    return [method for method in wallet.methods if method in IMPORTS]


@pytest.mark.parametrize(
    ("kind", "method"), [(KOMODOD, "importprivkey"), (LITECOIND, "importprivkey"), (BITCOIND, "importdescriptors")]
)
def test_a_key_is_imported_with_its_coins_in_the_form_that_the_wallet_takes(kind: str, method: str) -> None:
    wallet = double(kind)
    assert brought(wallet) is Brought.IMPORTED
    assert (wallet.key, wallet.seen, changes(wallet)) == (True, True, [method])


@pytest.mark.parametrize("kind", KINDS)
def test_a_key_that_is_there_is_left_alone(kind: str) -> None:
    wallet = double(kind, key=True)
    assert brought(wallet) is Brought.NOTHING
    assert changes(wallet) == []


@pytest.mark.parametrize(
    ("kind", "methods"),
    [
        (KOMODOD, ["rescanblockchain", "importaddress"]),
        (LITECOIND, ["rescanblockchain"]),
        (BITCOIND, ["rescanblockchain"]),
    ],
)
def test_a_rescan_that_is_forced_finds_the_coins_of_a_key_that_was_imported_without(
    kind: str, methods: list[str]
) -> None:
    wallet = double(kind, key=True)
    assert brought(wallet, again=True) is Brought.RESCANNED
    assert (wallet.seen, changes(wallet)) == (True, methods)


@pytest.mark.parametrize("code", sorted(LATER))
@pytest.mark.parametrize("kind", KINDS)
def test_what_passes_by_itself_is_tried_again_until_the_coins_are_known(kind: str, code: int) -> None:
    wallet = double(kind, CallError(code, "LTC: not now"), key_stays=False)
    brought(wallet)
    assert (wallet.key, wallet.seen) == (True, True)


@pytest.mark.parametrize(
    "failure",
    [
        CallError(wire.UNREACHABLE, "gate: the daemon gave no answer: the call was sent"),
        CallError(wire.GONE, "gate: the daemon refuses connections"),
        CallError(-1, "LTC importprivkey: Rescan aborted by user."),
        CallError(-4, "LTC importprivkey: Error adding key to wallet"),
    ],
)
@pytest.mark.parametrize("kind", KINDS)
def test_a_rescan_that_was_broken_off_is_done_anew(kind: str, failure: Exception) -> None:
    """The key is in the wallet by then, and a part of its coins."""
    wallet = double(kind, failure)
    brought(wallet)
    assert (wallet.key, wallet.seen) == (True, True)


@pytest.mark.parametrize("failure", [aiohttp.ServerDisconnectedError(), TimeoutError()])
def test_an_answer_that_the_way_lost_is_not_asked_for_by_another_import(failure: Exception) -> None:
    """Its gate goes on with it; the daemon answers nothing, or says that it scans, until it is through."""
    wallet = double(LITECOIND, failure)

    async def play() -> Brought:
        bringing = asyncio.create_task(bring(wallet.ask, KEY, pause=at_once))
        while not changes(wallet):
            await asyncio.sleep(0)
        wallet.scanning = [0.1, 0.5, 0.9]
        return await asyncio.wait_for(bringing, 10)

    assert asyncio.run(play()) is Brought.IMPORTED
    assert changes(wallet) == ["importprivkey"]
    assert not wallet.scanning


def test_a_rescan_that_somebody_else_began_is_waited_for() -> None:
    wallet = double(LITECOIND, key=True, scanning=[0.2, 0.8])
    assert brought(wallet) is Brought.NOTHING
    assert (wallet.scanning, changes(wallet)) == ([], [])


@pytest.mark.parametrize("kind", KINDS)
def test_a_refusal_ends_it_with_the_daemons_reason(kind: str) -> None:
    wallet = double(kind, CallError(-13, "LTC importprivkey: Please enter the wallet passphrase"), key_stays=False)
    with pytest.raises(ImportFailedError, match="Please enter the wallet passphrase"):
        brought(wallet)


@pytest.mark.parametrize("kind", KINDS)
def test_an_error_that_repeats_the_key_is_blotted(kind: str) -> None:
    wallet = double(kind, key_stays=False)
    wif = KEY.wif(wallet.address)
    wallet.failures = [CallError(-5, f"LTC importdescriptors: key '{wif}' is not valid")]
    with pytest.raises(ImportFailedError) as raised:
        brought(wallet)
    assert str(raised.value) == "LTC importdescriptors: key '***' is not valid"


def test_a_descriptor_that_is_refused_in_the_answer_is_a_refusal() -> None:
    wallet = double(BITCOIND)
    wif = KEY.wif(wallet.address)

    async def ask(method: str, *params: Any) -> Any:
        if method == "importdescriptors":
            return [{"success": False, "error": {"code": -5, "message": f"Missing checksum of combo({wif})"}}]
        return await wallet.ask(method, *params)

    with pytest.raises(ImportFailedError) as raised:
        asyncio.run(bring(ask, KEY, pause=at_once))
    assert "Missing checksum of combo(***)" in str(raised.value)
    assert raised.value.__cause__ is None
