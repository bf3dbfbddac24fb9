"""The stand-in for AWS, call by call: what it keeps unknown, what it refuses, what it replaces."""

from __future__ import annotations

from typing import Any

import pytest
from pulumi.runtime.proto import provider_pb2

from sandbox.plugins.aws.outputs import TYPES, identity_of, made, planned
from sandbox.plugins.aws.replacing import REPLACING, changes
from sandbox.plugins.aws.servicer import AwsProvider
from sandbox.plugins.values import SECRET, SIGNATURE, UNKNOWN, from_struct, to_struct

CLUSTER = "aws:eks/cluster:Cluster"
GIVEN = {"region": "eu-west-1", "name": "notary", "vpcConfig": {"endpointPrivateAccess": True}}


class RefusedError(Exception):
    """How a call ends that is aborted."""


class Context:
    def abort(self, code: Any, message: str) -> None:
        del code
        raise RefusedError(message)


def urn(token: str, name: str = "eu-west-thing") -> str:
    return f"urn:pulumi:test::notary::notary:aws:Cloud${token}::{name}"


def create(token: str, preview: bool, **inputs: Any) -> dict[str, Any]:
    request = provider_pb2.CreateRequest(urn=urn(token), properties=to_struct(inputs), preview=preview)
    return from_struct(AwsProvider(None).Create(request, Context()).properties)


def test_a_preview_knows_what_was_given_and_nothing_that_aws_tells() -> None:
    outputs = create(CLUSTER, preview=True, **GIVEN)
    assert outputs["name"] == "notary"
    assert outputs["vpcConfig"] == {
        "endpointPrivateAccess": True,
        "clusterSecurityGroupId": UNKNOWN,
        "vpcId": UNKNOWN,
    }
    assert {outputs["arn"], outputs["endpoint"], outputs["certificateAuthority"]["data"]} == {UNKNOWN}


def test_an_update_tells_all_of_it_the_same_each_time() -> None:
    first, second = (create(CLUSTER, preview=False, **GIVEN) for _ in range(2))
    assert first == second
    assert UNKNOWN not in repr(first)
    assert identity_of(urn(CLUSTER)) != identity_of(urn(CLUSTER, "eu-central-thing"))


@pytest.mark.parametrize("token", TYPES)
def test_each_type_has_the_same_outputs_in_a_preview_and_in_an_update(token: str) -> None:
    assert planned(token, {}).keys() == made(token, "made-1", {}).keys()


def test_nothing_is_made_of_what_is_not_known() -> None:
    with pytest.raises(RefusedError, match="not known"):
        create("aws:ec2/subnet:Subnet", preview=False, region="eu-west-1", vpcId=UNKNOWN)
    assert create("aws:ec2/subnet:Subnet", preview=True, region="eu-west-1", vpcId=UNKNOWN)["vpcId"] == UNKNOWN


def checked(token: str, **inputs: Any) -> Any:
    request = provider_pb2.CheckRequest(urn=urn(token), news=to_struct(inputs))
    return AwsProvider(None).Check(request, Context())


def test_a_resource_without_a_region_is_refused_unless_its_service_has_none() -> None:
    assert [one.reason for one in checked("aws:ec2/vpc:Vpc", cidrBlock="10.0.0.0/16").failures]
    assert not checked("aws:ec2/vpc:Vpc", region="eu-west-1").failures
    assert not checked("aws:iam/role:Role").failures


def test_a_type_that_it_does_not_know_is_refused() -> None:
    with pytest.raises(RefusedError, match="has no aws:rds"):
        checked("aws:rds/instance:Instance", region="eu-west-1")


def test_a_name_is_made_once_and_kept() -> None:
    first = from_struct(checked("aws:iam/role:Role").inputs)["name"]
    assert first.startswith("eu-west-thing-")
    request = provider_pb2.CheckRequest(urn=urn("aws:iam/role:Role"), olds=to_struct({"name": "of-old"}))
    assert from_struct(AwsProvider(None).Check(request, Context()).inputs)["name"] == "of-old"


def test_what_aws_can_change_is_updated_and_what_it_can_not_is_replaced() -> None:
    versions = changes(CLUSTER, {"version": "1.35"}, {"version": "1.36"})
    assert [(change.path, change.replaces) for change in versions] == [("version", False)]
    for key in ("name", "region", "roleArn"):
        assert [change.replaces for change in changes(CLUSTER, {key: "a"}, {key: "b"})] == [True]
    assert changes(CLUSTER, GIVEN, GIVEN) == []
    assert set(REPLACING) <= set(TYPES)


def test_what_was_given_as_a_secret_comes_back_as_one() -> None:
    secret = {SIGNATURE: SECRET, "value": "correct-horse"}
    assert create("aws:ec2/vpc:Vpc", preview=False, region="eu-west-1", tags=secret)["tags"] == secret
