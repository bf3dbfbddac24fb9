"""The mesh: each pair of regions peered, each of their route tables knowing the other's network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations

import pulumi
import pulumi_aws as aws

from components.aws.network import Network
from components.aws.place import Place


@dataclass(frozen=True, kw_only=True)
class Site:
    """A region of the mesh."""

    place: Place
    network: Network


class Mesh(pulumi.ComponentResource):
    """Peering between all pairs of regions. It costs nothing by the hour; it routes no further than one hop."""

    def __init__(self, sites: Mapping[str, Site], opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("notary:aws:Mesh", "mesh", {}, opts)
        for first, second in combinations(sorted(sites), 2):
            self._peer(sites[first], sites[second])
        self.register_outputs({})

    def _peer(self, first: Site, second: Site) -> None:
        asking, asked = first.place, second.place
        name = f"{asking.name}-to-{asked.name}"
        peering = aws.ec2.VpcPeeringConnection(
            name,
            region=asking.where,
            vpc_id=first.network.vpc.id,
            peer_vpc_id=second.network.vpc.id,
            peer_owner_id=asking.account,
            peer_region=asked.where,
            tags=asking.tags(name),
            opts=asking.options(self),
        )
        accepted = aws.ec2.VpcPeeringConnectionAccepter(
            f"{asked.name}-from-{asking.name}",
            region=asked.where,
            vpc_peering_connection_id=peering.id,
            auto_accept=True,
            tags=asked.tags(name),
            opts=asked.options(self),
        )
        self._routes(first, second, peering.id, accepted)
        self._routes(second, first, peering.id, accepted)

    def _routes(self, here: Site, there: Site, peering: pulumi.Input[str], accepted: pulumi.Resource) -> None:
        """Nodes reach the other region's load balancers, whose subnets answer: both kinds know the other's network."""
        for key, table in here.network.tables.items():
            aws.ec2.Route(
                f"{here.place.name}-{key}-to-{there.place.name}",
                region=here.place.where,
                route_table_id=table.id,
                destination_cidr_block=there.place.region.made.network.vpc,
                vpc_peering_connection_id=peering,
                opts=here.place.options(self, accepted),
            )
