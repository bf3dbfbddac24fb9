"""The notary's key comes of its secret as Iguana and komodod make it, and is shown to nobody."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from failover.keys import derive, notary_key, public_of_wif
from failover.settings import SettingsError
from tests.failover.agent_world import World
from tests.failover.coins import base58

# Seed phrases with what komodod's `convertpassphrase` says of them, as public guides print it, and one of the wiki
# page for notaries' operators (KomodoPlatform/komodo, "How to Generate Address and Private Key").
SPOKEN = "can create your own keywords and generate privkey from these whenever needed"
SECRET = "9005f5b2593ab3e662e1330ceca848d62fb2021165c6484ac7037cb4efc5317e"
PUBKEY = "03a3c416d3bafe44448dcb3a56e5dd13db5cc3e6992051a61a2f5675b4796c0d7a"
WIF = "UtqWJyhXjJWYigKyKCm5ML96LvSZFDfZrT2HYXAdGs8byZ3uCMzy"
ADDRESS = "RCna416S62uNVAKMwRuFtmRH2X3xJuTidD"


def test_a_seed_phrase_gives_the_key_that_komodod_makes_of_it() -> None:
    key = derive(SPOKEN)
    assert (key.secret.hex(), key.pubkey, key.wif(ADDRESS)) == (SECRET, PUBKEY, WIF)
    other = derive("your long and secure seed generated with atomicDEX")
    assert other.pubkey == "03b22eeb6cf6408607fddd770abb2ba3bbb64b112a3c626a8e8ac5fb090287c710"
    assert other.wif("RTCqmfQr3e5csyPpRNnLZLbzMcHmcngiSb") == "UvjQFXKynQ2LSMtXeWnHdE79mtXZ7nyGqKwStWxygSyg9EecvRLm"
    of_notaries = derive("myverysecretandstrongpassphrase_noneabletobrute")
    assert of_notaries.pubkey == "02a854251adfee222bede8396fed0756985d4ea905f72611740867c7a4ad6488c1"


def test_a_wif_gives_its_key_whatever_its_network_and_its_last_letter() -> None:
    assert derive(WIF).secret.hex() == SECRET
    assert derive(derive(WIF).wif(base58(bytes([48]) + bytes(20)))).secret.hex() == SECRET
    assert derive(WIF[:-1] + "x").pubkey == PUBKEY  # Iguana checks no checksum [run]


@pytest.mark.parametrize("almost", [WIF[:-3], WIF + "abc", WIF.replace("U", "0"), "a" * 52, WIF.lower()])
def test_what_does_not_look_like_a_wif_is_a_seed_phrase(almost: str) -> None:
    assert derive(almost).pubkey != PUBKEY


@pytest.mark.parametrize(("version", "first"), [(60, "U"), (48, "T"), (0, "KL"), (111, "c")])
def test_each_network_has_a_form_of_the_key_of_its_own(version: int, first: str) -> None:
    wif = derive(SPOKEN).wif(base58(bytes([version]) + bytes(20)))
    assert wif[0] in first
    assert public_of_wif(wif) == PUBKEY


@pytest.mark.parametrize(
    "address", ["", "0OIl", "RCna416S62uNVAKMwRuFtmRH2X3xJuTidE", base58(bytes([200]) + bytes(20))]
)
def test_an_address_of_no_network_gives_no_form(address: str) -> None:
    with pytest.raises(ValueError, match=r"base58|checksum|network") as raised:
        derive(SPOKEN).wif(address)
    assert SECRET not in str(raised.value)


@pytest.mark.parametrize(
    "payload",
    [
        bytes([188]) + bytes.fromhex(SECRET),  # of a public key that is not compressed
        bytes([60]) + bytes.fromhex(SECRET) + b"\1",
        bytes([188]) + bytes.fromhex(SECRET) + b"\2",
        bytes([188]) + bytes(32) + b"\1",
        bytes([188]) + b"\xff" * 32 + b"\1",
        b"",
    ],
)
def test_what_is_no_wif_of_a_compressed_key_has_no_public_key(payload: bytes) -> None:
    assert public_of_wif(base58(payload)) is None


def test_a_key_shows_nothing_of_itself() -> None:
    key = derive(SPOKEN)
    assert SECRET not in repr(key)
    assert str(key.secret) not in repr(key)
    assert key.blotted(f"key '{WIF}' and {SECRET}", WIF) == "key '***' and ***"


def test_the_duties_key_is_read_and_anothers_is_refused_in_one_line_without_it(tmp_path: Path) -> None:
    world = World(tmp_path)
    file = tmp_path / "keys" / "passphrase"
    config = replace(world.config, pubkey=PUBKEY)
    file.write_text(f"{SPOKEN}\n")
    assert notary_key(config).secret.hex() == SECRET
    cases = {
        "another phrase": f"{file}: its public key is {derive('another phrase').pubkey}, expected the duty's, {PUBKEY}",
        " \n": f"{file}: empty, expected the notary's passphrase",
        "1" * 40 + "2Aa" + "1" * 8: f"{file}: no private key comes of it; expected a WIF or a seed phrase",
    }
    for content, sentence in cases.items():
        file.write_text(content)
        with pytest.raises(SettingsError) as raised:
            notary_key(config)
        assert str(raised.value) == sentence


def test_a_checkpoint_masters_key_is_never_one_to_import(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="kind: found checkpoint-master"):
        notary_key(replace(World(tmp_path).config, kind="checkpoint-master"))
