"""Creates against moto what a state declares, in its order; tells what was made, refused and passed over, as JSON.

`python driver.py STATE.json`: the resources of AWS in a state of the stand-in, whose made-up ids and ARNs are replaced
by those that moto gives.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import calls  # pyright: ignore[reportMissingImports]
from botocore.exceptions import BotoCoreError, ClientError
from moto import mock_aws

CONTROL_REGION = "us-east-1"


def run(resources: list[dict[str, Any]]) -> dict[str, Any]:
    """Create each resource; a refusal ends nothing, so that all come out at once."""
    known: dict[str, str] = {}
    made: Counter[str] = Counter()
    refused: list[str] = []
    skipped: Counter[str] = Counter()
    for item in resources:
        token = item["type"]
        if token not in calls.CALLS:
            skipped[token] += 1
            continue
        inputs = _resolved(item["inputs"], known)
        service, call = calls.CALLS[token]
        client = calls.client_of(service, inputs.get("region") or CONTROL_REGION)
        try:
            _learn(known, item, call(client, inputs), client if token == "aws:eks/cluster:Cluster" else None)
            made[token] += 1
        except (ClientError, BotoCoreError, KeyError, ValueError) as error:
            refused.append(f"{item['urn'].rsplit('::', 1)[-1]} ({token}): {type(error).__name__}: {error}")
    return {"made": made, "refused": refused, "skipped": skipped, "seen": _seen()}


def _learn(known: dict[str, str], item: dict[str, Any], told: dict[str, Any], eks: Any) -> None:
    """Remember what stands for what: ids, ARNs, and the group that comes with a cluster."""
    known[item["id"]] = told["id"]
    outputs = item["outputs"]
    if told.get("arn"):
        known[outputs["arn"]] = told["arn"]
    if eks is not None:
        vpc = eks.describe_cluster(name=told["id"])["cluster"]["resourcesVpcConfig"]
        group = vpc.get("clusterSecurityGroupId") or _default_group(item["inputs"]["region"], vpc)
        known[outputs["vpcConfig"]["clusterSecurityGroupId"]] = group


def _default_group(region: str, vpc: dict[str, Any]) -> str:
    """In the place of the cluster's own group, where moto makes none: a fresh one in its network."""
    ec2 = calls.client_of("ec2", region)
    (subnet, *_) = ec2.describe_subnets(SubnetIds=vpc["subnetIds"])["Subnets"]
    made = ec2.create_security_group(GroupName="cluster", Description="the cluster's", VpcId=subnet["VpcId"])
    return made["GroupId"]


def _resolved(value: Any, known: dict[str, str]) -> Any:
    if isinstance(value, dict):
        return {key: _resolved(item, known) for key, item in value.items() if key != "__defaults"}
    if isinstance(value, list):
        return [_resolved(item, known) for item in value]
    if isinstance(value, str):
        for made in sorted((key for key in known if key in value), key=len, reverse=True):
            value = value.replace(made, known[made])
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _seen() -> dict[str, dict[str, Any]]:
    """What stands there in the end, by region: networks, peerings that are active, clusters, their groups."""
    found: dict[str, dict[str, Any]] = {}
    for region in ("eu-central-1", "eu-west-1", "us-east-1"):
        ec2, eks = calls.client_of("ec2", region), calls.client_of("eks", region)
        clusters = eks.list_clusters()["clusters"]
        peerings = ec2.describe_vpc_peering_connections()["VpcPeeringConnections"]
        found[region] = {
            "vpcs": sorted(vpc["CidrBlock"] for vpc in ec2.describe_vpcs()["Vpcs"] if not vpc["IsDefault"]),
            "peerings": len([item for item in peerings if item["Status"]["Code"] == "active"]),
            "clusters": clusters,
            "groups": sorted(name for one in clusters for name in eks.list_nodegroups(clusterName=one)["nodegroups"]),
            "repositories": len(calls.client_of("ecr", region).describe_repositories()["repositories"]),
        }
    return found


if __name__ == "__main__":
    with mock_aws(config={"iam": {"load_aws_managed_policies": True}}):
        told = run(json.loads(Path(sys.argv[1]).read_text()))
    print(json.dumps(told, sort_keys=True))  # noqa: T201
