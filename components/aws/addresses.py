"""The ensemble's addresses in a region: a load balancer for each server, and its name in every region's network."""

from __future__ import annotations

from collections.abc import Mapping

import pulumi
import pulumi_aws as aws

from components.aws.groups import Groups
from components.aws.mesh import Site
from components.aws.network import Network
from components.aws.nodes import Nodes
from components.aws.place import Place
from config.aws.names import balancer_name
from config.plan import Server

# Two of these, and a server that moved to another node is found there.
HEALTH_SECONDS = 10
DRAIN_SECONDS = 30


class Addresses(pulumi.ComponentResource):
    """Internal load balancers that hand on to the servers' node ports. Healthy is the node with the server's pod."""

    def __init__(
        self,
        place: Place,
        network: Network,
        groups: Groups,
        nodes: Nodes,
        sites: Mapping[str, Site],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("notary:aws:Addresses", f"{place.name}-addresses", {}, opts)
        self._place = place
        for server in place.region.servers:
            balancer = self._create_balancer(server, network, groups)
            for title, port in server.ports.items():
                self._create_port(server, title, port, balancer, network, nodes)
            self._create_name(server, balancer, sites)
        self.register_outputs({})

    def _create_balancer(self, server: Server, network: Network, groups: Groups) -> aws.lb.LoadBalancer:
        place, name = self._place, f"{self._place.name}-{server.name}"
        return aws.lb.LoadBalancer(
            name,
            region=place.where,
            name=balancer_name(place.plan, server),
            internal=True,
            load_balancer_type="network",
            subnets=[subnet.id for subnet in network.inner.values()],
            security_groups=[groups.balancers.id],
            # Its pod stands in one zone, its callers in all.
            enable_cross_zone_load_balancing=True,
            enable_deletion_protection=place.production,
            tags=place.tags(name),
            opts=place.options(self),
        )

    def _create_port(
        self,
        server: Server,
        title: str,
        port: int,
        balancer: aws.lb.LoadBalancer,
        network: Network,
        nodes: Nodes,
    ) -> None:
        """One port of a server: what it listens at, and the nodes that it hands on to."""
        place, name = self._place, f"{self._place.name}-{server.name}-{title}"
        target = self._create_target(server, title, port, network)
        aws.lb.Listener(
            name,
            region=place.where,
            load_balancer_arn=balancer.arn,
            port=port,
            protocol="TCP",
            default_actions=[aws.lb.ListenerDefaultActionArgs(type="forward", target_group_arn=target.arn)],
            tags=place.tags(name),
            opts=place.options(self),
        )
        for key, group in nodes.groups.items():
            if key != "rest":
                aws.autoscaling.Attachment(
                    f"{name}-{key}",
                    region=place.where,
                    autoscaling_group_name=group.resources[0].autoscaling_groups[0].name,
                    lb_target_group_arn=target.arn,
                    opts=place.options(self),
                )

    def _create_target(self, server: Server, title: str, port: int, network: Network) -> aws.lb.TargetGroup:
        place, name = self._place, f"{self._place.name}-{server.name}-{title}"
        return aws.lb.TargetGroup(
            name,
            region=place.where,
            name=balancer_name(place.plan, server, title),
            vpc_id=network.vpc.id,
            target_type="instance",
            protocol="TCP",
            port=port,
            # A caller on the very node that it is handed on to would wait for itself.
            preserve_client_ip="false",
            deregistration_delay=DRAIN_SECONDS,
            # A follower does not listen at its peer port: all ports are asked for where every server listens.
            health_check=aws.lb.TargetGroupHealthCheckArgs(
                protocol="TCP",
                port=str(server.ports["election"]),
                interval=HEALTH_SECONDS,
                healthy_threshold=2,
                unhealthy_threshold=2,
            ),
            tags=place.tags(name),
            opts=place.options(self),
        )

    def _create_name(self, server: Server, balancer: aws.lb.LoadBalancer, sites: Mapping[str, Site]) -> None:
        """A private zone of the server's own host name: it hides no other name of the operator's domain."""
        place, name = self._place, f"{self._place.name}-{server.name}"
        zone = aws.route53.Zone(
            name,
            name=server.host,
            vpcs=[
                aws.route53.ZoneVpcArgs(vpc_id=site.network.vpc.id, vpc_region=site.place.where)
                for _, site in sorted(sites.items())
            ],
            tags=place.tags(name),
            opts=place.options(self),
        )
        aws.route53.Record(
            name,
            zone_id=zone.zone_id,
            name=server.host,
            type="A",
            aliases=[
                aws.route53.RecordAliasArgs(
                    name=balancer.dns_name, zone_id=balancer.zone_id, evaluate_target_health=False
                )
            ],
            opts=place.options(self),
        )
