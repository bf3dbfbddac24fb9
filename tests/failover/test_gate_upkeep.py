"""Which calls pass without an epoch: the duty's own key alone, in exactly the forms that daemons take."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from config.failover import GateConfig
from failover import wire
from failover.gate.calls import parse
from failover.gate.upkeep import is_upkeep
from failover.keys import NotaryKey, derive, public
from failover.wire import DUTY_HEADER
from tests.failover.coins import base58
from tests.failover.gate_world import DUTY, World, error, run, until, world

OWN, OTHER = derive("the duty's own"), derive("somebody else's")
KMD = "RCna416S62uNVAKMwRuFtmRH2X3xJuTidD"
NETWORKS = (60, 48, 0, 111)  # KMD and assetchains, LTC, BTC, regtest
WIF, OTHERS = OWN.wif(KMD), OTHER.wif(KMD)
SCRIPT = "6a080123456789abcdef"


def passes(method: str, params: Any, pubkey: str = OWN.pubkey) -> bool:
    return is_upkeep(parse(json.dumps({"id": 1, "method": method, "params": params}).encode()), pubkey)


def descriptor(text: str = f"combo({WIF})#abcdefgh", **fields: Any) -> list[list[dict[str, Any]]]:
    return [[{"desc": text, "timestamp": 0, **fields}]]


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("more", [[], [""], ["", True], ["", False]])
def test_the_own_key_passes_in_every_networks_form(network: int, more: list[Any]) -> None:
    assert passes("importprivkey", [OWN.wif(address(network)), *more])
    assert not passes("importprivkey", [OTHER.wif(address(network)), *more])


@pytest.mark.parametrize(
    "params",
    [
        [],
        [None],
        [WIF, None],
        [WIF, "a label"],
        [WIF, "", "true"],
        [WIF, "", 1],
        [WIF, "", True, 0],  # komodod: from a height
        [WIF, "", True, 0, 188],  # komodod: of another coin's WIF, which makes another key of it
        [WIF + " "],
        [WIF[:-1]],
        [WIF[:-1] + ("1" if WIF[-1] != "1" else "2")],  # its checksum is wrong
        [OWN.secret.hex()],
        [OWN.pubkey],
        [[WIF]],
        {"privkey": WIF},
        WIF,
        None,
    ],
)
def test_any_other_form_of_an_import_needs_the_epoch(params: Any) -> None:
    assert not passes("importprivkey", params)


def test_descriptors_of_the_own_key_pass() -> None:
    for form in ("combo", "pk", "pkh", "wpkh"):
        assert passes("importdescriptors", descriptor(f"{form}({WIF})#abcdefgh"))
    assert passes("importdescriptors", descriptor(timestamp="now", label=""))
    assert passes("importdescriptors", [descriptor()[0] * 4])


@pytest.mark.parametrize(
    "params",
    [
        [],
        [[]],
        [descriptor()[0] * 5],
        [*descriptor(), {}],
        [[*descriptor()[0], *descriptor(f"combo({OTHERS})#abcdefgh")[0]]],  # one other among own ones
        descriptor(f"combo({OTHERS})#abcdefgh"),
        descriptor(f"combo({WIF})"),
        descriptor(f"combo({WIF}/0/*)#abcdefgh"),
        descriptor(f"sh(wpkh({WIF}))#abcdefgh"),
        descriptor(f"multi(1,{WIF},{OTHERS})#abcdefgh"),
        descriptor(f"wpkh({OWN.pubkey})#abcdefgh"),
        descriptor("raw(51)#abcdefgh"),
        descriptor(active=True),
        descriptor(range=[0, 1]),
        descriptor(internal=True),
        descriptor(label="x"),
        descriptor(timestamp=True),
        descriptor(timestamp=-1),
        descriptor(timestamp=None),
        [[f"combo({WIF})#abcdefgh"]],
        {"requests": descriptor()[0]},
    ],
)
def test_any_other_descriptor_needs_the_epoch(params: Any) -> None:
    assert not passes("importdescriptors", params)


def test_a_rescan_passes_in_the_two_forms_that_daemons_have() -> None:
    assert passes("rescanblockchain", [])
    assert passes("importaddress", [SCRIPT, "", True])
    for method, params in (
        ("rescanblockchain", [0]),
        ("rescanblockchain", None),
        ("importaddress", [KMD, "", True]),  # an address that somebody could pay to
        ("importaddress", ["76a914" + "00" * 20 + "88ac", "", True]),
        ("importaddress", [SCRIPT + "00", "", True]),
        ("importaddress", [SCRIPT.upper(), "", True]),
        ("importaddress", [SCRIPT, "", False]),
        ("importaddress", [SCRIPT, "", True, True]),
        ("importaddress", [SCRIPT, "x", True]),
    ):
        assert not passes(method, params)


@pytest.mark.parametrize(
    "method", ["importpubkey", "importwallet", "z_importkey", "sethdseed", "sendtoaddress", "ImportPrivKey"]
)
def test_no_other_method_passes_whatever_it_is_given(method: str) -> None:
    assert not passes(method, [WIF, "", True])


def test_without_a_public_key_in_its_file_a_gate_lets_no_import_pass() -> None:
    assert not passes("importprivkey", [WIF], pubkey="")
    assert not passes("rescanblockchain", [], pubkey="")


def test_a_batch_never_passes() -> None:
    own = {"id": 1, "method": "importprivkey", "params": [WIF, "", True]}
    for others in ([], [own], [{"id": 2, "method": "getinfo"}], [{"id": 2, "method": "sendmany"}]):
        assert not is_upkeep(parse(json.dumps([own, *others]).encode()), OWN.pubkey)


def test_a_calls_parameters_stand_in_no_text_of_it() -> None:
    request = parse(json.dumps({"id": 1, "method": "importprivkey", "params": [WIF]}).encode())
    assert WIF not in repr(request)


@given(some.binary(min_size=32, max_size=32), some.integers(0, 127))
def test_of_all_keys_the_own_one_passes(secret: bytes, version: int) -> None:
    try:
        pubkey = public(secret)
    except ValueError:
        return
    key = NotaryKey(secret=secret, pubkey=pubkey)
    wif = key.wif(address(version))
    assert passes("importprivkey", [wif, "", True], pubkey=pubkey)
    assert not passes("importprivkey", [wif, "", True])


def address(version: int) -> str:
    """Of the network whose addresses begin with this byte."""
    return base58(bytes([version]) + bytes(20))


async def ask(it: World, call: dict[str, Any], duty: str | None = DUTY) -> Any:
    _, found = await it.raw(json.dumps(call).encode(), **({DUTY_HEADER: duty} if duty else {}))
    return found


def knowing_the_key(config: GateConfig) -> GateConfig:
    return replace(config, pubkey=OWN.pubkey)


IMPORT = {"id": 1, "method": "importprivkey", "params": [WIF, "", True]}


def test_the_gate_lets_the_own_key_through_without_an_epoch_to_whoever_names_the_duty(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async def test() -> None:
        async with world(tmp_path, change=knowing_the_key) as it:
            it.verdicts.epoch = None  # nobody holds the duty
            assert (await ask(it, IMPORT))["result"] == "done"
            for duty in (None, "nutella.3p"):
                assert error(await ask(it, IMPORT, duty))[0] == wire.REFUSED
            assert error(await ask(it, IMPORT | {"params": [OTHERS, "", True]}))[0] == wire.REFUSED
            assert error(await ask(it, {"id": 1, "method": "createwallet", "params": [""]}))[0] == wire.FORBIDDEN
            assert it.daemon.executed == ["importprivkey"]

    run(test)
    printed = capsys.readouterr().out
    assert "importprivkey" in printed
    assert WIF not in printed


def test_one_import_at_a_time_and_it_goes_on_when_its_caller_has_left(tmp_path: Path) -> None:
    async def test() -> None:
        async with world(tmp_path, change=knowing_the_key) as it:
            it.daemon.hold = asyncio.Event()
            first = asyncio.create_task(ask(it, IMPORT))
            await until(lambda: len(it.daemon.executed) == 1)
            first.cancel()
            await asyncio.gather(first, return_exceptions=True)
            code, message = error(await ask(it, IMPORT))
            assert code == wire.OVERLOADED
            assert "under way since" in message
            it.daemon.hold.set()
            async with asyncio.timeout(5):
                while (await ask(it, IMPORT))["error"]:
                    await asyncio.sleep(0.01)
            assert it.daemon.executed == ["importprivkey"] * 2

    run(test)
