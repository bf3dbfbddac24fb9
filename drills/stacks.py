"""Stacks for drills: the sandbox's own, with other servers and other settings of the ensemble."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from config.load import parse_stack, split_document, stack_file
from config.plan import FleetPlan, plan_fleet
from config.reader import read_yaml

ROOT = Path(__file__).resolve().parent.parent
# Where servers stand: the tiebreaker's region, with the lowest ids, last.
Shape = Mapping[str, Sequence[int]]
THREE: Shape = {"eu-central": (2,), "eu-west": (3,), "na-east": (1,)}
FIVE: Shape = {"eu-central": (2, 4), "eu-west": (3, 5), "na-east": (1,)}


def plan_of(shape: Shape, **ensemble: Any) -> FleetPlan:
    """The plan of the sandbox's stack with these servers; `ensemble` are settings as in a stack's file."""
    read, _, _ = split_document(read_yaml(stack_file(ROOT, "local"), "local"), "local")
    values: dict[str, Any] = copy.deepcopy(read)
    for region, numbers in shape.items():
        seat = values["regions"][region]["ensemble"]
        seat["servers"] = {number: f"zk-{number}.{region}.sandbox.invalid" for number in numbers}
    values["ensemble"] |= ensemble
    return plan_fleet(parse_stack("drill", values, (), ROOT))
