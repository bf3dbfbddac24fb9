"""What the engine's state keeps of an object."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from sandbox.plugins.kubernetes.state import described, identity, projected, stripped
from sandbox.plugins.kubernetes.values import revealed
from tests.plugin.plugin import config_map, secret

pytestmark = pytest.mark.sandbox
LIVE: dict[str, Any] = {
    **config_map("n", "seeds", key="a", added="b"),
    "metadata": {"name": "seeds", "namespace": "n", "uid": "u", "labels": {"a": "b"}, "managedFields": [{}]},
    "status": {"phase": "x"},
}


def test_an_id_is_the_name_with_its_namespace() -> None:
    assert identity(config_map("n", "seeds")) == "n/seeds"
    assert identity({"metadata": {"name": "eu-a"}}) == "eu-a"


@pytest.mark.parametrize(
    ("token", "identifier", "expected"),
    [
        ("kubernetes:core/v1:ConfigMap", "n/x", ("v1", "ConfigMap", {"name": "x", "namespace": "n"})),
        ("notary:Daemon$kubernetes:apps/v1:StatefulSet", "n/x", ("apps/v1", "StatefulSet", None)),
        ("a:B$c:D$kubernetes:rbac.authorization.k8s.io/v1:ClusterRole", "x", (None, "ClusterRole", {"name": "x"})),
    ],
)
def test_an_object_is_found_by_its_id_and_the_engines_name(token: str, identifier: str, expected: Any) -> None:
    version, kind, metadata = expected
    found = described(f"urn:pulumi:mainnet::notary::{token}::any:name", identifier, {})
    assert found["kind"] == kind
    assert found["apiVersion"] == (version or "rbac.authorization.k8s.io/v1")
    assert metadata is None or found["metadata"] == metadata


def test_what_is_known_of_an_object_goes_before_the_engines_name() -> None:
    known = {"apiVersion": "batch/v1", "kind": "CronJob"}
    found = described("urn:pulumi:s::p::kubernetes:batch/v1beta1:CronJob::x", "n/x", known)
    assert (found["apiVersion"], found["kind"]) == ("batch/v1", "CronJob")


def test_only_the_fields_that_were_given_are_inputs() -> None:
    given = config_map("n", "seeds", key="old")
    assert projected(LIVE, given) == config_map("n", "seeds", key="a")


def test_a_field_that_is_gone_is_no_input_any_more() -> None:
    given = config_map("n", "seeds", key="a", gone="c")
    assert projected(LIVE, given) == config_map("n", "seeds", key="a")


def test_a_list_of_the_same_length_is_compared_item_by_item() -> None:
    live = {"spec": {"ports": [{"port": 80, "protocol": "TCP"}]}}
    assert projected(live, {"spec": {"ports": [{"port": 70}]}}) == {"spec": {"ports": [{"port": 80}]}}
    assert projected(live, {"spec": {"ports": []}}) == live


def test_a_secret_input_stays_one() -> None:
    given = config_map("n", "seeds", key=secret("old"))
    assert projected(LIVE, given)["data"] == {"key": secret("a")}
    whole = {**given, "data": secret({"key": "old"})}
    assert projected(LIVE, whole)["data"] == secret({"key": "a"})


def test_a_secrets_text_is_read_back_as_text() -> None:
    live = {"kind": "Secret", "data": {"wif": base64.b64encode(b"words").decode()}}
    assert revealed(projected(live, {"kind": "Secret", "stringData": secret({"wif": "old"})})) == {
        "kind": "Secret",
        "stringData": {"wif": "words"},
    }


def test_an_imported_object_is_all_but_what_servers_write() -> None:
    expected = config_map("n", "seeds", key="a", added="b")
    expected["metadata"] = {"name": "seeds", "namespace": "n", "labels": {"a": "b"}}
    assert stripped(LIVE) == expected
