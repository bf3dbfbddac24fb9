"""The registry as operators know it, and every mistake in one that is wrong."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.mistakes import ConfigError
from config.registry import load_registry, parse_registry
from tests.recording import ROOT


def mistakes(text: str) -> list[str]:
    """The mistakes of a registry's text, as an operator reads them."""
    with pytest.raises(ConfigError) as caught:
        parse_registry(text, "r.json")
    return [str(item) for item in caught.value.mistakes]


def entry(**values: Any) -> str:
    return json.dumps([{"ac_name": "CCL", **values}])


def test_gleec_is_listed_twice_and_told_apart_by_its_datadir() -> None:
    keys = [chain.key for chain in load_registry(ROOT / "registry" / "assetchains.json")]
    assert {"GLEEC", "GLEEC_OLD"} <= set(keys)
    assert len(keys) == len(set(keys))


def test_flags_are_the_entrys_options_in_order_a_list_as_one_flag_each() -> None:
    (chain,) = parse_registry(entry(ac_supply="5", addnode=["a.example.net", "1.2.3.4"]), "r.json")
    assert chain.flags == ("-ac_name=CCL", "-ac_supply=5", "-addnode=a.example.net", "-addnode=1.2.3.4")


def test_numbers_may_stand_in_place_of_text() -> None:
    assert parse_registry(entry(ac_supply=5), "r.json") == parse_registry(entry(ac_supply="5"), "r.json")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "r.json: found an empty file, expected a JSON list"),
        ("{", "r.json:1:2: found expecting property name"),
        ("[]", "r.json: found an empty list"),
        ("{}", "r.json: found an object"),
        ('["CCL"]', "r.json[0]: found text, expected an object"),
        ("[" * 100_000, "r.json: found lists in lists without end"),
        ("[" + "9" * 5000 + "]", "r.json: found a number of over 4300 digits"),
        (entry(ac_supply="100000000,"), 'ac_supply (CCL): found "100000000,", expected a whole number'),
        (entry(ac_supply=True), "ac_supply (CCL): found true or false"),
        (entry(ac_supply=1.5), "ac_supply (CCL): found 1.5"),
        (entry(ac_end="1,,2"), 'ac_end (CCL): found "1,,2", expected whole numbers, one per era'),
        (entry(ac_reward="1,"), 'ac_reward (CCL): found "1,"'),
        (entry(ac_pubkey="04ff"), "ac_pubkey (CCL): found"),
        (entry(ac_script="2ea"), "ac_script (CCL): found"),
        (entry(ac_beam="1"), "ac_beam (CCL): found"),
        (entry(rpcpassword="x"), "rpcpassword (CCL): found"),
        (entry(walletnotify="curl evil"), "walletnotify (CCL): found"),
        (entry(addnode="1.2.3.4"), "addnode (CCL): found text, expected a list"),
        (entry(addnode=["-evil"]), 'addnode (CCL): found "-evil"'),
        (entry(datadir="/"), "datadir (CCL): found"),
        (json.dumps([{"ac_supply": "1"}]), "ac_name: found nothing"),
        (json.dumps([{"ac_name": "ccl"}]), 'ac_name: found "ccl"'),
        (json.dumps([{"ac_name": "VRSC"}]), "expected no VRSC"),
        (json.dumps([{"ac_name": "KMD"}]), "this coin is known without a registry"),
        (json.dumps([{"ac_name": "CCL"}, {"ac_name": "CCL"}]), "found the chain CCL twice"),
        ('[{"ac_name": "CCL", "ac_cc": "1", "ac_cc": "2"}]', "ac_cc (CCL): found the key twice"),
        (entry(ac_perc="1", ac_founders_reward="1", ac_pubkey="02" + "11" * 32), "found a commission with"),
    ],
)
def test_a_wrong_registry_is_told_in_one_sentence(text: str, told: str) -> None:
    found = mistakes(text)
    assert len(found) == 1
    assert told in found[0]


def test_all_mistakes_of_a_registry_come_at_once() -> None:
    text = json.dumps([{"ac_name": "CCL", "ac_supply": "1,"}, {"ac_name": "ILN", "ac_end": "x"}, 7])
    assert len(mistakes(text)) == 3


def test_a_registry_of_ten_megabytes_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "r.json"
    path.write_text(entry(ac_supply="1") + " " * 10_000_000)
    with pytest.raises(ConfigError, match="at most 1 MiB"):
        load_registry(path, "r.json")


def test_a_file_that_is_not_there_or_no_text_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no such file"):
        load_registry(tmp_path / "missing.json", "missing.json")
    (tmp_path / "bytes.json").write_bytes(b"\xff\xfe[]")
    with pytest.raises(ConfigError, match="text in UTF-8"):
        load_registry(tmp_path / "bytes.json", "bytes.json")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
)
KEYS = st.sampled_from(["ac_name", "ac_supply", "ac_end", "ac_ccenable", "addnode", "datadir", "ac_pubkey", "pubkey"])


@given(st.lists(st.dictionaries(KEYS | st.text(max_size=8), JSON, max_size=6) | JSON, max_size=4))
def test_whatever_json_comes_it_is_read_or_told_never_a_traceback(value: list[Any]) -> None:
    try:
        assert parse_registry(json.dumps(value), "r.json")
    except ConfigError as error:
        assert error.mistakes
        assert all("\n" not in str(item) for item in error.mistakes)


@given(st.text(max_size=200))
def test_whatever_text_comes_it_is_told(text: str) -> None:
    with pytest.raises(ConfigError):
        parse_registry(text, "r.json")
