"""Registries and notaries as they were published, where a folder with them lies beside the checkout."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from config.registry import load_registry
from config.types import compressed_point
from tests.recording import ROOT
from tests.unit.stacks import SHIPPED, plan_of
from tests.unit.test_ports import LIVE_P2P

DATA = ROOT.parent / "shared" / "data"
pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="no folder of published registries beside the checkout")


def texts(value: Any) -> Iterator[str]:
    """Every text within a value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from texts(item)


def test_every_registry_that_was_ever_in_force_is_read_as_it_is() -> None:
    files = sorted((DATA / "registry").glob("assetchains*.json"))
    assert len(files) >= 4
    for path in files:
        assert len(load_registry(path)) == len(json.loads(path.read_text())), path.name


def test_the_current_registry_has_the_ports_of_live_daemons_and_ours_has_its_parameters() -> None:
    real = {chain.key: chain for chain in load_registry(DATA / "registry" / "assetchains.json")}
    ours = {chain.key: chain for chain in load_registry(ROOT / "registry" / "assetchains.json")}
    assert {key: chain.p2p for key, chain in real.items()}.items() <= LIVE_P2P.items()
    for key, chain in real.items():
        assert (ours[key].magic, ours[key].parameters) == (chain.magic, chain.parameters), key


def test_every_elected_notarys_public_key_is_taken_and_no_shipped_stack_uses_one() -> None:
    listed = json.loads((DATA / "notaries" / "notary_pubkeys.json").read_text())
    keys = {text for text in texts(listed) if len(text) == 66}
    assert len(keys) > 64
    assert {key for key in keys if compressed_point(key.lower()) != key.lower()} == set()
    used = {duty.pubkey for stack in SHIPPED for region in plan_of(stack).regions.values() for duty in region.duties}
    assert not used & {key.lower() for key in keys}
