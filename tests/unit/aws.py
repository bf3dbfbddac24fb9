"""What the whole program of the stack on AWS registers under mocks, once for all tests that look at it."""

from __future__ import annotations

import importlib
import inspect
import re
from collections import defaultdict
from functools import cache
from typing import Any

import pulumi
import pytest

from fleet.project import program_of
from tests.recording import ROOT, Created, configured, record

STACK = "mainnet-eks"
WHERE = {"eu-central": "eu-central-1", "eu-west": "eu-west-1", "na-east": "us-east-1"}
VPCS = {"eu-west": "10.96.0.0/17", "eu-central": "10.97.0.0/17", "na-east": "10.98.0.0/17"}
# By server: client, peer, election. docs/configuration.md: 30000 + 10n and the next two.
PORTS = {number: (30_000 + 10 * number, 30_002 + 10 * number) for number in range(1, 6)}
HOMES = {1: "na-east", 2: "eu-west", 3: "eu-west", 4: "eu-central", 5: "eu-central"}
Rule = tuple[str, int, int, str]
Options = dict[str, pulumi.ResourceOptions]


@cache
def whole() -> tuple[list[Created], Options]:
    """All that is registered, and each resource's options by type and name: mocks don't show them."""
    options: Options = {}
    plain = pulumi.CustomResource.__init__

    def watch(self: pulumi.CustomResource, token: str, name: str, *args: Any, **more: Any) -> None:
        given = [item for item in (*args, *more.values()) if isinstance(item, pulumi.ResourceOptions)]
        options[f"{token} {name}"] = given[0]
        plain(self, token, name, *args, **more)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pulumi.CustomResource, "__init__", watch)
        return record(program_of(ROOT), STACK, configured(STACK)).created, options


def on_aws() -> list[Created]:
    """The resources of AWS."""
    return [item for item in whole()[0] if item.type.startswith("aws:")]


def of(created: list[Created], kind: str) -> list[Created]:
    """The resources of a kind."""
    return [item for item in created if item.type.endswith(f":{kind}")]


def region_of(item: Created) -> str:
    """The fleet's region that a resource's name begins with."""
    return next(region for region in WHERE if item.name.startswith(f"{region}-"))


@cache
def takes_region(token: str) -> bool:
    """Whether resources of a type take a region, as the SDK says."""
    _, module, kind = token.split(":")
    found = getattr(importlib.import_module(f"pulumi_aws.{module.split('/')[0]}"), kind)
    return "region" in inspect.signature(found._internal_init).parameters


def astray(created: list[Created]) -> list[str]:
    """Resources without the explicit provider, or not in the place of their fleet's region."""
    return [
        item.name
        for item in created
        if not re.search(r"::aws::[^:]+$", item.provider)
        or (takes_region(item.type) and item.inputs.get("region") != WHERE[region_of(item)])
    ]


def rules(created: list[Created]) -> dict[tuple[str, str, bool], set[Rule]]:
    """By region, group and direction (inward is true): protocol, first and last port, and whom."""
    found: dict[tuple[str, str, bool], set[Rule]] = defaultdict(set)
    for item in created:
        if "SecurityGroupIngressRule" in item.type or "SecurityGroupEgressRule" in item.type:
            given, region = item.inputs, region_of(item)
            short = {f"{region}-{name}-id": name for name in ("nodes", "balancers", "cluster-group")}
            peer = given.get("cidrIpv4") or short[given["referencedSecurityGroupId"]]
            holder = short[given["securityGroupId"]]
            ports = (given["ipProtocol"], given["fromPort"], given["toPort"], peer)
            found[region, holder, "Ingress" in item.type].add(ports)
    return found
