"""What the program declares on AWS, with ids and ARNs made up so that each names one resource, in order of creation."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pulumi
from pulumi.runtime import mocks

from components.aws.cloud import Cloud
from config.plan import FleetPlan
from sandbox.plugins.aws.outputs import identity_of, made, named


@dataclass
class Declared(mocks.Mocks):
    """Takes down each resource of AWS as the stand-in's state would have it."""

    resources: list[dict[str, Any]] = field(default_factory=list)

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        if not args.typ.startswith("aws:"):
            return f"{args.name}-id", dict(args.inputs)
        urn = f"urn:pulumi:moto::notary::{args.typ}::{args.name}"
        identity = identity_of(urn)
        inputs = named(args.typ, urn, args.inputs, {})
        outputs = made(args.typ, identity, inputs)
        self.resources.append({"type": args.typ, "urn": urn, "id": identity, "inputs": inputs, "outputs": outputs})
        return identity, outputs

    def call(self, args: mocks.MockCallArgs) -> dict[str, Any]:
        raise AssertionError(f"no function is called: {args.token}")


def declared(plan: FleetPlan) -> list[dict[str, Any]]:
    """Every resource of AWS that a plan comes to."""
    recorder = Declared()
    mocks.set_mocks(recorder, project="notary", stack="moto", preview=False)

    @pulumi.runtime.test
    def run() -> None:
        Cloud(plan)

    run()
    return recorder.resources
