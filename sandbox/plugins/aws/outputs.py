"""What AWS adds to a resource's inputs, by type: unknown in a preview, made up in an update. Pure.

Only what a program takes from resources is here; a type that is not known is refused, so that nothing is guessed.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Mapping
from typing import Any

from sandbox.plugins.values import UNKNOWN

ACCOUNT = "000000000000"  # of nobody: what an update of the stand-in makes is nowhere
Outputs = Callable[[str], dict[str, Any]]


def _arn(service: str, kind: str) -> Outputs:
    return lambda identity: {"arn": f"arn:aws:{service}:nowhere:{ACCOUNT}:{kind}/{identity}"}


def _with(*made: Outputs) -> Outputs:
    return lambda identity: {key: value for one in made for key, value in one(identity).items()}


def _nothing(identity: str) -> dict[str, Any]:
    del identity
    return {}


def _cluster(identity: str) -> dict[str, Any]:
    authority = base64.b64encode(f"authority of {identity}".encode()).decode()
    return {
        "endpoint": f"https://{identity}.eks.invalid",
        "certificateAuthority": {"data": authority},
        "vpcConfig": {"clusterSecurityGroupId": f"sg-{identity}", "vpcId": f"vpc-{identity}"},
        "status": "ACTIVE",
    }


# Types by token: what AWS makes of them beside their inputs and id.
TYPES: Mapping[str, Outputs] = {
    "aws:autoscaling/attachment:Attachment": _nothing,
    "aws:cloudwatch/logGroup:LogGroup": _arn("logs", "log-group"),
    "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup": _arn("ec2", "security-group"),
    "aws:ec2/eip:Eip": lambda identity: {"allocationId": identity, "publicIp": "192.0.2.1"},
    "aws:ec2/flowLog:FlowLog": _arn("ec2", "vpc-flow-log"),
    "aws:ec2/internetGateway:InternetGateway": _arn("ec2", "internet-gateway"),
    "aws:ec2/launchTemplate:LaunchTemplate": _with(_arn("ec2", "launch-template"), lambda _: {"latestVersion": 1}),
    "aws:ec2/natGateway:NatGateway": lambda _: {"publicIp": "192.0.2.1"},
    "aws:ec2/route:Route": lambda _: {"state": "active"},
    "aws:ec2/routeTable:RouteTable": _arn("ec2", "route-table"),
    "aws:ec2/routeTableAssociation:RouteTableAssociation": _nothing,
    "aws:ec2/securityGroup:SecurityGroup": _arn("ec2", "security-group"),
    "aws:ec2/subnet:Subnet": _arn("ec2", "subnet"),
    "aws:ec2/vpc:Vpc": _arn("ec2", "vpc"),
    "aws:ec2/vpcEndpoint:VpcEndpoint": _arn("ec2", "vpc-endpoint"),
    "aws:ec2/vpcPeeringConnection:VpcPeeringConnection": lambda _: {"acceptStatus": "pending-acceptance"},
    "aws:ec2/vpcPeeringConnectionAccepter:VpcPeeringConnectionAccepter": lambda _: {"acceptStatus": "active"},
    "aws:ecr/replicationConfiguration:ReplicationConfiguration": lambda _: {"registryId": ACCOUNT},
    "aws:ecr/repository:Repository": _with(
        _arn("ecr", "repository"), lambda identity: {"repositoryUrl": f"{ACCOUNT}.registry.invalid/{identity}"}
    ),
    "aws:eks/accessEntry:AccessEntry": lambda identity: {"accessEntryArn": f"arn:aws:eks:nowhere::{identity}"},
    "aws:eks/accessPolicyAssociation:AccessPolicyAssociation": lambda _: {"associatedAt": "2026-01-01T00:00:00Z"},
    "aws:eks/addon:Addon": _arn("eks", "addon"),
    "aws:eks/cluster:Cluster": _with(_arn("eks", "cluster"), _cluster),
    "aws:eks/nodeGroup:NodeGroup": _with(
        _arn("eks", "nodegroup"),
        lambda identity: {"resources": [{"autoscalingGroups": [{"name": f"eks-{identity}"}]}], "status": "ACTIVE"},
    ),
    "aws:eks/podIdentityAssociation:PodIdentityAssociation": lambda identity: {"associationId": f"a-{identity}"},
    "aws:iam/role:Role": _with(_arn("iam", "role"), lambda identity: {"uniqueId": f"AROA{identity}"}),
    "aws:iam/rolePolicy:RolePolicy": _nothing,
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": _nothing,
    "aws:kms/alias:Alias": _arn("kms", "alias"),
    "aws:kms/key:Key": _with(_arn("kms", "key"), lambda identity: {"keyId": identity}),
    "aws:lb/listener:Listener": _arn("elasticloadbalancing", "listener"),
    "aws:lb/loadBalancer:LoadBalancer": _with(
        _arn("elasticloadbalancing", "loadbalancer"),
        lambda identity: {"dnsName": f"{identity}.elb.invalid", "zoneId": "Z0"},
    ),
    "aws:lb/targetGroup:TargetGroup": _arn("elasticloadbalancing", "targetgroup"),
    "aws:route53/record:Record": lambda _: {"fqdn": "made.invalid"},
    "aws:route53/zone:Zone": _with(_arn("route53", "hostedzone"), lambda identity: {"zoneId": identity}),
    "aws:secretsmanager/secret:Secret": _arn("secretsmanager", "secret"),
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": _arn("ec2", "security-group-rule"),
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": _arn("ec2", "security-group-rule"),
}


# Types whose name the plugin makes from the program's where none is given, and the input that has it.
NAMED: Mapping[str, str] = {
    "aws:ec2/launchTemplate:LaunchTemplate": "name",
    "aws:ec2/securityGroup:SecurityGroup": "name",
    "aws:eks/nodeGroup:NodeGroup": "nodeGroupName",
    "aws:iam/role:Role": "name",
    "aws:iam/rolePolicy:RolePolicy": "name",
}


def named(token: str, urn: str, inputs: Mapping[str, Any], before: Mapping[str, Any]) -> dict[str, Any]:
    """The inputs with a name: the one that is given, the one from before, or one of the plugin's own."""
    key = NAMED.get(token)
    if key is None or key in inputs:
        return dict(inputs)
    own = f"{urn.rsplit('::', 1)[-1]}-{hashlib.sha256(urn.encode()).hexdigest()[:7]}"
    return {**inputs, key: before.get(key) or own}


def identity_of(urn: str) -> str:
    """An id as AWS would make one: the same for the same resource, and not its name."""
    return f"made-{hashlib.sha256(urn.encode()).hexdigest()[:12]}"


def made(token: str, identity: str, inputs: Mapping[str, Any]) -> dict[str, Any]:
    """A resource after an update: inputs, and on top what AWS adds, nested mappings joined."""
    return _joined(inputs, TYPES[token](identity))


def planned(token: str, inputs: Mapping[str, Any]) -> dict[str, Any]:
    """A resource in a preview: inputs, and unknown whatever AWS adds."""
    return _joined(inputs, {key: _unknown(value) for key, value in TYPES[token]("").items()})


def _unknown(value: Any) -> Any:
    """Mappings keep their known keys, so that what was given inside stays known; a list is unknown as a whole."""
    return {key: _unknown(item) for key, item in value.items()} if isinstance(value, dict) else UNKNOWN


def _joined(inputs: Mapping[str, Any], added: Mapping[str, Any]) -> dict[str, Any]:
    joined = dict(inputs)
    for key, value in added.items():
        below = joined.get(key)
        joined[key] = _joined(below, value) if isinstance(below, dict) and isinstance(value, dict) else value
    return joined
