"""Policies as JSON: who may take a role, who may use a key. No action on everything, and none that is a wildcard."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pulumi
import pulumi_aws as aws

from components.aws.place import Place

VERSION = "2012-10-17"
USE = ("Decrypt", "DescribeKey", "Encrypt", "GenerateDataKey", "GenerateDataKeyWithoutPlaintext")
REENCRYPT = ("ReEncryptFrom", "ReEncryptTo")
# All that its owner needs, and no action yet to be invented. In a key's policy the resource `*` is that key.
ADMINISTER = (
    *("CancelKeyDeletion", "CreateGrant", "DescribeKey", "DisableKey", "DisableKeyRotation", "EnableKey"),
    *("EnableKeyRotation", "GetKeyPolicy", "GetKeyRotationStatus", "ListGrants", "ListKeyPolicies"),
    *("ListResourceTags", "PutKeyPolicy", "RevokeGrant", "ScheduleKeyDeletion", "TagResource", "UntagResource"),
    *("UpdateKeyDescription", "CreateAlias", "DeleteAlias", "UpdateAlias"),
)


def document(*statements: Mapping[str, Any]) -> str:
    """A policy of these statements."""
    return json.dumps({"Version": VERSION, "Statement": [*statements]})


def allow(actions: Sequence[str], resources: Any, **more: Any) -> dict[str, Any]:
    """A statement that allows `actions`, each with its service."""
    return {"Effect": "Allow", "Action": sorted(actions), "Resource": resources, **more}


def kms(*names: str) -> list[str]:
    """Actions of the key service by their short names."""
    return [f"kms:{name}" for name in names]


def trust(service: str, place: Place, *actions: str) -> str:
    """Who may take a role: one service, for this account alone where it says whom it acts for."""
    condition = {"StringEquals": {"aws:SourceAccount": place.account}}
    # AWS's own examples give these two no condition (EKS User Guide, cluster and node roles).
    scoped = {"Condition": condition} if service not in ("ec2", "eks") else {}
    statement = {"Effect": "Allow", "Principal": {"Service": f"{service}.amazonaws.com"}, **scoped}
    return document({**statement, "Action": [*(actions or ("sts:AssumeRole",))]})


def pod_trust(place: Place) -> str:
    """A role that pods take through EKS Pod Identity (EKS User Guide)."""
    return trust("pods.eks", place, "sts:AssumeRole", "sts:TagSession")


def make_role(
    place: Place, part: str, trusts: str, parent: pulumi.Resource, managed: Sequence[str] = ()
) -> tuple[aws.iam.Role, list[pulumi.Resource]]:
    """A role with AWS's own policies of these names, and what must be there before it is of use."""
    name = f"{place.name}-{part}"
    role = aws.iam.Role(name, assume_role_policy=trusts, tags=place.tags(name), opts=place.options(parent))
    attached: list[pulumi.Resource] = [
        aws.iam.RolePolicyAttachment(
            f"{name}-{policy.lower()}",
            role=role.name,
            policy_arn=f"arn:aws:iam::aws:policy/{policy}",
            opts=place.options(role),
        )
        for policy in managed
    ]
    return role, attached


def grant(place: Place, part: str, role: aws.iam.Role, policy: pulumi.Input[str]) -> aws.iam.RolePolicy:
    """A policy of a role's own."""
    return aws.iam.RolePolicy(f"{place.name}-{part}", role=role.name, policy=policy, opts=place.options(role))
