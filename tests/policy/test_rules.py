"""Every rule both ways: the shipped mainnet passes, and each bad change is refused with its remedy."""

from __future__ import annotations

import copy
from dataclasses import replace

import pytest

from policy.rules.catalogue import RULES
from policy.rules.resource import Known, Rule
from tests.policy.bad_changes import (
    BAD,
    SET,
    Change,
    a_chain_that_is_left_out,
    a_pod_on_any_node,
    a_pod_without_its_affinity,
    both_sides_of_a_duty,
)
from tests.policy.world import World, mainnet, rule


def good_world() -> World:
    """The shipped mainnet."""
    return World(mainnet())


@pytest.mark.parametrize("item", RULES, ids=lambda item: item.name)
def test_the_shipped_mainnet_passes(item: Rule) -> None:
    world = good_world()
    assert world.violations(item) == []


@pytest.mark.parametrize(("name", "said", "change"), BAD, ids=lambda value: getattr(value, "__name__", None))
def test_a_bad_change_is_refused_with_its_remedy(name: str, said: str, change: Change) -> None:
    world = good_world()
    change(world)
    found = world.violations(rule(name))
    assert any(said in text for text in found), found


def test_every_rule_has_a_change_that_it_refuses() -> None:
    assert {item.name for item in RULES} == {name for name, _, _ in BAD}
    assert len({item.name for item in RULES}) == len(RULES)


def test_what_a_person_lets_go_by_name_may_go() -> None:
    world = good_world()
    a_chain_that_is_left_out(world)
    world.released = frozenset({"eu-west-alice-eu-main-kmd"})
    assert world.violations(rule("data-not-deleted")) == []


def test_two_of_five_servers_may_go() -> None:
    world = good_world()
    values = copy.deepcopy(world.values)
    for region, server in (("eu-west", 3), ("eu-central", 5)):
        del values["regions"][region]["ensemble"]["servers"][server]
    world.become(values)
    assert world.violations(rule("quorum")) == []


def test_one_side_of_a_duty_may_change_while_the_other_stays() -> None:
    world = good_world()
    world.pod(SET)["terminationGracePeriodSeconds"] = 1
    assert world.violations(rule("candidates-in-turn")) == []


def test_both_sides_of_a_duty_may_change_one_after_another() -> None:
    world = good_world()
    both_sides_of_a_duty(world)
    first, second = (f"StatefulSet {region}-alice-eu-main-kmd" for region in ("eu-central", "eu-west"))
    between = world.after["StatefulSet eu-central-alice-eu-main-signer"]
    world.after[second] = replace(world.after[second], after=frozenset({between.urn}))
    assert world.violations(rule("candidates-in-turn")) != []
    # What stands between need not change itself.
    world.after[f"StatefulSet {between.name}"] = replace(between, after=frozenset({world.after[first].urn}))
    assert world.violations(rule("candidates-in-turn")) == []
    # Another chain's daemon of the second side does not wait.
    world.pod("StatefulSet eu-west-alice-eu-main-ccl")["terminationGracePeriodSeconds"] = 1
    assert world.violations(rule("candidates-in-turn")) != []


def test_a_relaxed_rule_and_a_single_shard_need_no_affinity() -> None:
    for relax in (lambda notary: notary.update(shardsApart=False), lambda notary: notary["duties"].pop("3p")):
        world = good_world()
        a_pod_without_its_affinity(world)
        relax(world.values["notaries"]["alice-eu"])
        assert world.violations(rule("shards-apart")) == []


def test_nodes_need_not_be_dedicated_on_a_testnet() -> None:
    world = good_world()
    a_pod_on_any_node(world)
    world.values["stage"] = "test"
    assert world.violations(rule("dedicated-nodes")) == []


@pytest.mark.parametrize(
    "name", ["data-not-replaced", "data-not-deleted", "quorum", "candidates-in-turn", "fixed-clusters"]
)
def test_where_nobody_told_what_runs_nothing_is_compared(name: str) -> None:
    world = good_world()
    del world.after[SET]
    stack = world.known
    blind = Known(stage=stack.stage, notaries=stack.notaries, regions=stack.regions)
    assert world.violations(rule(name), blind) == []


def test_public_keys_and_references_to_secrets_are_no_secrets() -> None:
    world = good_world()
    pod = world.pod(SET)["containers"][0]
    pod["args"] += ["-pubkey=02eb30b0eeecd84eee5a2f5a1b5e81cc0a654c63e6638d5a4ef8a049d44b46d647", f"-seed={'5' * 51}"]
    assert any(
        "secretKeyRef" in variable.get("valueFrom", {}) for variable in world.pod(SET)["initContainers"][0]["env"]
    )
    assert world.violations(rule("no-plain-secrets")) == []
