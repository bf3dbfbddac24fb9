"""Networks of regions on AWS: apart whatever the prefix, and the same whoever comes and goes."""

from __future__ import annotations

import ipaddress
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.aws.cloud import fleet_prefix
from config.networks import PRIVATE, SLOTS, RegionNetwork, allot

Cidr = ipaddress.IPv4Network


@st.composite
def prefixes(draw: st.DrawFn) -> str:
    """Any private network of /8 to /16."""
    wide = draw(st.sampled_from(PRIVATE))
    length = draw(st.integers(max(8, wide.prefixlen), 16))
    number = draw(st.integers(0, 2 ** (length - wide.prefixlen) - 1))
    return str(Cidr((int(wide.network_address) + number * 2 ** (32 - length), length)))


def parts(network: RegionNetwork) -> list[Cidr]:
    return [Cidr(cidr) for zone in network.zones for cidr in (zone.nodes, zone.inner, zone.edge)]


@given(prefix=prefixes(), slots=st.sets(st.integers(0, SLOTS - 1), min_size=1, max_size=9))
def test_no_two_networks_of_up_to_nine_regions_share_an_address(prefix: str, slots: set[int]) -> None:
    made = [allot(prefix, slot) for slot in slots]
    networks = [Cidr(cidr) for network in made for cidr in (network.vpc, network.services)]
    assert len(networks) == 2 * len(slots)
    assert not any(one.overlaps(other) for one, other in combinations(networks, 2))
    assert all(network.subnet_of(Cidr(prefix)) for network in networks)


@given(prefix=prefixes(), slot=st.integers(0, SLOTS - 1))
def test_a_regions_nine_subnets_lie_in_its_vpc_apart_from_one_another(prefix: str, slot: int) -> None:
    network = allot(prefix, slot)
    assert len(network.zones) == 3
    assert len(parts(network)) == 9
    assert all(part.subnet_of(Cidr(network.vpc)) for part in parts(network))
    assert not any(one.overlaps(other) for one, other in combinations(parts(network), 2))


@given(prefix=prefixes(), slot=st.integers(0, SLOTS - 1))
def test_aws_takes_every_size(prefix: str, slot: int) -> None:
    network = allot(prefix, slot)
    assert 16 <= Cidr(network.vpc).prefixlen <= 28
    assert 12 <= Cidr(network.services).prefixlen <= 24
    assert all(16 <= part.prefixlen <= 28 for part in parts(network))
    # EC2 keeps five of each subnet; EKS wants six for its control plane, a load balancer eight.
    assert all(Cidr(zone.nodes).num_addresses >= 256 and Cidr(zone.inner).num_addresses >= 32 for zone in network.zones)


@given(prefix=prefixes(), slot=st.integers(0, SLOTS - 1))
def test_a_region_keeps_its_network_whoever_else_there_is(prefix: str, slot: int) -> None:
    before = allot(prefix, slot)
    assert [allot(prefix, other) for other in range(SLOTS)][slot] == before


def test_the_widest_and_the_narrowest_prefix() -> None:
    assert (allot("10.0.0.0/8", 15).vpc, allot("10.0.0.0/8", 15).services) == ("10.240.0.0/16", "10.248.0.0/16")
    narrow = allot("192.168.0.0/16", 1)
    assert (narrow.vpc, narrow.services) == ("192.168.16.0/21", "192.168.24.0/21")
    assert [zone.nodes for zone in narrow.zones] == ["192.168.16.0/23", "192.168.18.0/23", "192.168.20.0/23"]


@pytest.mark.parametrize(
    ("prefix", "slot"), [("10.0.0.0/7", 0), ("10.0.0.0/17", 0), ("10.0.0.0/8", 16), ("10.0.0.0/8", -1)]
)
def test_what_makes_no_networks_is_refused(prefix: str, slot: int) -> None:
    with pytest.raises(ValueError, match=r"slot|host bits"):
        allot(prefix, slot)


@pytest.mark.parametrize("prefix", ["8.0.0.0/8", "100.64.0.0/10", "10.0.0.0/17", "172.16.0.0/12", "172.17.0.0/16"])
def test_a_prefix_that_eks_or_its_nodes_refuse_is_a_mistake(prefix: str) -> None:
    with pytest.raises(Exception, match=r"inside 10\.0\.0\.0/8"):
        fleet_prefix(prefix)
