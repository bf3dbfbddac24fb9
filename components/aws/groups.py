"""Security groups of a region, with exactly the rules of `config.aws.openings`."""

from __future__ import annotations

from collections.abc import Mapping

import pulumi
import pulumi_aws as aws

from components.aws.network import Network
from components.aws.place import Place
from config.aws.names import cluster_name
from config.aws.openings import Opening, openings


class Groups(pulumi.ComponentResource):
    """The groups of nodes and of load balancers; the control plane's comes with the cluster."""

    nodes: aws.ec2.SecurityGroup
    balancers: aws.ec2.SecurityGroup

    def __init__(self, place: Place, network: Network, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("notary:aws:Groups", f"{place.name}-groups", {}, opts)
        self._place = place
        # The cluster opens Iguana's bus on the one group that is marked as its own.
        owned = {f"kubernetes.io/cluster/{cluster_name(place.plan, place.region)}": "owned"}
        self.nodes = self._create_group("nodes", "Nodes and their pods", network, owned)
        self.balancers = self._create_group("balancers", "Load balancers of the ensemble's servers", network, {})
        self.register_outputs({})

    def create_rules(self, control_plane: pulumi.Input[str]) -> list[pulumi.Resource]:
        """Every rule, once the cluster has told its own group; nodes come after these."""
        ids: Mapping[str, pulumi.Input[str]] = {
            "nodes": self.nodes.id,
            "balancers": self.balancers.id,
            "cluster": control_plane,
        }
        return [self._rule(opening, ids) for opening in openings(self._place.plan, self._place.region)]

    def _create_group(self, kind: str, what: str, network: Network, tags: dict[str, str]) -> aws.ec2.SecurityGroup:
        name = f"{self._place.name}-{kind}"
        return aws.ec2.SecurityGroup(
            name,
            region=self._place.where,
            vpc_id=network.vpc.id,
            description=what,
            tags=self._place.tags(name, **tags),
            opts=self._place.options(self),
        )

    def _rule(self, opening: Opening, ids: Mapping[str, pulumi.Input[str]]) -> pulumi.Resource:
        kind = aws.vpc.SecurityGroupIngressRule if opening.inward else aws.vpc.SecurityGroupEgressRule
        name = f"{self._place.name}-{opening.holder}-{opening.name}"
        return kind(
            name,
            region=self._place.where,
            security_group_id=ids[opening.holder],
            ip_protocol=opening.protocol,
            from_port=opening.first,
            to_port=opening.last,
            cidr_ipv4=opening.cidr,
            referenced_security_group_id=ids[opening.peer] if opening.peer else None,
            description=opening.name,
            tags=self._place.tags(name),
            opts=self._place.options(self),
        )
