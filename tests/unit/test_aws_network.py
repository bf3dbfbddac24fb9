"""The mesh of a stack on AWS under mocks: zones, routes, and security groups that are open for what is used alone."""

from __future__ import annotations

import dataclasses

import pytest

from config.networks import allot
from tests.unit.aws import HOMES, PORTS, STACK, VPCS, WHERE, astray, of, on_aws, region_of, rules
from tests.unit.stacks import plan_of


def test_every_resource_says_its_provider_and_its_region() -> None:
    assert astray(on_aws()) == []
    tokens = {item.type for item in on_aws() if "region" not in item.inputs}
    assert all(token.startswith(("aws:iam/", "aws:route53/")) for token in tokens), tokens


def test_a_resource_without_either_is_noticed() -> None:
    subnet = of(on_aws(), "Subnet")[0]
    inputs = {key: value for key, value in subnet.inputs.items() if key != "region"}
    homeless = dataclasses.replace(subnet, inputs=inputs)
    default = dataclasses.replace(subnet, provider="urn:pulumi:x::notary::pulumi:providers:aws::default_7_51_1::id")
    assert astray([homeless, default]) == [subnet.name, subnet.name]


@pytest.mark.parametrize("region", WHERE)
def test_load_balancers_are_open_for_exactly_the_ports_of_their_servers(region: str) -> None:
    own = [number for number, home in HOMES.items() if home == region]
    found = rules(on_aws())
    assert found[region, "balancers", True] == {("tcp", *PORTS[n], vpc) for n in own for vpc in VPCS.values()}
    assert found[region, "balancers", False] == {("tcp", *PORTS[n], "nodes") for n in own}


@pytest.mark.parametrize("region", WHERE)
def test_nodes_are_open_for_gates_dns_kubelet_and_their_own_servers_alone(region: str) -> None:
    own = [number for number, home in HOMES.items() if home == region]
    assert rules(on_aws())[region, "nodes", True] == {
        ("tcp", 7443, 7443, "nodes"),
        ("tcp", 53, 53, "nodes"),
        ("udp", 53, 53, "nodes"),
        ("tcp", 10_250, 10_250, "cluster-group"),
        *(("tcp", *PORTS[number], "balancers") for number in own),
    }
    assert rules(on_aws())[region, "cluster-group", True] == {("tcp", 443, 443, "nodes")}


@pytest.mark.parametrize("region", WHERE)
def test_nodes_call_all_servers_their_chains_and_https_alone(region: str) -> None:
    out = rules(on_aws())[region, "nodes", False]
    inside = {("tcp", *PORTS[number], VPCS[home]) for number, home in HOMES.items()}
    among = {("tcp", 7443, 7443, "nodes"), ("tcp", 53, 53, "nodes"), ("udp", 53, 53, "nodes")}
    part = plan_of(STACK).regions[region]
    peers = {daemon.chain.p2p for daemon in part.daemons} | {duty.bus_port for duty in part.duties if duty.bus_port}
    outside = {("tcp", port, port, "0.0.0.0/0") for port in {443, *peers}}
    assert out == inside | among | outside


def test_each_pair_of_regions_is_peered_and_every_table_of_nodes_and_balancers_knows_the_way() -> None:
    pairs = {(item.inputs["vpcId"], item.inputs["peerVpcId"]) for item in of(on_aws(), "VpcPeeringConnection")}
    assert {frozenset(pair) for pair in pairs} == {
        frozenset({f"{one}-vpc-id", f"{other}-vpc-id"}) for one in WHERE for other in WHERE if one != other
    }
    assert len(of(on_aws(), "VpcPeeringConnectionAccepter")) == 3
    tables = [item for item in of(on_aws(), "RouteTable") if not item.name.endswith("-edge")]
    ways = {
        (item.inputs["routeTableId"], item.inputs["destinationCidrBlock"])
        for item in of(on_aws(), "Route")
        if "vpcPeeringConnectionId" in item.inputs
    }
    assert len(tables) == 12
    assert ways == {
        (f"{table.name}-id", vpc) for table in tables for region, vpc in VPCS.items() if region != region_of(table)
    }


def test_every_region_has_nodes_subnets_and_a_way_out_in_each_of_its_three_zones() -> None:
    for region, where in WHERE.items():
        letters = {f"{where}{letter}" for letter in "abc"}
        for kind in ("nodes", "inner", "edge"):
            found = [item for item in of(on_aws(), "Subnet") if item.name.startswith(f"{region}-{kind}-")]
            assert {item.inputs["availabilityZone"] for item in found} == letters
            assert not any(item.inputs["mapPublicIpOnLaunch"] for item in found)
        groups = [item for item in of(on_aws(), "NodeGroup") if item.name.startswith(f"{region}-fleet-")]
        assert sorted(tuple(item.inputs["subnetIds"]) for item in groups) == [
            (f"{region}-nodes-{letter}-id",) for letter in "abc"
        ]
        assert len([item for item in of(on_aws(), "NatGateway") if item.name.startswith(region)]) == 3


def test_subnets_are_those_that_were_planned() -> None:
    network = allot("10.96.0.0/12", 0)
    found = {item.inputs["cidrBlock"] for item in of(on_aws(), "Subnet") if item.name.startswith("eu-west-")}
    assert found == {cidr for zone in network.zones for cidr in (zone.nodes, zone.inner, zone.edge)}
