"""What a stack says of its AWS account: once, for all of its regions there."""

from __future__ import annotations

import ipaddress
import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from config.networks import BRIDGE, NARROWEST, PRIVATE, WIDEST
from config.types import Model, Network, RegionName, expected, matching

SNAPSHOT_CLASS = "ebs"  # of a region's volumes
_ROLE = re.compile(r"arn:aws:iam::[0-9]{12}:role/[A-Za-z0-9+=,.@_/-]{1,128}")


def fleet_prefix(value: str) -> str:
    """A private network that all regions' slots fit in, clear of the container runtime's bridge."""
    network = ipaddress.IPv4Network(value)
    sized = WIDEST <= network.prefixlen <= NARROWEST
    if not sized or not any(network.subnet_of(wide) for wide in PRIVATE) or network.overlaps(BRIDGE):
        raise expected(
            "a network of /8 to /16 inside 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16, without 172.17.0.0/16,"
            " such as 10.96.0.0/12"
        )
    return value


def narrow(value: str) -> str:
    """A network of people, not of everyone."""
    if ipaddress.IPv4Network(value).prefixlen < WIDEST:
        raise expected("a network of /8 or narrower, such as 203.0.113.0/24: an API server is not for everyone")
    return value


Account = Annotated[
    str, AfterValidator(matching(re.compile(r"[0-9]{12}"), 'an account of 12 digits in quotes, such as "111122223333"'))
]
RoleArn = Annotated[
    str, AfterValidator(matching(_ROLE, "a role such as arn:aws:iam::111122223333:role/notary-operators"))
]
AwsRegion = Annotated[
    str,
    AfterValidator(matching(re.compile(r"(?!us-gov-|cn-)[a-z]{2}-[a-z]+-[1-9]"), "an AWS region such as eu-west-1")),
]
KubernetesVersion = Annotated[
    str, AfterValidator(matching(re.compile(r"1\.[0-9]{2}"), 'a version of Kubernetes in quotes, such as "1.35"'))
]


class Cloud(Model):
    """The account, its addresses, and who may operate the clusters."""

    account: Account = Field(description="The account that everything stands in; another one is refused")
    prefix: Annotated[Network, AfterValidator(fleet_prefix)] = Field(
        description="All regions' addresses: each takes one of its 16 slots. Fixed for ever"
    )
    home: RegionName = Field(description="The region whose registry images are pushed to; the others' are its replicas")
    admins: tuple[RoleArn, ...] = Field(
        strict=False,
        min_length=1,
        max_length=20,
        description="Roles that administer the clusters; the one that runs the program must be among them",
    )
    operators: tuple[Annotated[Network, AfterValidator(narrow)], ...] = Field(
        default=(),
        strict=False,
        max_length=40,
        description="Networks that reach the API servers over the internet; none if left out",
    )
    kubernetes: KubernetesVersion = "1.35"
    keys: Literal["operator", "secrets-manager"] = Field(
        default="operator",
        description="Who makes the Secrets that the stack names: a person, or External Secrets from Secrets Manager",
    )
