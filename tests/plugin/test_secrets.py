"""A secret's value is wrapped wherever the engine keeps it, and is in no message."""

from __future__ import annotations

import base64
from typing import Any

import grpc
import httpx
import pytest

from sandbox.plugins.kubernetes.values import is_secret, revealed
from tests.plugin.plugin import Plugin, config_map, secret

pytestmark = pytest.mark.sandbox
WORDS = "correct-horse-battery-staple"
ENCODED = base64.b64encode(WORDS.encode()).decode()


def a_secret(namespace: str, **fields: Any) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "wif", "namespace": namespace}, **fields}


def bare(value: Any) -> str:
    """Everything that is not wrapped, as text."""
    if is_secret(value):
        return ""
    if isinstance(value, dict):
        return " ".join(f"{key} {bare(item)}" for key, item in value.items())
    return " ".join(map(bare, value)) if isinstance(value, list) else str(value)


@pytest.mark.parametrize("fields", [{"data": {"wif": ENCODED}}, {"stringData": {"wif": WORDS}}])
def test_a_secrets_values_come_back_wrapped(plugin: Plugin, namespace: str, fields: dict[str, Any]) -> None:
    given = a_secret(namespace, **fields)
    outputs = plugin.create(given)[1]
    seen = plugin.read(given)
    assert seen is not None
    for values in (outputs, *seen, plugin.update(given, given)):
        assert ENCODED not in bare(values)
        assert WORDS not in bare(values)
    assert revealed(outputs)["data"] == {"wif": ENCODED}
    assert revealed(seen[0]) == given


def test_an_imported_secret_is_wrapped_too(plugin: Plugin, server: httpx.Client, namespace: str) -> None:
    applied = {"kubectl.kubernetes.io/last-applied-configuration": f'{{"stringData":{{"wif":"{WORDS}"}}}}'}
    given = a_secret(namespace, data={"wif": ENCODED})
    given["metadata"]["annotations"] = applied
    server.post(f"/api/v1/namespaces/{namespace}/secrets", json=given).raise_for_status()
    inputs, outputs = plugin.adopt(f"{namespace}/wif", of="urn:pulumi:t::n::kubernetes:core/v1:Secret::wif")
    assert revealed(inputs)["data"] == {"wif": ENCODED}
    for values in (inputs, outputs):
        assert ENCODED not in bare(values)
        assert WORDS not in bare(values)


def test_a_field_given_as_a_secret_stays_one(plugin: Plugin, namespace: str) -> None:
    given = config_map(namespace, "seeds", open="yes", closed=secret(WORDS))
    outputs = plugin.create(given)[1]
    seen = plugin.read(given)
    assert seen is not None
    for values in (outputs, *seen):
        assert revealed(values)["data"] == {"open": "yes", "closed": WORDS}
        assert WORDS not in bare(values)
    found = plugin.diff(given, config_map(namespace, "seeds", open="yes", closed=secret("another")))
    assert set(found.detailedDiff) == {"data.closed"}


NUMBER = 815723146
WRONG: dict[str, Any] = {
    "not base64": {"data": {"wif": WORDS}},
    "a number": {"stringData": {"wif": NUMBER}},
    "a list": {"stringData": {"wif": [WORDS]}},
    "a mapping": {"data": {"wif": {"inner": WORDS}}},
    "no mapping": {"data": WORDS},
    "a list of values": {"stringData": [WORDS, WORDS]},
    "another field": {"password": WORDS},
    "a type that wants more": {"type": "kubernetes.io/dockerconfigjson", "stringData": {".dockerconfigjson": WORDS}},
    "several lines": {"stringData": {"wif": [f'"{WORDS}"\n\t{WORDS}é']}},
}


@pytest.mark.parametrize("preview", [True, False])
@pytest.mark.parametrize("fields", WRONG.values(), ids=WRONG.keys())
def test_no_refusal_of_a_secret_quotes_its_value(
    plugin: Plugin, namespace: str, fields: dict[str, Any], preview: bool
) -> None:
    with pytest.raises(grpc.RpcError) as refused:
        plugin.create(a_secret(namespace, **fields), preview=preview)
    said = refused.value.details()
    assert said.startswith("cluster eu-test: ")
    assert WORDS not in said
    assert str(NUMBER) not in said


def test_no_refusal_of_another_object_quotes_what_was_given_as_a_secret(plugin: Plugin, namespace: str) -> None:
    for value in (NUMBER, [WORDS], {"inner": WORDS}):
        with pytest.raises(grpc.RpcError) as refused:
            plugin.create(config_map(namespace, "seeds", open="yes", closed=secret(value)))
        said = refused.value.details()
        assert WORDS not in said
        assert str(NUMBER) not in said
        assert ".data.closed: expected string" in said


def test_a_quoted_secret_is_concealed(plugin: Plugin, namespace: str) -> None:
    service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "bus", "namespace": namespace}}
    spec = {"clusterIP": secret(f'{WORDS} "a\n'), "ports": [{"port": 80}]}
    with pytest.raises(grpc.RpcError) as refused:
        plugin.create(service | {"spec": spec})
    said = refused.value.details()
    assert 'Invalid value: "[secret]"' in said
    assert WORDS not in said
