"""A region's network: a VPC over three zones, nodes without public addresses, a record of every flow."""

from __future__ import annotations

from collections.abc import Sequence

import pulumi
import pulumi_aws as aws

from components.aws.encryption import Encryption
from components.aws.place import Place
from components.aws.policies import allow, document, grant, make_role, trust
from config.aws.names import cluster_name
from config.aws.openings import EVERYWHERE

FLOW_LOG_DAYS = 365  # checkov CKV_AWS_338 asks for a year


class Network(pulumi.ComponentResource):
    """The VPC with a subnet for nodes, load balancers and public addresses in each of three zones.

    `tables`: the route tables by name, for routes to other regions; `nodes` and `inner`: subnets by zone's letter.
    """

    vpc: aws.ec2.Vpc
    nodes: dict[str, aws.ec2.Subnet]
    inner: dict[str, aws.ec2.Subnet]
    tables: dict[str, aws.ec2.RouteTable]

    def __init__(self, place: Place, encryption: Encryption, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("notary:aws:Network", f"{place.name}-network", {}, opts)
        self._place = place
        self._letters: Sequence[str] = place.region.made.region.zones
        self.vpc = self._create_vpc()
        network, cluster = place.region.made.network, cluster_name(place.plan, place.region)
        # Where the cluster looks for subnets of load balancers that it makes itself (EKS User Guide).
        shared = {f"kubernetes.io/cluster/{cluster}": "shared"}
        self.nodes = self._create_subnets("nodes", [zone.nodes for zone in network.zones], shared)
        inner = {**shared, "kubernetes.io/role/internal-elb": "1"}
        self.inner = self._create_subnets("inner", [zone.inner for zone in network.zones], inner)
        outer = {**shared, "kubernetes.io/role/elb": "1"}
        edge = self._create_subnets("edge", [zone.edge for zone in network.zones], outer)
        self.tables = self._create_routes(edge)
        self._create_endpoint()
        self._create_flow_log(encryption)
        self.register_outputs({"vpc": self.vpc.id})

    def _create_vpc(self) -> aws.ec2.Vpc:
        place, name = self._place, f"{self._place.name}-vpc"
        vpc = aws.ec2.Vpc(
            name,
            region=place.where,
            cidr_block=place.region.made.network.vpc,
            enable_dns_hostnames=True,
            enable_dns_support=True,
            tags=place.tags(name),
            opts=place.options(self),
        )
        # The group that a VPC is born with lets its members talk: without rules it lets nobody.
        aws.ec2.DefaultSecurityGroup(
            f"{name}-default", region=place.where, vpc_id=vpc.id, tags=place.tags(name), opts=place.options(self)
        )
        return vpc

    def _create_subnets(self, kind: str, cidrs: Sequence[str], tags: dict[str, str]) -> dict[str, aws.ec2.Subnet]:
        place = self._place
        return {
            letter: aws.ec2.Subnet(
                f"{place.name}-{kind}-{letter}",
                region=place.where,
                vpc_id=self.vpc.id,
                availability_zone=f"{place.where}{letter}",
                cidr_block=cidr,
                map_public_ip_on_launch=False,
                tags=place.tags(f"{place.name}-{kind}-{letter}", **tags),
                opts=place.options(self),
            )
            for letter, cidr in zip(self._letters, cidrs, strict=True)
        }

    def _create_routes(self, edge: dict[str, aws.ec2.Subnet]) -> dict[str, aws.ec2.RouteTable]:
        """Nodes go out through a gateway of their own zone in production, through the first zone's elsewhere."""
        place, name = self._place, self._place.name
        gateway = aws.ec2.InternetGateway(
            f"{name}-internet",
            region=place.where,
            vpc_id=self.vpc.id,
            tags=place.tags(f"{name}-internet"),
            opts=place.options(self),
        )
        out = self._table("edge", [*edge.values()])
        self._route("edge-internet", out, gateway_id=gateway.id)
        ways = self._letters if place.production else self._letters[:1]
        nats = {letter: self._create_nat(letter, edge[letter], gateway) for letter in ways}
        tables = {"inner": self._table("inner", [*self.inner.values()])}
        for letter, subnet in self.nodes.items():
            tables[f"nodes-{letter}"] = self._table(f"nodes-{letter}", [subnet])
            nat = nats.get(letter) or nats[self._letters[0]]
            self._route(f"nodes-{letter}-internet", tables[f"nodes-{letter}"], nat_gateway_id=nat.id)
        return tables

    def _create_nat(self, letter: str, subnet: aws.ec2.Subnet, gateway: pulumi.Resource) -> aws.ec2.NatGateway:
        place, name = self._place, f"{self._place.name}-nat-{letter}"
        address = aws.ec2.Eip(
            name, region=place.where, domain="vpc", tags=place.tags(name), opts=place.options(self, gateway)
        )
        return aws.ec2.NatGateway(
            name,
            region=place.where,
            subnet_id=subnet.id,
            allocation_id=address.id,
            tags=place.tags(name),
            opts=place.options(self, gateway),
        )

    def _table(self, kind: str, subnets: Sequence[aws.ec2.Subnet]) -> aws.ec2.RouteTable:
        """A route table of these subnets. Its routes are resources of their own: the mesh adds to them."""
        place, name = self._place, f"{self._place.name}-{kind}"
        table = aws.ec2.RouteTable(
            name, region=place.where, vpc_id=self.vpc.id, tags=place.tags(name), opts=place.options(self)
        )
        for number, subnet in enumerate(subnets):
            title = name if len(subnets) == 1 else f"{name}-{self._letters[number]}"
            aws.ec2.RouteTableAssociation(
                title, region=place.where, route_table_id=table.id, subnet_id=subnet.id, opts=place.options(self)
            )
        return table

    def _route(self, name: str, table: aws.ec2.RouteTable, **target: pulumi.Input[str]) -> None:
        aws.ec2.Route(
            f"{self._place.name}-{name}",
            region=self._place.where,
            route_table_id=table.id,
            destination_cidr_block=EVERYWHERE,
            opts=self._place.options(self),
            **target,  # pyright: ignore[reportArgumentType]
        )

    def _create_endpoint(self) -> None:
        """Layers of images come from S3, past the NAT gateways and their price by the gigabyte."""
        place, name = self._place, f"{self._place.name}-s3"
        aws.ec2.VpcEndpoint(
            name,
            region=place.where,
            vpc_id=self.vpc.id,
            service_name=f"com.amazonaws.{place.where}.s3",
            vpc_endpoint_type="Gateway",
            route_table_ids=[table.id for key, table in self.tables.items() if key != "inner"],
            tags=place.tags(name),
            opts=place.options(self),
        )

    def _create_flow_log(self, encryption: Encryption) -> None:
        place, name = self._place, f"{self._place.name}-flows"
        group = aws.cloudwatch.LogGroup(
            name,
            region=place.where,
            name=f"/notary/{place.plan.loaded.name}/{place.name}/flows",
            retention_in_days=FLOW_LOG_DAYS,
            kms_key_id=encryption.key.arn,
            tags=place.tags(name),
            opts=place.options(self),
        )
        role, _ = make_role(place, "flows-role", trust("vpc-flow-logs", place), self)
        streams = group.arn.apply(_writes)
        writes = grant(place, "flows-write", role, streams)
        aws.ec2.FlowLog(
            name,
            region=place.where,
            vpc_id=self.vpc.id,
            traffic_type="ALL",
            log_destination=group.arn,
            iam_role_arn=role.arn,
            tags=place.tags(name),
            opts=place.options(self, writes),
        )


def _writes(group: str) -> str:
    """What the flow log does with its group, once that is there (VPC User Guide, "IAM role for publishing")."""
    actions = ("CreateLogStream", "PutLogEvents", "DescribeLogStreams")
    return document(allow([f"logs:{action}" for action in actions], [group, f"{group}:log-stream:*"]))
