"""Ports and magic of assetchains, derived from their parameters alone."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.ports import derive_ports
from config.registry import load_registry
from tests.recording import ROOT

# What live daemons listen on: dPoW's registry, komodo's own test vectors, and the magic of MCL and TOKEL on the wire.
LIVE_P2P = {
    "CCL": 20848,
    "CLC": 20931,
    "GLEEC": 23344,
    "GLEEC_OLD": 23225,
    "ILN": 12985,
    "KOIN": 10701,
    "PIRATE": 45452,
    "THC": 36789,
    "BCZERO": 45833,
    "RAPH": 30260,
    "MDX": 18481,
    "MCL": 33824,
    "TOKEL": 29404,
}
TEST_CHAIN = {"ac_supply": "90000000000", "ac_reward": "100000000", "ac_cc": "3", "ac_staked": "10"}
ERA7 = {
    "ac_supply": "7777777",
    "ac_reward": "700000000,600000000,500000000,400000000,300000000,200000000,0",
    "ac_staked": "100",
    "ac_eras": "7",
    "ac_end": "1000000,2000000,3000000,4000000,5000000,6000000,0",
    "ac_cc": "2",
    "ac_ccenable": "229,236,240",
    "ac_cbmaturity": "1",
    "ac_sapling": "1",
}


def test_every_chain_of_the_shipped_registry_has_the_ports_of_its_live_daemons() -> None:
    found = {chain.key: chain for chain in load_registry(ROOT / "registry" / "assetchains.json")}
    assert {key: chain.p2p for key, chain in found.items()} == LIVE_P2P
    assert all(chain.rpc == chain.p2p + 1 for chain in found.values())


@pytest.mark.parametrize(
    ("name", "parameters", "p2p"),
    [("DOC", TEST_CHAIN, 62415), ("MARTY", TEST_CHAIN, 52592), ("ERA7", ERA7, 37332)],
)
def test_a_known_vector_comes_out(name: str, parameters: dict[str, str], p2p: int) -> None:
    assert derive_ports(name, parameters).p2p == p2p


@pytest.mark.parametrize(("key", "signed"), [("CCL", 1728000348), ("CLC", -671859365), ("KOIN", -1235858314)])
def test_the_magic_is_the_daemons_own_as_an_unsigned_number(key: str, signed: int) -> None:
    found = {chain.key: chain for chain in load_registry(ROOT / "registry" / "assetchains.json")}
    assert found[key].magic == signed % 2**32


@given(st.from_regex(r"[A-Z0-9]{1,32}", fullmatch=True), st.integers(0, 90_000_000_000))
def test_a_plain_chain_is_below_16000_and_any_parameter_moves_it_above(name: str, supply: int) -> None:
    plain = derive_ports(name, {"ac_supply": str(supply)})
    assert 8_000 <= plain.p2p <= 15_776
    assert plain.rpc == plain.p2p + 1
    other = derive_ports(name, {"ac_supply": str(supply), "ac_reward": "1"})
    assert 16_000 <= other.p2p <= 65_499


@given(st.dictionaries(st.sampled_from(["addnode", "datadir", "addressindex", "earlytxid"]), st.text(max_size=20)))
def test_options_that_are_no_parameters_of_the_chain_move_nothing(others: dict[str, str]) -> None:
    assert derive_ports("CCL", {**TEST_CHAIN, **others}) == derive_ports("CCL", TEST_CHAIN)


CHANGES = {
    "ac_supply": "11",
    "ac_reward": "5",
    "ac_end": "7",
    "ac_public": "1",
    "ac_blocktime": "61",
    "ac_halving": "9",
    "ac_private": "1",
    "ac_snapshot": "1440",
    "ac_adaptivepow": "6",
    "ac_marmara": "1",
    "ac_cbmaturity": "1",
    "ac_staked": "11",
    "ac_notarypay": "3",
    "ac_eras": "2",
    "ac_txpow": "1",
}


@pytest.mark.parametrize(("key", "value"), CHANGES.items())
def test_each_parameter_of_a_chain_moves_its_magic(key: str, value: str) -> None:
    base = {"ac_supply": "10", "ac_staked": "10", "ac_reward": "3"}
    assert derive_ports("X", {**base, key: value}).magic != derive_ports("X", base).magic


def test_a_commission_without_a_receiver_counts_for_nothing() -> None:
    assert derive_ports("X", {"ac_perc": "5", "ac_founders": "1"}) == derive_ports("X", {})
    receiver = {"ac_pubkey": "02" + "11" * 32}
    assert derive_ports("X", {"ac_perc": "5", **receiver}) != derive_ports("X", receiver)
