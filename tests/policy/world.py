"""A fleet as the rules see it: the shipped mainnet's resources, before and after, with what is known beside them."""

from __future__ import annotations

import copy
from dataclasses import dataclass, field, replace
from typing import Any

from config.plan import FleetPlan
from policy.rules.catalogue import RULES
from policy.rules.resource import Known, Resource, Rule
from tests.unit.impacts import objects
from tests.unit.stacks import planned, values_of

STACK = Resource(
    type="pulumi:pulumi:Stack", name="notary-mainnet", urn="stack", props={"release": "1", "ensemble": ["zk"]}
)


def mainnet() -> dict[str, Any]:
    """The shipped mainnet."""
    return values_of("mainnet")


def resources(plan: FleetPlan) -> dict[str, Resource]:
    """The planned resources by kind and name: objects, each region's provider, the stack."""
    found = {"Stack": STACK}
    for (region, name), manifest in objects(plan).items():
        kind, _, logical = name.partition(" ")
        props = copy.deepcopy(manifest)
        ignored = ("spec.volumeClaimTemplates",) if kind == "StatefulSet" else ()
        token = f"kubernetes:{manifest['apiVersion']}:{kind}"
        found[name] = Resource(
            type=token, name=logical, urn=f"{token}::{logical}", provider=region, props=props, ignored=ignored
        )
    for region in plan.regions:
        token = "pulumi:providers:kubernetes"
        props = {"clusterIdentifier": region}
        found[f"provider {region}"] = Resource(type=token, name=region, urn=f"{token}::{region}", props=props)
    return found


@dataclass
class World:
    """What runs, and what is planned; a test changes the latter."""

    values: dict[str, Any] = field(default_factory=mainnet)
    secrets: tuple[str, ...] = ()
    released: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        self.plan = planned(self.values)
        self.before = resources(self.plan)
        self.after = resources(self.plan)

    def props(self, key: str) -> Any:
        """The properties of a planned resource, to be changed."""
        return self.after[key].props

    def pod(self, key: str) -> Any:
        """The pod's spec of a planned set."""
        return self.props(key)["spec"]["template"]["spec"]

    def move(self, key: str, region: str) -> None:
        """Plan a resource in another region."""
        self.after[key] = replace(self.after[key], provider=region)

    def become(self, values: dict[str, Any]) -> None:
        """Plan another stack."""
        self.values, self.plan = values, planned(values)
        self.after = resources(self.plan)

    @property
    def known(self) -> Known:
        return Known(
            stage=self.values["stage"],
            notaries=self.values["notaries"],
            regions=self.values["regions"],
            images=frozenset(build.image for build in self.plan.loaded.release.builds.values()),
            before=tuple(self.before.values()),
            secrets=self.secrets,
            released=self.released,
        )

    def violations(self, rule: Rule, known: Known | None = None) -> list[str]:
        """What a rule says of the plan."""
        given = known or self.known
        found = [text for item in self.after.values() if rule.one for text in rule.one(item, given)]
        return [*found, *(rule.all(tuple(self.after.values()), given) if rule.all else ())]


def rule(name: str) -> Rule:
    """A rule of the catalogue."""
    return next(item for item in RULES if item.name == name)
