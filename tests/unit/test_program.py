"""The whole program under mocks: what it registers, and what it refuses."""

from __future__ import annotations

import json

import pulumi
import pytest

from fleet.project import program_of
from tests.recording import ROOT, configured, record

MAIN = (ROOT / "__main__.py").read_text()


def test_a_mistake_in_the_configuration_ends_the_program_before_anything_is_registered() -> None:
    config = configured("testnet")
    config["notary:stage"] = "prod"
    del config["notary:rpc"]
    with pytest.raises(pulumi.RunError) as caught:
        record(program_of(ROOT), "testnet", config)
    lines = str(caught.value).splitlines()
    assert [line.split(":")[1] for line in lines] == ["rpc", "stage"]


@pytest.mark.parametrize("text", ["", "[x", "{", "2026"])
def test_a_plain_value_that_looks_like_json_is_a_mistake_and_no_traceback(text: str) -> None:
    config = {**configured("testnet"), "notary:namespace": text}
    with pytest.raises(pulumi.RunError) as caught:
        record(program_of(ROOT), "testnet", config)
    assert str(caught.value).startswith("notary:namespace: found")


def test_a_secret_by_its_key_reaches_the_program_as_a_secret() -> None:
    config = configured("testnet")
    config["notary:rpc"] = json.dumps({"config": "rpcPassword"})
    config["notary:rpcPassword"] = "correct-horse"
    created = record(program_of(ROOT), "testnet", config, ["notary:rpcPassword"]).created
    assert "correct-horse" not in repr(created)
    secrets = [item for item in created if item.type.endswith(":Secret") and item.name.endswith("-fleet-rpc")]
    assert len(secrets) == 3
    assert "<secret>" in repr(secrets[0].inputs)


def test_a_secret_that_is_not_marked_as_one_is_a_mistake() -> None:
    config = configured("testnet")
    config["notary:rpc"] = json.dumps({"config": "rpcPassword"})
    config["notary:rpcPassword"] = "correct-horse"
    with pytest.raises(pulumi.RunError) as caught:
        record(program_of(ROOT), "testnet", config)
    assert "notary:rpcPassword: found" in str(caught.value)
    assert "correct-horse" not in str(caught.value)


def test_the_program_is_a_table_of_contents() -> None:
    assert len(MAIN.splitlines()) <= 60
