"""Thousands of broken stacks: each is read or told, none ends in a traceback."""

from __future__ import annotations

import copy
import random
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from config.load import load_stack
from config.mistakes import ConfigError
from config.plan import plan_fleet
from tests.recording import ROOT
from tests.unit.stacks import SHIPPED, parsed, values_of

STACKS = 2_400
NASTY: list[Any] = [
    *(
        None,
        True,
        False,
        0,
        -1,
        1,
        2**63,
        2**200,
        1.5,
        float("nan"),
        float("inf"),
        "",
        " ",
        "\x00",
        "\n",
        "é",
        "𝟙",
        "'",
    ),
    *("{what}", "%s", "${HOME}", "$(id)", "!!int", "02" * 33, "x" * 10_000, "-1", "1e9", "0x10", "2026-01-01"),
    *([], {}, [[]], [{}], {"": ""}, {"*": {}}, {"kind": "iguana"}, {"secure": "x"}, {1: 2}, ["KMD"] * 300),
    *({"priority": 1}, {"a": {"b": {"c": {}}}}, [None], ["registry/assetchains.json"], "releases", ".", "a\x00b"),
]


def places(value: Any) -> list[tuple[Any, Any]]:
    """Every place of a value, as its container and its key or index."""
    here = list(value.items()) if isinstance(value, dict) else list(enumerate(value)) if isinstance(value, list) else []
    return [(value, key) for key, _ in here] + [place for _, inner in here for place in places(inner)]


def mutate(values: dict[str, Any], chance: random.Random) -> None:
    """One to four small accidents: lost, doubled, renamed, swapped or strange values."""
    for _ in range(chance.randint(1, 4)):
        container, key = chance.choice(places(values))
        accident = chance.choice(["strange", "strange", "lost", "renamed", "swapped"])
        if accident == "lost":
            del container[key]
        elif accident == "renamed" and isinstance(container, dict):
            container[chance.choice([f"{key}s", str(key).upper(), "", 7, None, "a.b", "*", "\x00"])] = container.pop(
                key
            )
        elif accident == "swapped":
            other, place = chance.choice(places(values) or [(container, key)])
            container[key], other[place] = copy.deepcopy(other[place]), copy.deepcopy(container[key])
        else:
            container[key] = copy.deepcopy(chance.choice(NASTY))
        if not places(values):
            return


def end_of(values: dict[str, Any]) -> tuple[str, tuple[str, ...]]:
    """How a stack ends: planned, or told with these lines. Anything else is a traceback, and fails the test."""
    try:
        plan_fleet(parsed(values))
    except ConfigError as error:
        return "told", tuple(str(mistake) for mistake in error.mistakes)
    return "planned", ()


@pytest.mark.parametrize("seed", range(8))
def test_a_mutated_stack_is_planned_or_told(seed: int) -> None:
    chance = random.Random(seed)
    ends: Counter[str] = Counter()
    for _ in range(STACKS // 8):
        values = values_of(chance.choice(SHIPPED))
        mutate(values, chance)
        end, lines = end_of(values)
        ends[end] += 1
        assert bool(lines) == (end == "told")
        assert all("\n" not in line and len(line) < 2_000 for line in lines)
    assert ends["told"] > ends["planned"] > 0


@pytest.mark.parametrize("seed", range(4))
def test_a_stack_file_with_broken_bytes_is_read_or_told(seed: int, tmp_path: Path) -> None:
    chance = random.Random(seed)
    for part in ("registry", "releases"):
        shutil.copytree(ROOT / part, tmp_path / part)
    good = (ROOT / "Pulumi.local.yaml").read_bytes()
    told = 0
    for _ in range(50):
        data = bytearray(good)
        for _ in range(chance.randint(1, 6)):
            at = chance.randrange(len(data))
            data[at : at + chance.randint(0, 3)] = bytes(chance.choices(b"{}[]:,&*!|>%@`'\"#\t\n -\x00\xff0aZ", k=2))
        (tmp_path / "Pulumi.x.yaml").write_bytes(bytes(data))
        try:
            load_stack(tmp_path, "x")
        except ConfigError as error:
            told += bool(error.mistakes)
    assert told > 25
