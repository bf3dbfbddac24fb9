"""Calls of boto3 beside the network's: logs, keys, roles, registries, clusters. Runs in moto's own environment."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Inputs = dict[str, Any]
Made = dict[str, Any]  # what AWS tells: `id`, and `arn` where the program uses it
Call = Callable[[Any, Inputs], Made]


def _log_group(client: Any, given: Inputs) -> Made:
    name = given["name"]
    client.create_log_group(logGroupName=name, kmsKeyId=given["kmsKeyId"])
    client.put_retention_policy(logGroupName=name, retentionInDays=given["retentionInDays"])
    (found,) = client.describe_log_groups(logGroupNamePrefix=name)["logGroups"]
    return {"id": name, "arn": found["arn"].removesuffix(":*")}


def _key(client: Any, given: Inputs) -> Made:
    made = client.create_key(Policy=given["policy"], Description=given["description"])["KeyMetadata"]
    client.enable_key_rotation(KeyId=made["KeyId"])
    return {"id": made["KeyId"], "arn": made["Arn"]}


def _alias(client: Any, given: Inputs) -> Made:
    client.create_alias(AliasName=given["name"], TargetKeyId=given["targetKeyId"])
    return {"id": given["name"]}


def _role(client: Any, given: Inputs) -> Made:
    made = client.create_role(RoleName=given["name"], AssumeRolePolicyDocument=given["assumeRolePolicy"])["Role"]
    return {"id": made["RoleName"], "arn": made["Arn"]}


def _role_policy(client: Any, given: Inputs) -> Made:
    client.put_role_policy(RoleName=given["role"], PolicyName=given["name"], PolicyDocument=given["policy"])
    return {"id": f"{given['role']}:{given['name']}"}


def _attach(client: Any, given: Inputs) -> Made:
    client.attach_role_policy(RoleName=given["role"], PolicyArn=given["policyArn"])
    return {"id": f"{given['role']}/{given['policyArn']}"}


def _repository(client: Any, given: Inputs) -> Made:
    (encryption,) = given["encryptionConfigurations"]
    made = client.create_repository(
        repositoryName=given["name"],
        imageTagMutability=given["imageTagMutability"],
        imageScanningConfiguration={"scanOnPush": given["imageScanningConfiguration"]["scanOnPush"]},
        encryptionConfiguration={"encryptionType": encryption["encryptionType"], "kmsKey": encryption["kmsKey"]},
    )["repository"]
    return {"id": made["repositoryName"], "arn": made["repositoryArn"]}


def _replication(client: Any, given: Inputs) -> Made:
    rules = [
        {
            "destinations": [
                {"region": one["region"], "registryId": one["registryId"]} for one in rule["destinations"]
            ],
            "repositoryFilters": [
                {"filter": one["filter"], "filterType": one["filterType"]} for one in rule["repositoryFilters"]
            ],
        }
        for rule in given["replicationConfiguration"]["rules"]
    ]
    client.put_replication_configuration(replicationConfiguration={"rules": rules})
    return {"id": "replication"}


def _cluster(client: Any, given: Inputs) -> Made:
    net = given["vpcConfig"]
    made = client.create_cluster(
        name=given["name"],
        version=given["version"],
        roleArn=given["roleArn"],
        resourcesVpcConfig={
            "subnetIds": net["subnetIds"],
            "endpointPrivateAccess": net["endpointPrivateAccess"],
            "endpointPublicAccess": net["endpointPublicAccess"],
            "publicAccessCidrs": net["publicAccessCidrs"],
        },
        kubernetesNetworkConfig={"serviceIpv4Cidr": given["kubernetesNetworkConfig"]["serviceIpv4Cidr"]},
        encryptionConfig=[{"resources": ["secrets"], "provider": given["encryptionConfig"]["provider"]}],
        accessConfig=given["accessConfig"],
        upgradePolicy=given["upgradePolicy"],
        deletionProtection=given["deletionProtection"],
        bootstrapSelfManagedAddons=given["bootstrapSelfManagedAddons"],
        logging={"clusterLogging": [{"types": given["enabledClusterLogTypes"], "enabled": True}]},
    )["cluster"]
    return {"id": made["name"], "arn": made["arn"]}


def _node_group(client: Any, given: Inputs) -> Made:
    template = given["launchTemplate"]
    made = client.create_nodegroup(
        clusterName=given["clusterName"],
        nodegroupName=given["nodeGroupName"],
        scalingConfig=given["scalingConfig"],
        subnets=given["subnetIds"],
        instanceTypes=given["instanceTypes"],
        amiType=given["amiType"],
        nodeRole=given["nodeRoleArn"],
        labels=given["labels"],
        taints=given.get("taints") or [],
        updateConfig=given["updateConfig"],
        capacityType=given["capacityType"],
        launchTemplate={"id": template["id"], "version": template["version"]},
    )["nodegroup"]
    groups = (made.get("resources") or {}).get("autoScalingGroups") or [{"name": None}]
    return {
        "id": f"{given['clusterName']}:{made['nodegroupName']}",
        "arn": made["nodegroupArn"],
        "scaling": groups[0]["name"],
    }


CALLS: dict[str, tuple[str, Call]] = {
    "aws:cloudwatch/logGroup:LogGroup": ("logs", _log_group),
    "aws:kms/key:Key": ("kms", _key),
    "aws:kms/alias:Alias": ("kms", _alias),
    "aws:iam/role:Role": ("iam", _role),
    "aws:iam/rolePolicy:RolePolicy": ("iam", _role_policy),
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": ("iam", _attach),
    "aws:ecr/repository:Repository": ("ecr", _repository),
    "aws:ecr/replicationConfiguration:ReplicationConfiguration": ("ecr", _replication),
    "aws:eks/cluster:Cluster": ("eks", _cluster),
    "aws:eks/nodeGroup:NodeGroup": ("eks", _node_group),
}
