"""Each component on its own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pulumi
import pytest

from components.chain import ChainDaemon, ChainDaemonArgs
from components.ensemble import Ensemble, EnsembleArgs
from components.fleet import Fleet, FleetArgs
from components.notary import Notary, NotaryArgs
from components.region import Region, RegionArgs
from components.signer import Signer, SignerArgs
from config.plan import FleetPlan
from tests.recording import ROOT, Created, record
from tests.unit.stacks import plan_of, planned, values_of


def secret(key: str) -> pulumi.Output[str]:
    return pulumi.Output.secret(f"value of {key}")


def region_of(plan: FleetPlan, name: str) -> Region:
    return Region(RegionArgs(plan=plan, region=plan.regions[name], secret=secret, root=ROOT))


def made(build: Callable[[], object]) -> list[Created]:
    """What a component registers, without the region that it stands in."""
    return record(lambda: (build(), None)[1], "test", {}).created


def kinds(created: list[Created]) -> Counter[str]:
    return Counter(item.type.rsplit(":", 1)[-1] for item in created)


def own(build: Callable[[], object], plan: FleetPlan, *regions: str) -> Counter[str]:
    """The kinds of a component's own resources: what its regions register by themselves is taken away."""
    return kinds(made(build)) - kinds(made(lambda: [region_of(plan, name) for name in regions]))


def test_a_region_is_a_provider_a_namespace_an_account_and_policies() -> None:
    created = made(lambda: region_of(plan_of("testnet"), "eu-west"))
    assert kinds(created) == {"Region": 1, "kubernetes": 1, "Namespace": 1, "ServiceAccount": 1, "NetworkPolicy": 6}
    (provider,) = [item for item in created if item.type == "pulumi:providers:kubernetes"]
    assert provider.inputs == {
        "clusterIdentifier": "eu-west",
        "context": "notary-testnet-eu-west",
        "enablePatchForce": "true",
    }


def test_a_region_without_daemons_allows_nothing_for_them() -> None:
    created = made(lambda: region_of(plan_of("local"), "na-east"))
    assert {item.name for item in created if item.type.endswith("NetworkPolicy")} == {
        f"na-east-{name}" for name in ("default-deny", "dns", "keeper", "zookeeper")
    }


def test_a_regions_kubeconfig_from_the_stack_stays_a_secret() -> None:
    values = values_of("local")
    values["regions"]["eu-west"]["connection"] = {"config": "kubeconfigWest"}
    values["rpc"] = {"config": "rpcPassword"}
    plan = planned(values, {"kubeconfigWest", "rpcPassword"})
    created = made(lambda: region_of(plan, "eu-west"))
    (provider,) = [item for item in created if item.type == "pulumi:providers:kubernetes"]
    assert provider.inputs["kubeconfig"] == "<secret>"
    (rpc,) = [item for item in created if item.type.endswith(":Secret")]
    assert rpc.inputs["stringData"] == "<secret>" or rpc.inputs["stringData"]["password"] == "<secret>"
    assert "value of" not in repr(created)


def test_the_ensemble_is_a_set_a_service_and_a_certificate_for_each_server_and_one_keeper() -> None:
    plan = plan_of("mainnet")

    def build() -> Ensemble:
        return Ensemble(EnsembleArgs(plan=plan, regions={name: region_of(plan, name) for name in plan.regions}))

    found = own(build, plan, *plan.regions)
    certificates = {"Certificates", "PrivateKey", "SelfSignedCert", "CertRequest", "LocallySignedCert", "tls"}
    assert {kind: number for kind, number in found.items() if kind not in certificates} == {
        "Ensemble": 1,
        "ConfigMap": 3 * 3 + 1,  # each region's configuration, first data and servers' addresses, and the keeper's
        # each server's, those of the clients, gates and agents of each region that has any, and the keeper's
        "Secret": 5 + 3 * 2 + 1,
        "PodDisruptionBudget": 3,
        "StatefulSet": 5,
        "Service": 5,
        "Job": 1,
    }
    assert certificates <= set(found)


def test_a_chain_daemon_is_four_resources() -> None:
    plan = plan_of("local")
    region = plan.regions["eu-west"]

    def build() -> ChainDaemon:
        home, daemon = region_of(plan, "eu-west"), region.daemons[0]
        return ChainDaemon(ChainDaemonArgs(plan=plan, region=region, home=home, daemon=daemon))

    assert own(build, plan, "eu-west") == {"ChainDaemon": 1, "ConfigMap": 1, "Service": 1, "StatefulSet": 1}


def test_a_signer_is_four_resources_and_keeps_no_data() -> None:
    plan = plan_of("local")
    region = plan.regions["eu-west"]

    def build() -> Signer:
        return Signer(SignerArgs(plan=plan, region=region, home=region_of(plan, "eu-west"), duty=region.duties[0]))

    assert own(build, plan, "eu-west") == {"Signer": 1, "ConfigMap": 1, "Service": 1, "StatefulSet": 1}
    assert "volumeClaimTemplates" not in repr(made(build))


@pytest.mark.parametrize(("notary", "signers", "daemons"), [("alice-eu", 4, 34), ("masters", 0, 20)])
def test_a_notary_has_its_signers_and_daemons_in_each_candidate_region(notary: str, signers: int, daemons: int) -> None:
    plan = plan_of("mainnet")

    def build() -> Notary:
        regions = {name: region_of(plan, name) for name in plan.regions}
        return Notary(NotaryArgs(plan=plan, notary=notary, regions=regions, secret=secret))

    found = own(build, plan, *plan.regions)
    assert (found["Signer"], found["ChainDaemon"]) == (signers, daemons)


def test_a_fleet_tells_its_hosts_and_its_notaries_candidates() -> None:
    plan = plan_of("local")
    found: list[Fleet] = []
    args = FleetArgs(plan=plan, secret=secret, root=ROOT)
    made(lambda: found.append(Fleet("local", args)))
    (fleet,) = found
    assert fleet.ensemble.hosts == tuple(server.host for server in plan.servers)
    assert fleet.notaries["alice-eu"].candidates == ("eu-central/alice-eu-main", "eu-west/alice-eu-main")
