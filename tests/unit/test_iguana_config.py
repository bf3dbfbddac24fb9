"""What a stack's file says of Iguana, as its agent gets it."""

from __future__ import annotations

import json
from typing import Any

from components.manifests.failover import agent_config
from config.plan import FleetPlan
from tests.unit.stacks import plan_of, planned, told, values_of

# KomodoPlatform/dPoW 2f846c0, `iguana/coins/*_7776` and `*_7779`: p2p, netmagic.
COIN_FILES = {
    "KMD": (7770, "f9eee48d"),
    "CCL": (20848, "5c31ff66"),
    "CLC": (20931, "5b3df4d7"),
    "GLEEC": (23344, "dce12147"),
    "GLEEC_OLD": (23225, "dd1ac36c"),
    "ILN": (12985, "feb4cb23"),
    "KOIN": (10701, "764c56b6"),
    "MCL": (33824, "4cc8719b"),
    "PIRATE": (45452, "58e0b617"),
    "THC": (36789, "7d59c4bd"),
    "TOKEL": (29404, "d0fdc286"),
}


def agents(plan: FleetPlan) -> dict[str, dict[str, Any]]:
    """By region, the agent's file of the first duty there."""
    return {
        name: json.loads(agent_config(plan, region, region.duties[0]))
        for name, region in plan.regions.items()
        if region.duties
    }


def test_ports_and_magic_are_those_of_the_files_that_notaries_feed_iguana() -> None:
    known = plan_of("mainnet").loaded.chains
    ours = {key: (known[key].p2p, known[key].netmagic) for key in COIN_FILES if key in known}
    assert len(ours) > 8
    assert ours == {key: COIN_FILES[key] for key in ours}


def test_an_agent_gets_the_network_of_each_of_its_chains_and_a_bus_only_where_others_can_call_it() -> None:
    values = values_of("local")
    duty = values["notaries"]["alice-eu"]["duties"]["main"]
    regions = list(duty["candidates"])
    found = agents(planned(values))[regions[0]]
    assert found["bus"] is None
    assert [coin["chain"] for coin in found["coins"]] == [route["chain"] for route in found["routes"]]
    assert {"chain": "KMD", "p2p_port": 7770, "netmagic": "f9eee48d"} in found["coins"]

    for number, region in enumerate(regions):
        duty["candidates"][region]["busAddress"] = f"192.0.2.{10 + number}"
    duty["busNotaries"] = ["192.0.2.20"]
    made = agents(planned(values))
    assert [made[region]["bus"] for region in regions] == [
        {"address": f"192.0.2.{10 + number}", "notaries": ["192.0.2.20"]} for number in range(len(regions))
    ]


def test_a_checkpoint_master_has_neither_bus_nor_coins() -> None:
    plan = plan_of("mainnet")
    masters = [
        json.loads(agent_config(plan, region, duty))
        for region in plan.regions.values()
        for duty in region.duties
        if duty.kind == "checkpoint-master"
    ]
    assert masters
    assert {(master["bus"], tuple(master["coins"])) for master in masters} == {(None, ())}


def test_an_address_that_nobody_can_call_and_a_bus_without_one_are_mistakes() -> None:
    values = values_of("local")
    duty = values["notaries"]["alice-eu"]["duties"]["main"]
    duty["busNotaries"] = ["192.0.2.20"]
    assert "expected busAddress for each candidate beside busNotaries" in told(values)[0]
    for candidate in duty["candidates"].values():
        candidate["busAddress"] = "127.0.0.1"
    duty["busNotaries"] = ["::1"]
    lines = told(values)
    assert len(lines) == 1 + len(duty["candidates"])
    assert all("expected an IPv4 address that others can call, such as 192.0.2.10" in line for line in lines)


def test_iguana_is_told_its_list_of_notaries_and_called_where_it_then_listens() -> None:
    told = {
        (duty.shard, duty.bus_port): json.loads(agent_config(plan, region, duty))["signer"]
        for plan in (plan_of("mainnet"), plan_of("testnet"))
        for region in plan.regions.values()
        for duty in region.duties
        if duty.kind == "iguana"
    }
    said = {key: (signer["command"], signer["api_port"]) for key, signer in told.items()}
    assert {port: said_of for (_, port), said_of in said.items()} == {
        13848: (["iguana", "notary"], 7776),
        13845: (["iguana", "3rd_party"], 7779),
        17762: (["iguana", "testnet"], 7779),
    }
