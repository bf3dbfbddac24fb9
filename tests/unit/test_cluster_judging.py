"""What `fleet doctor` says of a cluster that an operator brings."""

from __future__ import annotations

from dataclasses import replace

import pytest

from config.plan import FleetPlan, RegionPlan
from fleet.clusters.facts import Facts, StorageClass
from fleet.clusters.judging import Judged, judge
from tests.unit.stacks import plan_of, planned, values_of

FINE = Facts(
    version="v1.33.1",
    skew_seconds=0.3,
    classes={"fast": StorageClass(default=True, waits=True, grows=True)},
    snapshot_classes=frozenset({"kept"}),
    groups=frozenset({"apps"}),
    agents=frozenset({"cilium"}),
    provided=True,
    addressed=False,
    node_ports={},
    forbidden=(),
    unknown=(),
)
SLOW = StorageClass(default=False, waits=False, grows=False)


def brought(**changes: object) -> tuple[FleetPlan, RegionPlan]:
    """A region of a testnet on a cluster of the operator's own."""
    values = values_of("testnet")
    name = "eu-west"
    values["regions"][name] = values["regions"][name] | {"connection": {"context": "mine"}} | changes
    plan = planned(values)
    return plan, plan.regions[name]


def told(facts: Facts, **changes: object) -> dict[str, Judged]:
    return {item.what: item for item in judge(*brought(**changes), facts)}


def test_a_cluster_that_has_everything_is_fine() -> None:
    found = told(FINE, storageClass="fast")
    assert {"version", "clock", "rights", "storage class", "network policies", "load balancers", "platform"} <= set(
        found
    )
    assert [item for item in found.values() if not item.ok] == []


@pytest.mark.parametrize(
    ("facts", "what", "found", "remedy"),
    [
        ({"version": "v1.28.9"}, "version", "v1.28.9", "1.29 or later"),
        ({"version": "unknown"}, "version", "unknown", "1.29 or later"),
        ({"skew_seconds": -2.4}, "clock", "-2.4 s", "NTP"),
        (
            {"forbidden": ("namespaces", "roles")},
            "rights",
            "may not create namespaces, roles",
            "may create namespaces, roles",
        ),
        ({"classes": {}}, "storage class", "no fast; there are none", "one of these"),
        ({"classes": {"slow": SLOW}}, "storage class", "no fast; there are slow", "one of these"),
        ({"classes": {"fast": SLOW}}, "storage class", "fast", "WaitForFirstConsumer"),
        ({"classes": {"fast": SLOW}}, "storage class", "fast", "allowVolumeExpansion"),
        ({"agents": frozenset({"kube-flannel-ds"})}, "network policies", "nothing known", "Cilium or Calico"),
        ({"provided": False}, "load balancers", "nothing known", "MetalLB"),
        ({"groups": frozenset({"security.openshift.io"})}, "platform", "openshift", "platform: openshift"),
    ],
)
def test_what_is_missing_is_told_with_its_remedy(facts: dict[str, object], what: str, found: str, remedy: str) -> None:
    item = told(replace(FINE, **facts), storageClass="fast")[what]  # type: ignore[arg-type]
    assert not item.ok
    assert found in item.found
    assert remedy in item.remedy


def test_without_a_class_the_cluster_has_one_default() -> None:
    assert told(FINE, storageClass=None)["storage class"].ok
    for classes in ({"slow": SLOW}, {"a": FINE.classes["fast"], "b": FINE.classes["fast"]}):
        item = told(replace(FINE, classes=classes), storageClass=None)["storage class"]
        assert "default class" in item.remedy


def test_what_gives_addresses_and_enforces_policies_goes_by_many_names() -> None:
    for facts in ({"addressed": True}, {"agents": frozenset({"metallb-controller", "calico-node"})}):
        assert told(replace(FINE, provided=False, **facts), storageClass="fast")["load balancers"].ok  # type: ignore[arg-type]
    assert told(replace(FINE, agents=frozenset(), version="v1.33.1+k3s1"), storageClass="fast")["network policies"].ok


def test_what_may_not_be_looked_at_is_no_complaint_but_is_said() -> None:
    unknown = ("services", "daemonsets", "storage classes")
    facts = replace(FINE, agents=frozenset(), classes={}, provided=False, unknown=unknown)
    found = told(facts, storageClass="fast")
    assert all(item.ok for item in found.values())
    assert found["rights to look"].found == f"may not list {', '.join(unknown)}: not judged by them"


def test_a_servers_node_port_that_somebody_else_has_is_named() -> None:
    seat = values_of("testnet")["regions"]["eu-west"]["ensemble"] | {"service": "NodePort"}
    plan, region = brought(ensemble=seat)
    wanted = next(server.ports["client"] for server in plan.servers if server.region == region.name)
    for owner, fine in (("other/web", False), (f"{plan.loaded.stack.namespace}/zookeeper-3", True)):
        judged = judge(plan, region, replace(FINE, node_ports={wanted: owner, 30_000: "other/far"}))
        (item,) = [item for item in judged if item.what == "node ports"]
        assert item.ok is fine
        assert fine or item.found == f"taken: {wanted} by other/web"


def test_of_a_sandboxed_region_nothing_is_asked_that_nodes_do() -> None:
    plan = plan_of("local")
    judged = judge(plan, next(iter(plan.regions.values())), replace(FINE, agents=frozenset(), classes={}))
    assert {item.what: item.ok for item in judged} == {"version": True, "clock": True, "rights": True}


@pytest.mark.parametrize(
    ("wanted", "unknown", "found", "ok"),
    [
        ("kept", (), "kept", True),
        ("lost", (), "no lost; there are kept", False),
        ("lost", ("snapshot classes",), "lost: not looked at", True),
    ],
)
def test_a_region_that_keeps_volumes_needs_the_class_for_it(
    wanted: str, unknown: tuple[str, ...], found: str, ok: bool
) -> None:
    judged = told(replace(FINE, unknown=unknown), snapshotClass=wanted)["snapshot class"]
    assert (judged.found, judged.ok) == (found, ok)
    assert "snapshot class" not in told(FINE)
