"""Resources as the program declares them, as calls of boto3: the network's. Runs in moto's own environment."""

from __future__ import annotations

from typing import Any

import boto3
import services  # pyright: ignore[reportMissingImports]
from services import Call, Inputs, Made  # pyright: ignore[reportMissingImports]


def _ec2(verb: str, answer: str, identity: str, **names: str) -> Call:
    """A call of EC2 that takes inputs under `names`, and answers with an object that has an id."""

    def call(client: Any, given: Inputs) -> Made:
        arguments = {to: given[key] for key, to in names.items() if given.get(key) is not None}
        return {"id": getattr(client, verb)(**arguments)[answer][identity]}

    return call


def _vpc(client: Any, given: Inputs) -> Made:
    made = client.create_vpc(CidrBlock=given["cidrBlock"])["Vpc"]["VpcId"]
    client.modify_vpc_attribute(VpcId=made, EnableDnsHostnames={"Value": given["enableDnsHostnames"]})
    return {"id": made}


def _gateway(client: Any, given: Inputs) -> Made:
    made = client.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    client.attach_internet_gateway(InternetGatewayId=made, VpcId=given["vpcId"])
    return {"id": made}


def _associate(client: Any, given: Inputs) -> Made:
    made = client.associate_route_table(RouteTableId=given["routeTableId"], SubnetId=given["subnetId"])
    return {"id": made["AssociationId"]}


def _address(client: Any, given: Inputs) -> Made:
    return {"id": client.allocate_address(Domain=given["domain"])["AllocationId"]}


def _route(client: Any, given: Inputs) -> Made:
    kinds = {
        "gatewayId": "GatewayId",
        "natGatewayId": "NatGatewayId",
        "vpcPeeringConnectionId": "VpcPeeringConnectionId",
    }
    target = {to: given[key] for key, to in kinds.items() if given.get(key)}
    client.create_route(
        RouteTableId=given["routeTableId"], DestinationCidrBlock=given["destinationCidrBlock"], **target
    )
    return {"id": f"{given['routeTableId']}_{given['destinationCidrBlock']}"}


def _accept(client: Any, given: Inputs) -> Made:
    made = client.accept_vpc_peering_connection(VpcPeeringConnectionId=given["vpcPeeringConnectionId"])
    status = made["VpcPeeringConnection"]["Status"]["Code"]
    if status != "active":
        raise ValueError(f"the peering is {status}")
    return {"id": given["vpcPeeringConnectionId"]}


def _group(client: Any, given: Inputs) -> Made:
    name = given["name"]
    made = client.create_security_group(GroupName=name, Description=given["description"], VpcId=given["vpcId"])
    return {"id": made["GroupId"]}


def _rule(verb: str) -> Call:
    def call(client: Any, given: Inputs) -> Made:
        whom: dict[str, Any] = (
            {"IpRanges": [{"CidrIp": given["cidrIpv4"], "Description": given["description"]}]}
            if given.get("cidrIpv4")
            else {"UserIdGroupPairs": [{"GroupId": given["referencedSecurityGroupId"]}]}
        )
        ports = {"IpProtocol": given["ipProtocol"], "FromPort": given["fromPort"], "ToPort": given["toPort"]}
        made = getattr(client, verb)(GroupId=given["securityGroupId"], IpPermissions=[{**ports, **whom}])
        return {"id": made["SecurityGroupRules"][0]["SecurityGroupRuleId"]}

    return call


def _template(client: Any, given: Inputs) -> Made:
    options = given["metadataOptions"]
    data = {
        "SecurityGroupIds": given["vpcSecurityGroupIds"],
        "MetadataOptions": {
            "HttpTokens": options["httpTokens"],
            "HttpEndpoint": options["httpEndpoint"],
            "HttpPutResponseHopLimit": options["httpPutResponseHopLimit"],
        },
    }
    made = client.create_launch_template(LaunchTemplateName=given["name"], LaunchTemplateData=data)
    return {"id": made["LaunchTemplate"]["LaunchTemplateId"]}


def _flow_log(client: Any, given: Inputs) -> Made:
    made = client.create_flow_logs(
        ResourceIds=[given["vpcId"]],
        ResourceType="VPC",
        TrafficType=given["trafficType"],
        LogGroupName=given["logDestination"].partition(":log-group:")[2].removesuffix(":*"),
        DeliverLogsPermissionArn=given["iamRoleArn"],
    )
    if made["Unsuccessful"]:
        raise ValueError(made["Unsuccessful"][0]["Error"]["Message"])
    return {"id": made["FlowLogIds"][0]}


CALLS: dict[str, tuple[str, Call]] = {
    **services.CALLS,
    "aws:ec2/vpc:Vpc": ("ec2", _vpc),
    "aws:ec2/subnet:Subnet": (
        "ec2",
        _ec2(
            "create_subnet",
            "Subnet",
            "SubnetId",
            vpcId="VpcId",
            cidrBlock="CidrBlock",
            availabilityZone="AvailabilityZone",
        ),
    ),
    "aws:ec2/internetGateway:InternetGateway": ("ec2", _gateway),
    "aws:ec2/eip:Eip": ("ec2", _address),
    "aws:ec2/natGateway:NatGateway": (
        "ec2",
        _ec2("create_nat_gateway", "NatGateway", "NatGatewayId", subnetId="SubnetId", allocationId="AllocationId"),
    ),
    "aws:ec2/routeTable:RouteTable": ("ec2", _ec2("create_route_table", "RouteTable", "RouteTableId", vpcId="VpcId")),
    "aws:ec2/routeTableAssociation:RouteTableAssociation": ("ec2", _associate),
    "aws:ec2/route:Route": ("ec2", _route),
    "aws:ec2/vpcEndpoint:VpcEndpoint": (
        "ec2",
        _ec2(
            *("create_vpc_endpoint", "VpcEndpoint", "VpcEndpointId"),
            vpcId="VpcId",
            serviceName="ServiceName",
            vpcEndpointType="VpcEndpointType",
            routeTableIds="RouteTableIds",
        ),
    ),
    "aws:ec2/vpcPeeringConnection:VpcPeeringConnection": (
        "ec2",
        _ec2(
            *("create_vpc_peering_connection", "VpcPeeringConnection", "VpcPeeringConnectionId"),
            vpcId="VpcId",
            peerVpcId="PeerVpcId",
            peerRegion="PeerRegion",
            peerOwnerId="PeerOwnerId",
        ),
    ),
    "aws:ec2/vpcPeeringConnectionAccepter:VpcPeeringConnectionAccepter": ("ec2", _accept),
    "aws:ec2/securityGroup:SecurityGroup": ("ec2", _group),
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": ("ec2", _rule("authorize_security_group_ingress")),
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": ("ec2", _rule("authorize_security_group_egress")),
    "aws:ec2/launchTemplate:LaunchTemplate": ("ec2", _template),
    "aws:ec2/flowLog:FlowLog": ("ec2", _flow_log),
}


def client_of(service: str, region: str) -> Any:
    """A client of one service in one region."""
    return boto3.client(service, region_name=region)
