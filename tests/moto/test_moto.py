"""What moto says of everything that the program declares on AWS: it takes all that it knows, and no mistake."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.moto.declared import declared
from tests.recording import ROOT
from tests.unit.stacks import plan_of

PYTHON = ROOT / ".venv" / "moto" / "bin" / "python"
# What moto has no calls for, or what hangs on what EC2 starts: it stays with mocks and the stand-in.
PASSED_OVER = {
    *("aws:autoscaling/attachment:Attachment", "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup"),
    *("aws:eks/accessEntry:AccessEntry", "aws:eks/accessPolicyAssociation:AccessPolicyAssociation"),
    *("aws:eks/addon:Addon", "aws:lb/listener:Listener", "aws:lb/loadBalancer:LoadBalancer"),
    *("aws:lb/targetGroup:TargetGroup", "aws:route53/record:Record", "aws:route53/zone:Zone"),
}
Resources = list[dict[str, Any]]


@pytest.fixture(scope="module")
def program() -> Resources:
    return declared(plan_of("mainnet-eks"))


def asked(resources: Resources, folder: Path) -> dict[str, Any]:
    """What moto answers."""
    state = folder / "state.json"
    state.write_text(json.dumps(resources))
    account = {"AWS_ACCESS_KEY_ID": "none", "AWS_SECRET_ACCESS_KEY": "none", "MOTO_ACCOUNT_ID": "111122223333"}
    command = [str(PYTHON), str(ROOT / "tests" / "moto" / "driver.py"), str(state)]
    done = subprocess.run(command, env={**os.environ, **account}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_moto_takes_everything_that_it_knows(program: Resources, tmp_path: Path) -> None:
    told = asked(program, tmp_path)
    assert told["refused"] == []
    assert set(told["skipped"]) == PASSED_OVER
    assert sum(told["made"].values()) + sum(told["skipped"].values()) == len(program)
    seen = told["seen"]
    assert {region: found["vpcs"] for region, found in seen.items()} == {
        "eu-central-1": ["10.97.0.0/17"],
        "eu-west-1": ["10.96.0.0/17"],
        "us-east-1": ["10.98.0.0/17"],
    }
    for found in seen.values():
        assert found["peerings"] == 2
        assert len(found["clusters"]) == 1
        assert len(found["groups"]) == 4
        assert found["repositories"] == 9


def change(resources: Resources, name: str, kind: str, **inputs: Any) -> None:
    (found,) = [item for item in resources if item["urn"].endswith(f"::{name}") and item["type"].endswith(f":{kind}")]
    found["inputs"] = {**found["inputs"], **inputs}


MUTANTS: list[tuple[str, Callable[[Resources], None]]] = [
    ("InvalidSubnet.Range", lambda all_: change(all_, "eu-west-nodes-a", "Subnet", cidrBlock="10.97.0.0/19")),
    ("InvalidSubnet.Conflict", lambda all_: change(all_, "eu-west-nodes-b", "Subnet", cidrBlock="10.96.0.0/19")),
    ("InvalidParameterValue", lambda all_: change(all_, "eu-west-nodes-a", "Subnet", availabilityZone="us-east-1a")),
    ("MalformedPolicyDocument", lambda all_: change(all_, "eu-west-volumes-key", "RolePolicy", policy='{"Action": 1}')),
    (
        "NoSuchEntity",
        lambda all_: change(
            all_,
            "eu-west-node-role-amazoneksworkernodepolicy",
            "RolePolicyAttachment",
            policyArn="arn:aws:iam::aws:policy/AmazonEKSWorkerPolicy",
        ),
    ),
    (
        "InvalidPermission.Duplicate",
        lambda all_: change(all_, "eu-west-nodes-to-gate", "SecurityGroupEgressRule", fromPort=53, toPort=53),
    ),
    ("ParamValidationError", lambda all_: change(all_, "eu-west-cluster", "Cluster", enabledClusterLogTypes="api")),
    ("ResourceNotFoundException", lambda all_: change(all_, "eu-west-rest", "NodeGroup", clusterName="another")),
]


@pytest.mark.parametrize(("word", "mutant"), MUTANTS, ids=[word for word, _ in MUTANTS])
def test_a_mistake_is_refused(
    word: str, mutant: Callable[[Resources], None], program: Resources, tmp_path: Path
) -> None:
    resources = [dict(item) for item in program]
    mutant(resources)
    refused = asked(resources, tmp_path)["refused"]
    assert any(word in line for line in refused), refused[:3]
