"""The three shipped stacks: realistic, complete, without a secret, and planned as they are."""

from __future__ import annotations

import os
import re
from collections import Counter

import jsonschema
import pytest
import yaml

from components.manifests.fleet import pem_shown, region_objects, secret_shown
from config.load import load_stack, stack_file
from config.schema import stack_schema
from fleet.project import program_of
from tests.recording import ROOT, Created, configured, record
from tests.unit.stacks import SHIPPED, plan_of

CHAINS_2026 = {"CCL", "CLC", "GLEEC", "GLEEC_OLD", "ILN", "KOIN", "PIRATE", "THC", "BCZERO", "RAPH", "MDX"}


def chains_of(stack: str, notary: str, shard: str) -> set[str]:
    regions = plan_of(stack).regions.values()
    duties = [(region, duty) for region in regions for duty in region.duties]
    mine = [item for item in duties if (item[1].notary, item[1].shard) == (notary, shard)]
    return {daemon.chain.key for region, duty in mine for daemon in region.daemons_of(duty)}


@pytest.mark.parametrize("stack", SHIPPED)
def test_it_loads_and_says_nothing(stack: str) -> None:
    assert load_stack(ROOT, stack).name == stack


@pytest.mark.parametrize("stack", SHIPPED)
def test_it_fits_the_schema_that_editors_use(stack: str) -> None:
    document = yaml.safe_load(stack_file(ROOT, stack).read_text())
    validator = jsonschema.Draft202012Validator(stack_schema())
    assert list(validator.iter_errors(document)) == []
    document["config"]["notary:regionz"] = {}
    assert [error.message for error in validator.iter_errors(document)]


def test_the_testnet_has_ten_seats_of_three_chains() -> None:
    notaries = plan_of("testnet").loaded.stack.notaries
    assert len(notaries) == 10
    assert {notary.kind for notary in notaries.values()} == {"iguana"}
    for name in notaries:
        assert chains_of("testnet", name, "main") == {"KMD", "DOC", "MARTY"}


def test_the_mainnet_has_main_and_3p_and_the_masters_of_checkpoints() -> None:
    assert chains_of("mainnet", "alice-eu", "main") == CHAINS_2026 | {"KMD", "LTC"}
    assert chains_of("mainnet", "alice-eu", "3p") == {"KMD", "LTC", "MCL", "TOKEL"}
    masters = plan_of("mainnet").loaded.stack.notaries["masters"]
    assert masters.kind == "checkpoint-master"
    assert len(masters.duties) == 10


@pytest.mark.parametrize("stack", SHIPPED)
def test_each_duty_survives_the_loss_of_a_region(stack: str) -> None:
    plan = plan_of(stack)
    held = Counter((duty.notary, duty.shard) for region in plan.regions.values() for duty in region.duties)
    assert held
    assert min(held.values()) >= 2
    servers = Counter(server.region for server in plan.servers)
    assert all(2 * (servers.total() - count) > servers.total() for count in servers.values())


@pytest.mark.parametrize("stack", SHIPPED)
def test_no_public_key_is_used_twice_and_none_is_a_live_notarys(stack: str) -> None:
    notaries = plan_of(stack).loaded.stack.notaries
    keys = [duty.pubkey for notary in notaries.values() if notary.kind == "iguana" for duty in notary.duties.values()]
    assert len(keys) == len(set(keys))


@pytest.mark.parametrize("stack", SHIPPED)
def test_it_holds_no_secret(stack: str) -> None:
    text = stack_file(ROOT, stack).read_text()
    assert "secure:" not in text
    assert not re.search(r"\b[5KLUc9][1-9A-HJ-NP-Za-km-z]{50,51}\b", text)  # a private key in the wallet's format


@pytest.fixture(scope="module", params=SHIPPED)
def registered(request: pytest.FixtureRequest) -> tuple[str, list[Created]]:
    """What the whole program registers for a stack."""
    return request.param, record(program_of(ROOT), request.param, configured(request.param)).created


def test_the_program_registers_exactly_what_is_rendered(registered: tuple[str, list[Created]]) -> None:
    stack, created = registered
    objects = {
        f"{item.name} {item.inputs['kind']}": item.inputs for item in created if item.type.startswith("kubernetes:")
    }
    plan = plan_of(stack)
    rendered = {
        f"{name} {manifest['kind']}": manifest
        for region in plan.regions.values()
        for name, manifest in region_objects(plan, region, secret_shown, pem_shown)
    }
    for key, manifest in rendered.items():
        if manifest["kind"] == "Secret":  # the engine keeps all of its data as one secret
            assert objects[key]["stringData"] == "<secret>"
            rendered[key] = {**manifest, "stringData": "<secret>"}
    assert objects == rendered


def test_a_daemon_costs_four_resources(registered: tuple[str, list[Created]]) -> None:
    stack, created = registered
    daemons = [item.name for item in created if item.type == "notary:chain:ChainDaemon"]
    assert len(daemons) == sum(len(region.daemons) for region in plan_of(stack).regions.values())
    for name in daemons:
        mine = [item for item in created if item.name in (name, f"{name}-config")]
        assert len(mine) == 4


def test_every_object_goes_through_its_own_regions_provider(registered: tuple[str, list[Created]]) -> None:
    stack, created = registered
    providers = {item.name for item in created if item.type == "pulumi:providers:kubernetes"}
    assert providers == set(plan_of(stack).regions)
    for item in created:
        if item.type.startswith("kubernetes:"):
            region = re.search(r"::([a-z-]+)::[^:]+$", item.provider)
            assert region, item
            assert item.name.startswith(f"{region[1]}-")


def test_a_providers_identifier_is_the_configurations_and_its_kubeconfig_a_secret(
    registered: tuple[str, list[Created]],
) -> None:
    stack, created = registered
    for item in created:
        if item.type == "pulumi:providers:kubernetes":
            assert item.inputs["clusterIdentifier"] == item.name
            assert item.inputs.get("kubeconfig", "<secret>") == "<secret>", stack


def test_every_resource_keeps_the_name_that_states_know_it_by(registered: tuple[str, list[Created]]) -> None:
    """A changed type or name is another resource to the engine: it wants an alias, then `UPDATE_SNAPSHOTS=1`."""
    stack, created = registered
    lines = "".join(f"{line}\n" for line in sorted(f"{item.type} {item.name}" for item in created))
    path = ROOT / "tests" / "unit" / "data" / "resources" / f"{stack}.txt"
    if os.environ.get("UPDATE_SNAPSHOTS"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(lines)
    assert path.read_text() == lines
