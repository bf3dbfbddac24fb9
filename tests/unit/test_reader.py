"""YAML as the engine reads it, with the mistakes that it would pass over."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.mistakes import ConfigError
from config.reader import parse_yaml


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a: 3p", "3p"),
        ("a: yes", "yes"),
        ("a: no", "no"),
        ("a: on", "on"),
        ("a: 2026-11-21", "2026-11-21"),
        ("a: 012", "012"),
        ("a: 1_000", "1_000"),
        ("a: 1:30", "1:30"),
        ("a: 0x1F", "0x1F"),
        ("a: .inf", ".inf"),
        ("a: 12", 12),
        ("a: 1.5", 1.5),
        ("a: true", True),
        ("a: ~", None),
        ("a:", None),
        ("a: {b: [1]}", {"b": [1]}),
    ],
)
def test_values_are_what_the_engine_takes_them_for(text: str, value: object) -> None:
    found = parse_yaml(text, "f")["a"]
    assert found == value
    assert type(found) is type(value)


def test_a_part_that_is_named_once_may_stand_in_several_places() -> None:
    text = "base: &b {x: 1, y: 2}\none: {<<: *b, y: 3}\ntwo: {<<: [*b], z: 4}\nlist: [*b]\n"
    assert parse_yaml(text, "f") == {
        "base": {"x": 1, "y": 2},
        "one": {"x": 1, "y": 3},
        "two": {"x": 1, "y": 2, "z": 4},
        "list": [{"x": 1, "y": 2}],
    }


@pytest.mark.parametrize("text", ["a: 1\na: 2\n", "x:\n  b: {c: 1, c: 2}\n", "[a, b]: 1\n? {}\n: 1\na: 1\na: 1\n"])
def test_a_name_twice_is_told_and_a_strange_key_is_no_traceback(text: str) -> None:
    with pytest.raises(ConfigError):
        parse_yaml(text, "f")


def test_parts_in_parts_are_no_bomb() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
    with pytest.raises(ConfigError, match="at most 40 levels and 100000 values"):
        parse_yaml("\n".join(lines), "f")


@given(st.text(alphabet="ab:{}[]&*!|>-#'\" \n\t%@`,?0.~<", max_size=60))
def test_whatever_text_comes_it_is_read_or_told(text: str) -> None:
    try:
        value = parse_yaml(text, "f")
    except ConfigError as error:
        assert all("\n" not in str(mistake) for mistake in error.mistakes)
    else:
        assert isinstance(value, dict)


def test_a_number_that_is_none_stays_text() -> None:
    assert parse_yaml("a: nan", "f")["a"] == "nan"
    assert not any(isinstance(value, float) and math.isnan(value) for value in parse_yaml("a: .nan", "f").values())
