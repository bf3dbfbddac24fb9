"""Each component on its own, and the engine's options that mocks can show."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import pulumi
import pytest

from components.chain import ChainDaemon, ChainDaemonArgs
from components.ensemble import LEADER_VARIABLE, Ensemble, EnsembleArgs
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
    assert provider.inputs == {"clusterIdentifier": "eu-west", "context": "notary-testnet-eu-west"}


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
        "ConfigMap": 2 * 3 + 1,  # each region's configuration and first data, and the keeper's
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


def options_of(
    kind: str, monkeypatch: pytest.MonkeyPatch, leader: int | None = None
) -> dict[str, pulumi.ResourceOptions]:
    """The engine's options of each object of a kind in the local stack: mocks don't show them."""
    seen: dict[str, pulumi.ResourceOptions] = {}
    plain = pulumi.CustomResource.__init__

    def watch(self: pulumi.CustomResource, token: str, name: str, *args: object, **more: object) -> None:
        if token.endswith(f":{kind}"):
            seen[name] = next(item for item in (*args, *more.values()) if isinstance(item, pulumi.ResourceOptions))
        plain(self, token, name, *args, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(pulumi.CustomResource, "__init__", watch)
    monkeypatch.setenv(LEADER_VARIABLE, str(leader or ""))
    made(lambda: Fleet("local", FleetArgs(plan=plan_of("local"), secret=secret, root=ROOT)))
    return seen


def test_what_carries_data_is_protected_and_its_claims_never_replace_it(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, options in options_of("StatefulSet", monkeypatch).items():
        keeps_data = "signer" not in name
        assert bool(options.protect) == keeps_data, name
        assert options.ignore_changes == (["spec.volumeClaimTemplates"] if keeps_data else None)
        assert options.delete_before_replace is None


def test_a_namespace_is_protected_and_everything_in_it_comes_after_it(monkeypatch: pytest.MonkeyPatch) -> None:
    assert all(options.protect for options in options_of("Namespace", monkeypatch).values())
    with monkeypatch.context() as patch:
        for options in options_of("Service", patch).values():
            assert [type(item).__name__ for item in options.depends_on or []] == ["Namespace"]


def waits(options: pulumi.ResourceOptions) -> Counter[str]:
    """The kinds of what a resource waits for."""
    return Counter(type(item).__name__ for item in options.depends_on or [])  # type: ignore[union-attr]


def test_a_set_waits_for_its_configuration_and_not_for_its_service(monkeypatch: pytest.MonkeyPatch) -> None:
    sets = options_of("StatefulSet", monkeypatch)
    for name, options in sets.items():
        assert set(waits(options)) - {"StatefulSet"} == {"Namespace", "ConfigMap"} or "zookeeper" in name
    for options in (options for name, options in sets.items() if "zookeeper" in name):
        assert (
            {"Namespace", "ConfigMap", "Secret"}
            <= set(waits(options))
            <= {*("Namespace", "ConfigMap", "Secret", "StatefulSet")}
        )


def test_servers_are_updated_one_by_one_and_the_keeper_comes_last(monkeypatch: pytest.MonkeyPatch) -> None:
    sets = options_of("StatefulSet", monkeypatch)
    behind = {name: waits(options)["StatefulSet"] for name, options in sets.items() if "zookeeper" in name}
    # The tiebreaker first: the highest id, which leads a fresh ensemble, is the last.
    assert behind == {"na-east-zookeeper-1": 0, "eu-central-zookeeper-2": 1, "eu-west-zookeeper-3": 2}
    with monkeypatch.context() as patch:
        (keeper,) = options_of("Job", patch).values()
    assert waits(keeper)["StatefulSet"] == 3


def test_who_leads_is_updated_last(monkeypatch: pytest.MonkeyPatch) -> None:
    sets = options_of("StatefulSet", monkeypatch, leader=2)
    behind = {name: waits(options)["StatefulSet"] for name, options in sets.items() if "zookeeper" in name}
    assert max(behind, key=lambda name: behind[name]) == "eu-central-zookeeper-2"


def test_no_server_waits_for_an_address(monkeypatch: pytest.MonkeyPatch) -> None:
    """The official plugin waits for an address until a pod serves behind it."""
    for kind in ("StatefulSet", "Job"):
        with monkeypatch.context() as patch:
            assert not any(waits(options)["Service"] for options in options_of(kind, patch).values())


def behind(sets: dict[str, pulumi.ResourceOptions], name: str) -> set[str]:
    """The sets that are up before this one changes."""
    depends: Any = sets[name].depends_on or []
    direct = {item._name for item in depends if type(item).__name__ == "StatefulSet"}
    return direct.union(*(behind(sets, other) for other in direct))


def test_the_candidates_of_a_duty_change_one_after_another_and_the_best_one_last(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sets = options_of("StatefulSet", monkeypatch)
    ours = {name for name in sets if "-alice-eu-main-" in name}
    standby = {name for name in ours if name.startswith("eu-central-")}
    best = ours - standby
    assert len(standby) == len(best) > 5
    for name in best:
        assert standby <= behind(sets, name) <= ours
    signer = "eu-central-alice-eu-main-signer"
    assert behind(sets, signer) == standby - {signer}


def test_an_update_waits_as_long_as_a_pod_may_take(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, options in options_of("StatefulSet", monkeypatch).items():
        allowed: Any = options.custom_timeouts
        seconds = int(allowed.update.removesuffix("s"))
        assert allowed.create == allowed.update
        # A daemon may read its index for an hour, a server a snapshot for half of one.
        assert seconds > (3600 if "signer" not in name and "zookeeper" not in name else 600), name
