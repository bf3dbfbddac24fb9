"""Stack values for tests: the shipped ones as they are, and parsing of changed ones."""

from __future__ import annotations

import copy
from collections.abc import Collection
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from config.load import LoadedStack, load_stack, parse_stack, split_document, stack_file
from config.mistakes import ConfigError
from config.plan import FleetPlan, plan_fleet
from config.reader import read_yaml
from tests.recording import ROOT

SHIPPED = ("local", "mainnet", "mainnet-eks", "testnet")


def values_of(name: str) -> dict[str, Any]:
    """A shipped stack's values, free to be changed."""
    return copy.deepcopy(_read(name))


@cache
def _read(name: str) -> dict[str, Any]:
    values, _, _ = split_document(read_yaml(stack_file(ROOT, name), name), name)
    return values


@cache
def plan_of(name: str) -> FleetPlan:
    """The plan of a shipped stack."""
    return plan_fleet(load_stack(ROOT, name))


def parsed(values: dict[str, Any], secrets: Collection[str] = (), root: Path = ROOT) -> LoadedStack:
    return parse_stack("test", values, secrets, root)


def planned(values: dict[str, Any], secrets: Collection[str] = ()) -> FleetPlan:
    return plan_fleet(parsed(values, secrets))


def told(values: dict[str, Any], secrets: Collection[str] = (), root: Path = ROOT) -> list[str]:
    """The mistakes of a stack's values, as an operator reads them."""
    with pytest.raises(ConfigError) as caught:
        parsed(values, secrets, root)
    return [str(item) for item in caught.value.mistakes]
