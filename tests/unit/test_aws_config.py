"""Regions on AWS in the configuration: every mistake at once, nodes that hold what runs on them, rules of ports."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.aws.nodes import INSTANCES, Load, fitting, loads_of, node_groups, packed
from config.aws.openings import MOST_RANGES, ranges
from config.aws.storage import CLASSES, class_for
from config.plan import FleetPlan
from config.quantities import cores, gibibytes
from tests.unit.stacks import plan_of, planned, told, values_of


def changed(change: Callable[[dict[str, Any]], object]) -> list[str]:
    values = values_of("mainnet-eks")
    change(values)
    return told(values)


def plan() -> FleetPlan:
    return plan_of("mainnet-eks")


MISTAKES: list[tuple[Callable[[dict[str, Any]], object], str]] = [
    (lambda v: v["aws"].update(account="1111"), "aws.account: found"),
    (lambda v: v["aws"].update(account=111122223333), "aws.account: found"),
    (lambda v: v["aws"].update(prefix="10.96.0.0/20"), "aws.prefix: found"),
    (lambda v: v["aws"].update(home="na-west"), 'aws.home: found "na-west", expected a region with provider eks'),
    (lambda v: v["aws"].update(admins=["arn:aws:iam::1:user/ann"]), "aws.admins.0: found"),
    (lambda v: v["aws"].update(operators=["0.0.0.0/0"]), "aws.operators.0: found"),
    (lambda v: v["aws"].update(kubernetes=1.35), "aws.kubernetes: found"),
    (lambda v: v.pop("aws"), "aws: found nothing, expected account, prefix"),
    (lambda v: v["regions"]["eu-west"].update(slot=1), "regions.eu-west.slot: found 1, expected another one"),
    (lambda v: v["regions"]["eu-west"].update(slot=16), "regions.eu-west.slot: found 16, expected at most 15"),
    (lambda v: v["regions"]["eu-west"].update(awsRegion="us-east-1"), "regions.na-east.awsRegion: found"),
    (lambda v: v["regions"]["eu-west"].update(awsRegion="cn-north-1"), "regions.eu-west.awsRegion: found"),
    (lambda v: v["regions"]["eu-west"].update(zones=["a", "b"]), "regions.eu-west.zones: found"),
    (lambda v: v["regions"]["eu-west"].update(zones=["a", "b", "b"]), "regions.eu-west.zones: found"),
    (lambda v: v["regions"]["eu-west"].update(storageClass="x"), 'regions.eu-west.storageClass: found the key "storag'),
    (lambda v: v["regions"]["eu-west"]["ensemble"].update(service="LoadBalancer"), "regions.eu-west.ensemble.service:"),
    (lambda v: v["sizes"]["KMD"].update(memory="400Gi"), "sizes.KMD.memory: found"),
    (lambda v: v["sizes"]["KMD"].update(cpu="64"), "sizes.KMD.cpu: found"),
    (
        lambda v: v["regions"].update({"eu-west": values_of("mainnet")["regions"]["eu-west"]}),
        "regions.eu-west.provider",
    ),
]


@pytest.mark.parametrize(("change", "line"), MISTAKES, ids=[line.partition(":")[0] for _, line in MISTAKES])
def test_each_mistake_is_told_once_at_its_place(change: Callable[[dict[str, Any]], object], line: str) -> None:
    assert [item for item in changed(change) if item.startswith(f"notary:{line}")]


def test_all_mistakes_come_at_once() -> None:
    def change(values: dict[str, Any]) -> None:
        values["aws"] |= {"account": "1", "home": "nowhere"}
        values["regions"]["eu-west"]["slot"] = 2

    assert [line.partition(" found")[0] for line in changed(change)] == [
        "notary:aws.account:",
        "notary:aws.home:",
        "notary:regions.na-east.slot:",
    ]


loads = st.builds(
    Load,
    cpu=st.floats(0.1, 15),
    memory=st.floats(0.1, 100),
    volumes=st.integers(0, 20),
    owner=st.sampled_from(["", "alice", "zookeeper"]),
    part=st.sampled_from(["main", "3p"]),
)


@given(wanted=st.lists(loads, max_size=30))
def test_nodes_hold_every_load_and_never_two_that_stay_apart(wanted: list[Load]) -> None:
    instance = fitting(wanted)[0]
    nodes = packed(wanted, instance)
    assert sorted(map(repr, (load for node in nodes for load in node))) == sorted(map(repr, wanted))
    for node in nodes:
        assert sum(load.cpu for load in node) <= instance.cpu
        assert sum(load.memory for load in node) <= instance.memory
        assert sum(load.volumes for load in node) <= instance.volumes
        for owner in ("alice", "zookeeper"):
            assert len({load.part for load in node if load.owner == owner}) <= 1


@pytest.mark.parametrize("region", ["eu-central", "eu-west", "na-east"])
def test_each_zone_has_nodes_and_all_together_hold_the_region(region: str) -> None:
    part = plan().regions[region]
    groups = node_groups(plan(), part, part.made.region.zones)
    pinned = [group for group in groups if group.label == "fleet"]
    assert sorted(group.zones for group in pinned) == [("a",), ("b",), ("c",)]
    assert all(group.nodes >= 1 and group.most > group.nodes for group in groups)
    sizes = {item.type: item for item in INSTANCES}
    memory = sum(group.nodes * sizes[group.instance].memory for group in pinned)
    assert memory >= sum(load.memory for load in loads_of(plan(), part))


def test_a_testnet_stands_on_a_few_larger_nodes_and_not_on_many_small_ones() -> None:
    values, shape = values_of("testnet"), values_of("mainnet-eks")
    values["aws"] = shape["aws"]
    for name, region in values["regions"].items():
        values["regions"][name] = {**shape["regions"][name], "area": "DEV", "ensemble": region["ensemble"]}
    made = planned(values)
    groups = node_groups(made, made.regions["eu-west"], ("a", "b", "c"))
    assert {(group.instance, group.nodes) for group in groups} == {("m7i.2xlarge", 1), ("m7i.large", 2)}


def test_a_fleet_of_more_chains_gets_more_nodes() -> None:
    values = values_of("mainnet-eks")
    for chain in ("CCL", "CLC", "ILN", "KOIN", "THC", "RAPH"):
        values["sizes"][chain] = {"memory": "16Gi", "cpu": "4"}

    def held(plan: FleetPlan) -> float:
        part = plan.regions["eu-west"]
        sizes = {item.type: item.memory for item in INSTANCES}
        return sum(group.nodes * sizes[group.instance] for group in node_groups(plan, part, ("a", "b", "c")))

    assert held(planned(values)) > held(plan())


def test_a_volumes_class_follows_its_chains_size_and_the_ensembles_never_changes() -> None:
    assert [class_for(size) for size in ("10Gi", "60Gi", "300Gi", "1Ti")] == [
        *("gp3-small", "gp3-medium", "gp3-large", "gp3-large")
    ]
    region = plan().regions["eu-west"]
    assert region.storage_class() == CLASSES[0].name
    # gp3: up to 500 operations a second for each GiB, a quarter MiB a second for each operation (EBS User Guide).
    for item in CLASSES:
        assert item.iops <= 500 * max(item.least, 10)
        assert item.throughput <= item.iops / 4


@given(ports=st.sets(st.integers(1024, 65_535), min_size=1, max_size=120))
def test_ranges_cover_every_port_and_are_never_too_many(ports: set[int]) -> None:
    found = ranges(ports)
    assert len(found) <= MOST_RANGES
    assert all(any(first <= port <= last for first, last in found) for port in ports)
    if len(ports) <= MOST_RANGES:
        assert found == [(port, port) for port in sorted(ports)]


def test_quantities_are_read_as_kubernetes_does() -> None:
    assert (cores("500m"), cores("2"), gibibytes("512Mi"), gibibytes("1Ti")) == (0.5, 2.0, 0.5, 1024.0)
    with pytest.raises(ValueError, match="5X"):
        gibibytes("5X")
