"""Each chain's limits: its own, else those for all, with the age of its last block by its own time between blocks."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from config.checks import chains
from config.fencing import ChainHealth, Health


def test_a_chain_without_limits_of_its_own_has_those_for_all_and_an_hour_for_its_last_block() -> None:
    assert Health.model_validate({"leastPeers": 2}).limits("CCL", 60) == {
        "least_peers": 2,
        "most_blocks_behind": 5,
        "oldest_block_seconds": 3_600,
        "least_utxos": 5,
    }


def test_a_chain_with_rare_blocks_has_longer() -> None:
    assert Health().limits("LTC", 150)["oldest_block_seconds"] == 9_000
    assert Health.model_validate({"oldestBlockSeconds": 7_200}).limits("LTC", 150)["oldest_block_seconds"] == 7_200


def test_what_a_chain_says_of_itself_counts_zero_too() -> None:
    health = Health.model_validate({"chains": {"RAPH": {"leastPeers": 0, "oldestBlockSeconds": 86_400}}})
    assert health.limits("RAPH", 60) == {
        "least_peers": 0,
        "most_blocks_behind": 5,
        "oldest_block_seconds": 86_400,
        "least_utxos": 5,
    }
    assert health.limits("CCL", 60)["least_peers"] == 3


def test_limits_of_a_chain_that_nobody_knows_are_a_mistake() -> None:
    values = {"failover": {"health": {"chains": {"RAHP": {"leastPeers": 1}}}}}
    (mistake,) = chains(values, ["RAPH"])
    assert (mistake.path, mistake.found) == ("failover.health.chains.RAHP", '"RAHP"')
    with pytest.raises(ValidationError):
        ChainHealth.model_validate({"leastPears": 1})
