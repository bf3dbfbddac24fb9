"""Who may reach whom between nodes, load balancers and control planes: each rule of each security group. Pure.

What pods may do among themselves is narrowed further by network policies (`components/manifests/region.py`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from config import pod_ports
from config.plan import FleetPlan, RegionPlan, Server

Holder = Literal["nodes", "balancers", "cluster"]
EVERYWHERE = "0.0.0.0/0"
HTTPS, KUBELET, DNS = 443, 10_250, 53
# A security group has 60 rules each way unless AWS is asked for more (VPC User Guide, "Amazon VPC quotas").
MOST_RANGES = 30


@dataclass(frozen=True, kw_only=True)
class Opening:
    """One rule: `holder`'s group lets TCP or UDP ports in or out, for a network or for another group."""

    name: str
    holder: Holder
    inward: bool
    first: int
    last: int
    protocol: Literal["tcp", "udp"] = "tcp"
    cidr: str | None = None
    peer: Holder | None = None


def openings(plan: FleetPlan, region: RegionPlan) -> Iterator[Opening]:
    """Every rule of a region's three groups."""
    yield from _control_plane()
    yield from _among_nodes()
    yield from _ensemble(plan, region)
    yield from _outside(region)


def server_ports(server: Server) -> tuple[int, int]:
    """The first and last of the ports that others reach a server at: client, peer, election."""
    ports = sorted(server.ports.values())
    return ports[0], ports[-1]


def ranges(ports: Iterator[int] | set[int], most: int = MOST_RANGES) -> list[tuple[int, int]]:
    """The ports as at most `most` ranges that cover them, the narrowest gaps closed first."""
    found = [(port, port) for port in sorted(set(ports))]
    while len(found) > most:
        gaps = [after[0] - before[1] for before, after in pairwise(found)]
        at = gaps.index(min(gaps))
        found[at : at + 2] = [(found[at][0], found[at + 1][1])]
    return found


def _control_plane() -> Iterator[Opening]:
    """Nodes call the API server; it calls kubelets, for logs and commands."""
    yield Opening(name="api", holder="cluster", inward=True, first=HTTPS, last=HTTPS, peer="nodes")
    yield Opening(name="kubelet", holder="nodes", inward=True, first=KUBELET, last=KUBELET, peer="cluster")


def _among_nodes() -> Iterator[Opening]:
    """Pods of different nodes: signers and gates call gates, everybody asks DNS."""
    wanted: list[tuple[str, int, Literal["tcp", "udp"]]] = [
        ("gate", pod_ports.GATE, "tcp"),
        ("dns", DNS, "tcp"),
        ("dns-udp", DNS, "udp"),
    ]
    for name, port, protocol in wanted:
        for inward in (True, False):
            yield Opening(
                name=name if inward else f"to-{name}",
                holder="nodes",
                inward=inward,
                first=port,
                last=port,
                protocol=protocol,
                peer="nodes",
            )


def _ensemble(plan: FleetPlan, region: RegionPlan) -> Iterator[Opening]:
    """Every region's nodes reach every server through its load balancer, which hands on to its own region's nodes."""
    for server in plan.servers:
        first, last = server_ports(server)
        there = plan.regions[server.region].made.network
        if server.region == region.name:
            for name, other in plan.regions.items():
                cidr, title = other.made.network.vpc, f"{server.name}-from-{name}"
                yield Opening(name=title, holder="balancers", inward=True, first=first, last=last, cidr=cidr)
            yield Opening(
                name=f"{server.name}-on", holder="balancers", inward=False, first=first, last=last, peer="nodes"
            )
            yield Opening(name=server.name, holder="nodes", inward=True, first=first, last=last, peer="balancers")
        yield Opening(name=f"to-{server.name}", holder="nodes", inward=False, first=first, last=last, cidr=there.vpc)


def _outside(region: RegionPlan) -> Iterator[Opening]:
    """Nodes call registries and AWS, their chains' peers and other notaries. Nobody calls them from outside but on
    Iguana's bus, which the cluster opens itself when it makes that Service's load balancer."""
    yield Opening(name="to-https", holder="nodes", inward=False, first=HTTPS, last=HTTPS, cidr=EVERYWHERE)
    ports = {daemon.chain.p2p for daemon in region.daemons} | {duty.bus_port for duty in region.duties if duty.bus_port}
    for first, last in ranges(ports):
        title = f"to-peers-{first}" if first == last else f"to-peers-{first}-{last}"
        yield Opening(name=title, holder="nodes", inward=False, first=first, last=last, cidr=EVERYWHERE)
