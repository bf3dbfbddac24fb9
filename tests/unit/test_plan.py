"""What follows from a configuration, for any configuration: placement, names, and what a change leaves alone."""

from __future__ import annotations

import copy
import json
import random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from components.manifests.fleet import pem_shown, region_objects, secret_shown
from config.plan import FleetPlan
from tests.unit.stacks import plan_of, planned, values_of

REGIONS = ("eu-central", "eu-west", "na-east")
CHAINS = ("CCL", "GLEEC", "GLEEC_OLD", "LTC", "MCL", "THC")
PUBKEY = values_of("local")["notaries"]["alice-eu"]["duties"]["main"]["pubkey"]
slowly = settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])


@st.composite
def duties(draw: st.DrawFn) -> dict[str, Any]:
    """A duty with any chains, in any regions, with any different priorities."""
    regions = draw(st.lists(st.sampled_from(REGIONS), min_size=1, unique=True))
    priorities = draw(st.lists(st.integers(1, 100), min_size=len(regions), max_size=len(regions), unique=True))
    ranked = zip(regions, priorities, strict=True)
    return {
        "pubkey": PUBKEY,
        "keys": {"secretName": "some-keys"},
        "chains": ["KMD", *draw(st.lists(st.sampled_from(CHAINS), unique=True))],
        "busPort": draw(st.integers(13_000, 13_999)),
        "candidates": {region: {"priority": priority} for region, priority in ranked},
    }


NAMES = st.sampled_from(["alice-eu", "bob-na", "carol", "dave-sh"])
NOTARIES = st.dictionaries(
    NAMES, st.dictionaries(st.sampled_from(["main", "3p", "4th"]), duties(), min_size=1), min_size=1
)


def with_notaries(notaries: dict[str, dict[str, Any]]) -> dict[str, Any]:
    values = values_of("local")
    for region in values["regions"].values():
        region["area"] = "EU"
    values["notaries"] = {
        name: {"kind": "iguana", "electedRegion": "EU", "shardsApart": False, "duties": found}
        for name, found in notaries.items()
    }
    return values


def objects(plan: FleetPlan) -> dict[str, str]:
    """Every object by its logical name and kind, as text."""
    return {
        f"{manifest['kind']} {name}": json.dumps(manifest)
        for region in plan.regions.values()
        for name, manifest in region_objects(plan, region, secret_shown, pem_shown)
    }


@slowly
@given(NOTARIES)
def test_every_candidate_stands_where_it_was_put_with_all_of_its_chains(notaries: dict[str, Any]) -> None:
    plan = planned(with_notaries(notaries))
    wanted = {
        (region, name, shard, duty["candidates"][region]["priority"], tuple(duty["chains"]))
        for name, found in notaries.items()
        for shard, duty in found.items()
        for region in duty["candidates"]
    }
    assert wanted == {
        (region.name, duty.notary, duty.shard, duty.priority, tuple(d.chain.key for d in region.daemons_of(duty)))
        for region in plan.regions.values()
        for duty in region.duties
    }


def shuffled(value: Any, chance: random.Random) -> Any:
    """The same mappings with their keys in another order."""
    if isinstance(value, dict):
        keys = list(value)
        chance.shuffle(keys)
        return {key: shuffled(value[key], chance) for key in keys}
    return value


@slowly
@given(NOTARIES, st.randoms(use_true_random=False))
def test_the_order_of_keys_means_nothing(notaries: dict[str, Any], chance: random.Random) -> None:
    values = with_notaries(notaries)
    assert objects(planned(values)) == objects(planned(shuffled(values, chance)))


@slowly
@given(NOTARIES, st.data())
def test_what_is_added_changes_no_other_notarys_objects(notaries: dict[str, Any], data: st.DataObject) -> None:
    before = objects(planned(with_notaries(notaries)))
    more = copy.deepcopy(notaries)
    more["eve"] = {"main": data.draw(duties())}
    after = objects(planned(with_notaries(more)))
    changed = {key for key, text in before.items() if after.get(key) != text}
    assert {key.split(" ")[0] for key in changed} <= {"NetworkPolicy"}
    # A region's first daemons bring its policies along, and the certificates that its clients, gates and agents share.
    secrets = ("zookeeper-client", "gates-tls", "agents-tls")
    shared = tuple(f"Secret {region}-{secret}" for region in REGIONS for secret in secrets)
    assert all("eve" in key or "NetworkPolicy" in key or key in shared for key in set(after) - set(before))


@slowly
@given(NOTARIES)
def test_no_two_objects_share_a_name(notaries: dict[str, Any]) -> None:
    plan = planned(with_notaries(notaries))
    for region in plan.regions.values():
        names = [(m["kind"], m["metadata"]["name"]) for _, m in region_objects(plan, region, secret_shown, pem_shown)]
        assert len(names) == len(set(names))


@pytest.mark.parametrize("stack", ["local", "testnet", "mainnet"])
def test_a_region_knows_of_the_others_through_the_ensemble_alone(stack: str) -> None:
    """A changed daemon size in one region's duty leaves the other regions' objects as they are."""
    values = values_of(stack)
    region = next(iter(values["regions"]))
    values["regions"][region]["nodeSelector"] = {"dedicated": "notary"}
    before, after = objects(plan_of(stack)), objects(planned(values))
    changed = {key.split(" ")[1] for key in before if after[key] != before[key]}
    assert changed
    assert all(name.startswith(f"{region}-") for name in changed)
