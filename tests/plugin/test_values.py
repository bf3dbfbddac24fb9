"""Values on their way between engine and plugin."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.plugins.kubernetes.values import (
    concealed,
    from_struct,
    guarded,
    holds,
    is_secret,
    revealed,
    to_struct,
)
from tests.plugin.plugin import UNKNOWN, secret

pytestmark = pytest.mark.sandbox


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"volumes": [{"name": "scratch", "emptyDir": {}}], "none": []},
        {"text": "", "yes": True, "no": False, "nothing": None},
        {"whole": 3, "negative": -1, "part": 0.5, "large": 2**53 - 1},
        {"deep": {"list": [[1, 2], [{"a": None}]]}},
        {"data": secret({"wif": "w"})},
    ],
)
def test_values_arrive_as_they_were_sent(values: dict[str, Any]) -> None:
    back = from_struct(to_struct(values))
    assert back == values
    assert {key: type(item) for key, item in back.items()} == {key: type(item) for key, item in values.items()}


def test_a_secret_is_revealed_at_any_depth() -> None:
    wrapped = {"a": secret([1, secret("two")]), "b": [{"c": secret(None)}], "d": "plain"}
    assert revealed(wrapped) == {"a": [1, "two"], "b": [{"c": None}], "d": "plain"}
    assert is_secret(wrapped["a"])
    assert not is_secret(wrapped)


def test_secrets_and_unknowns_are_found_at_any_depth() -> None:
    assert holds({"a": [{"b": secret("x")}]}, "secret")
    assert not holds({"a": [{"b": "x"}]}, "secret")
    assert holds({"a": [{"b": UNKNOWN}]}, "unknown")
    assert holds(revealed(secret({"b": [UNKNOWN]})), "unknown")
    assert not holds({"a": secret("x"), "b": f"contains {UNKNOWN}"}, "unknown")


def test_outputs_are_guarded_where_inputs_were_secret() -> None:
    outputs = {"kind": "ConfigMap", "data": {"a": "1"}, "metadata": {"name": "x"}}
    assert guarded(outputs, {"data": {"a": "1"}}) == outputs
    assert guarded(outputs, {"data": {"a": secret("1")}}) == {**outputs, "data": secret({"a": "1"})}


def test_a_secrets_values_are_guarded_whatever_was_given() -> None:
    outputs = {"kind": "Secret", "data": {"a": "MQ=="}, "type": "Opaque"}
    assert guarded(outputs, {}) == {**outputs, "data": secret({"a": "MQ=="})}
    once = guarded(outputs, {"data": secret({"a": "MQ=="})})
    assert guarded(once, {}) == once, "a wrapped value is not wrapped again"


def test_a_message_conceals_every_form_of_a_secret() -> None:
    given = {"a": secret({"b": ['say "x"\n', "say"]}), "port": secret(8332), "open": "shown", "flag": secret(True)}
    said = r'got say "say \"x\"\n", 8332, shown True'
    assert concealed(said, given) == 'got [secret] "[secret]", [secret], shown True'
    assert concealed("nothing of it", {"a": secret("")}) == "nothing of it"
