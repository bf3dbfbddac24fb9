"""An update that was cut off while it made something on AWS: nothing is made twice without a person's word."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from fleet.errors import Exit, FleetError
from fleet.recover import recover
from tests.unit.test_state import pending, resource

VPC = resource("eu-west-vpc", "aws:ec2/vpc:Vpc")


class Stack:
    """An engine's stack with this state."""

    def __init__(self, **deployment: Any) -> None:
        self.deployment = deployment

    def export_stack(self) -> Any:
        return SimpleNamespace(version=3, deployment=self.deployment)

    def import_stack(self, made: Any) -> None:
        self.deployment = made.deployment


def recovered(stack: Stack, *forget: str) -> None:
    workspace: Any = SimpleNamespace(stack=stack, state_folder=None, loaded=SimpleNamespace(name="testnet"))
    plan: Any = None
    recover(workspace, plan, lambda _: None, forget)


def test_what_may_be_there_is_named_and_nothing_is_settled_before_a_person_looked() -> None:
    stack = Stack(pending_operations=[pending("creating", VPC)])
    with pytest.raises(FleetError, match=r"cut off while it made eu-west-vpc, .* --forget eu-west-vpc$") as caught:
        recovered(stack)
    assert caught.value.code is Exit.BAD_INPUT
    assert stack.deployment["pending_operations"]
    recovered(stack, "eu-west-vpc")
    assert "pending_operations" not in stack.deployment


def test_a_name_that_nothing_pending_has_is_a_mistake() -> None:
    with pytest.raises(FleetError, match="--forget eu-west-key: no interrupted update"):
        recovered(Stack(pending_operations=[pending("creating", VPC)]), "eu-west-vpc", "eu-west-key")
    with pytest.raises(FleetError, match="--forget eu-west-vpc"):
        recovered(Stack(), "eu-west-vpc")
