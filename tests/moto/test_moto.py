"""What moto says of everything that the program declares on AWS: it takes all that it knows, and no mistake."""

from __future__ import annotations

import json
import os
import subprocess
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
        assert found["repositories"] == 10, "one for each image of the release"


# What is changed to a mistake: the resource, its kind, what AWS would say, the input.
MISTAKES: list[tuple[str, str, str, dict[str, Any]]] = [
    ("eu-west-nodes-a", "Subnet", "InvalidSubnet.Range", {"cidrBlock": "10.97.0.0/19"}),
    ("eu-central-nodes-b", "Subnet", "InvalidSubnet.Conflict", {"cidrBlock": "10.97.0.0/19"}),
    ("eu-west-volumes-key", "RolePolicy", "MalformedPolicyDocument", {"policy": '{"Action": 1}'}),
    (
        *("eu-west-node-role-amazoneksworkernodepolicy", "RolePolicyAttachment", "NoSuchEntity"),
        {"policyArn": "arn:aws:iam::aws:policy/AmazonEKSWorkerPolicy"},
    ),
    ("eu-west-cluster", "Cluster", "ParamValidationError", {"enabledClusterLogTypes": "api"}),
    ("na-east-rest", "NodeGroup", "ResourceNotFoundException", {"clusterName": "another"}),
]


@pytest.fixture(scope="module")
def refused(program: Resources, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """What moto says of all mistakes, in one run."""
    resources = [dict(item) for item in program]
    for name, kind, _, inputs in MISTAKES:
        (found,) = [one for one in resources if one["urn"].endswith(f"::{name}") and one["type"].endswith(f":{kind}")]
        found["inputs"] = {**found["inputs"], **inputs}
    return asked(resources, tmp_path_factory.mktemp("mistakes"))["refused"]


@pytest.mark.parametrize(("name", "kind", "word", "inputs"), MISTAKES, ids=[word for _, _, word, _ in MISTAKES])
def test_a_mistake_is_refused(name: str, kind: str, word: str, inputs: dict[str, Any], refused: list[str]) -> None:
    del inputs
    lines = [line for line in refused if line.startswith(f"{name} (") and f":{kind})" in line]
    assert any(word in line for line in lines), lines
