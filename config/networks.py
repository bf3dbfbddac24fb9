"""Networks of regions on AWS: one prefix, cut into slots that never overlap. Pure arithmetic."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from itertools import islice

SLOTS = 16  # nine regions and room to move one; a power of two, so that each slot is a network
WIDEST, NARROWEST = 8, 16  # of the prefix: 16 slots of a /16 are /20 each, 512 addresses for a zone's nodes and pods
ZONES = 3
# EC2 takes a VPC of /16 to /28 (VPC User Guide, "VPC CIDR blocks").
_VPC_WIDEST = 16
# EKS takes services from these alone (EKS API, KubernetesNetworkConfigRequest), and refuses none of our sizes.
PRIVATE = tuple(ipaddress.IPv4Network(cidr) for cidr in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"))
# The container runtime's bridge on AWS's own node images: services there can't be reached (EKS User Guide).
BRIDGE = ipaddress.IPv4Network("172.17.0.0/16")


@dataclass(frozen=True, kw_only=True)
class ZoneNetwork:
    """A zone's subnets, as CIDRs: nodes with their pods, internal load balancers, and what has public addresses."""

    nodes: str
    inner: str
    edge: str


@dataclass(frozen=True, kw_only=True)
class RegionNetwork:
    """The addresses of one region. Pods have addresses of the VPC; `services` are the cluster's own, routed nowhere."""

    vpc: str
    services: str
    zones: tuple[ZoneNetwork, ...]


def allot(prefix: str, slot: int) -> RegionNetwork:
    """The networks of slot 0 to 15 of a prefix of /8 to /16. They depend on nothing else: regions come and go.

    A slot's lower half is the VPC's, its upper half the services'; each is cut to what AWS takes. Of the VPC's quarters
    three are the zones' nodes, and the last holds the small subnets. Raises ValueError outside of those bounds.
    """
    whole = ipaddress.IPv4Network(prefix)
    if not WIDEST <= whole.prefixlen <= NARROWEST or not 0 <= slot < SLOTS:
        raise ValueError(f"{prefix} slot {slot}: a prefix of /8 to /16 and a slot of 0 to 15")
    own = next(islice(whole.subnets(prefixlen_diff=SLOTS.bit_length() - 1), slot, None))
    lower, upper = own.subnets(prefixlen_diff=1)
    vpc = _first(lower, max(lower.prefixlen, _VPC_WIDEST))
    services = _first(upper, max(upper.prefixlen, _VPC_WIDEST))
    *quarters, rest = vpc.subnets(prefixlen_diff=2)
    eighths = list(rest.subnets(prefixlen_diff=3))
    zones = tuple(
        ZoneNetwork(nodes=str(quarters[zone]), inner=str(eighths[zone]), edge=str(eighths[zone + ZONES]))
        for zone in range(ZONES)
    )
    return RegionNetwork(vpc=str(vpc), services=str(services), zones=zones)


def _first(network: ipaddress.IPv4Network, length: int) -> ipaddress.IPv4Network:
    return next(network.subnets(new_prefix=length))
