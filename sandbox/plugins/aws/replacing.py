"""Which changes of which inputs make another resource: those that AWS can't change in place. Pure.

Written down by hand for the types that the program uses, and not held against the provider's own schema
(pulumi-aws 7, `replaceOnChanges`), which comes with its plugin alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox.plugins.differences import Change

# Another region or another name is another resource, wherever a type has them.
EVERYWHERE = {"region", "name", "namePrefix", "nodeGroupName"}
REPLACING: Mapping[str, set[str]] = {
    "aws:autoscaling/attachment:Attachment": {"autoscalingGroupName", "lbTargetGroupArn"},
    "aws:ec2/eip:Eip": {"domain"},
    "aws:ec2/flowLog:FlowLog": {"vpcId", "logDestination", "iamRoleArn", "trafficType"},
    "aws:ec2/natGateway:NatGateway": {"subnetId", "allocationId"},
    "aws:ec2/route:Route": {"routeTableId", "destinationCidrBlock"},
    "aws:ec2/routeTable:RouteTable": {"vpcId"},
    "aws:ec2/routeTableAssociation:RouteTableAssociation": {"subnetId"},
    "aws:ec2/securityGroup:SecurityGroup": {"vpcId", "description"},
    "aws:ec2/subnet:Subnet": {"vpcId", "cidrBlock", "availabilityZone"},
    "aws:ec2/vpc:Vpc": {"cidrBlock"},
    "aws:ec2/vpcEndpoint:VpcEndpoint": {"vpcId", "serviceName", "vpcEndpointType"},
    "aws:ec2/vpcPeeringConnection:VpcPeeringConnection": {"vpcId", "peerVpcId", "peerOwnerId", "peerRegion"},
    "aws:ec2/vpcPeeringConnectionAccepter:VpcPeeringConnectionAccepter": {"vpcPeeringConnectionId"},
    "aws:ecr/repository:Repository": {"encryptionConfigurations"},
    "aws:eks/accessEntry:AccessEntry": {"clusterName", "principalArn"},
    "aws:eks/accessPolicyAssociation:AccessPolicyAssociation": {"clusterName", "principalArn", "policyArn"},
    "aws:eks/addon:Addon": {"clusterName", "addonName"},
    "aws:eks/cluster:Cluster": {"roleArn", "bootstrapSelfManagedAddons", "encryptionConfig"},
    "aws:eks/nodeGroup:NodeGroup": {
        *("clusterName", "nodeRoleArn", "subnetIds", "amiType", "capacityType", "instanceTypes")
    },
    "aws:eks/podIdentityAssociation:PodIdentityAssociation": {"clusterName", "namespace", "serviceAccount"},
    "aws:iam/rolePolicy:RolePolicy": {"role"},
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": {"role", "policyArn"},
    "aws:lb/listener:Listener": {"loadBalancerArn"},
    "aws:lb/loadBalancer:LoadBalancer": {"internal", "loadBalancerType"},
    "aws:lb/targetGroup:TargetGroup": {"port", "protocol", "targetType", "vpcId"},
    "aws:route53/record:Record": {"zoneId", "type"},
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": {"securityGroupId"},
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": {"securityGroupId"},
}


def changes(token: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> list[Change]:
    """Every input that differs, and whether that makes another resource."""
    replacing = EVERYWHERE | REPLACING.get(token, set())
    found: list[Change] = []
    for key in sorted({*old, *new}):
        if old.get(key) != new.get(key):
            kind = "add" if key not in old else "delete" if key not in new else "update"
            found.append(Change(path=key, kind=kind, replaces=key in replacing))
    return found
