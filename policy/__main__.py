"""The pack as the engine runs it: each rule of the catalogue as a policy."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))  # the engine runs this file, not a package

import pulumi
from pulumi_policy import (
    EnforcementLevel,
    PolicyPack,
    PolicyResource,
    ReportViolation,
    ResourceValidationArgs,
    ResourceValidationPolicy,
    StackValidationArgs,
    StackValidationPolicy,
)
from pulumi_policy.proxy import UnknownValueError
from rules.catalogue import RULES
from rules.resource import Known, Resource, Rule

LEVELS = {"mandatory": EnforcementLevel.MANDATORY, "advisory": EnforcementLevel.ADVISORY}
STACK = "pulumi:pulumi:Stack"
INPUTS: dict[str, Resource] = {}
FACTS = "FLEET_POLICY_FACTS"  # the file that `fleet preview --policies` leaves; without it, what runs is not known


@cache
def known() -> Known:
    """What a plan does not show: the stack's own values, and what the command tells."""
    config = pulumi.Config("notary")
    path = os.environ.get(FACTS)
    facts: dict[str, Any] = json.loads(Path(path).read_text()) if path else {}
    return Known(
        stage=config.get("stage") or "",
        notaries=config.get_object("notaries") or {},
        regions=config.get_object("regions") or {},
        images=frozenset(facts["images"]) if path else None,
        before=tuple(map(running, facts["before"])) if path else None,
        secrets=tuple(secrets_of(config)),
        released=frozenset(facts.get("released", ())),
    )


def secrets_of(config: pulumi.Config) -> Iterable[str]:
    """The values of the secret keys that the stack names, to look for them where they must not be."""
    wanted = [config.get_object("rpc"), config.get_object("notaries"), config.get_object("regions")]
    while wanted:
        value = wanted.pop()
        if isinstance(value, Mapping):
            wanted += value.values()
            if isinstance(key := value.get("config"), str) and (secret := config.get(key)):
                yield secret


def running(item: Mapping[str, Any]) -> Resource:
    """A resource as the state has it."""
    name = str(item["urn"]).rpartition("::")[2]
    return Resource(
        type=item["type"], name=name, urn=item["urn"], provider=item["provider"], props=item["inputs"] or {}
    )


def planned(item: ResourceValidationArgs | PolicyResource) -> Resource:
    """A resource as the engine shows it."""
    paths = tuple(str(path) for path in item.opts.ignore_changes or ())
    return Resource(
        type=item.resource_type,
        name=item.name,
        urn=item.urn,
        provider=item.provider.name if item.provider else "",
        props=plain(item.props),
        ignored=paths,
    )


def plain(value: Any) -> Any:
    """Values without the engine's wrappers; None for what is not known yet."""
    if isinstance(value, Mapping):
        return {key: plain(looked_up(value, key)) for key in value}
    if not isinstance(value, str) and hasattr(value, "__len__") and hasattr(value, "__getitem__"):
        return [plain(looked_up(value, index)) for index in range(len(value))]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def looked_up(values: Any, key: Any) -> Any:
    try:
        return values[key]
    except UnknownValueError:
        return None


def policies(rule: Rule) -> Iterable[ResourceValidationPolicy | StackValidationPolicy]:
    """A rule as the engine takes it; one that judges both ways is two policies."""

    def each(args: ResourceValidationArgs, report: ReportViolation) -> None:
        INPUTS[args.urn] = resource = planned(args)
        for violation in rule.one(resource, known()) if rule.one else ():
            report(violation)

    def whole(args: StackValidationArgs, report: ReportViolation) -> None:
        # At the end the engine shows outputs, which a cluster has filled with its defaults; rules compare inputs.
        resources = tuple(
            replace(INPUTS.get(item.urn) or planned(item), after=frozenset(one.urn for one in item.dependencies))
            for item in args.resources
            if item.resource_type != STACK
        )
        outputs = tuple(planned(item) for item in args.resources if item.resource_type == STACK)
        for violation in rule.all((*resources, *outputs), known()) if rule.all else ():
            report(violation)

    level = LEVELS[rule.level]
    if rule.one:
        yield ResourceValidationPolicy(rule.name, rule.purpose, each, enforcement_level=level)
    if rule.all:
        name = f"{rule.name}-outputs" if rule.one else rule.name
        yield StackValidationPolicy(name, rule.purpose, whole, enforcement_level=level)


PolicyPack("notary-fleet", [policy for rule in RULES for policy in policies(rule)])
