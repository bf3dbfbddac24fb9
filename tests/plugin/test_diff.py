"""What a change does to an object: an update in place, or another object."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from pulumi.runtime.proto import provider_pb2

from sandbox.plugins.kubernetes.diff import changes, same_object
from sandbox.plugins.kubernetes.servicer import KubernetesProvider
from sandbox.plugins.kubernetes.values import to_struct
from tests.plugin.plugin import config_map, secret, urn

pytestmark = pytest.mark.sandbox
CLAIM = {"metadata": {"name": "data"}, "spec": {"resources": {"requests": {"storage": "1Gi"}}}}
SET: dict[str, Any] = {
    "apiVersion": "apps/v1",
    "kind": "StatefulSet",
    "metadata": {"name": "daemon", "namespace": "n", "labels": {"app.kubernetes.io/name": "daemon"}},
    "spec": {
        "replicas": 1,
        "serviceName": "daemon",
        "selector": {"matchLabels": {"app": "daemon"}},
        "template": {"spec": {"containers": [{"image": "a"}]}},
        "volumeClaimTemplates": [CLAIM],
    },
}


def diffed(old: dict[str, Any], new: dict[str, Any]) -> Any:
    """The plugin's answer; a difference needs no cluster."""
    request = provider_pb2.DiffRequest(urn=urn(new), old_inputs=to_struct(old), news=to_struct(new))
    return KubernetesProvider(None).Diff(request, None)


def changed(values: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    """A copy with another value at a path of keys and numbers."""
    made = copy.deepcopy(values)
    *way, last = [int(part) if part.isdigit() else part for part in path.split("/")]
    inner: Any = made
    for part in way:
        inner = inner[part]
    inner[last] = value
    return made


def test_what_is_the_same_has_no_difference() -> None:
    answer = diffed(SET, copy.deepcopy(SET))
    assert answer.changes == provider_pb2.DiffResponse.DIFF_NONE
    assert (list(answer.replaces), dict(answer.detailedDiff)) == ([], {})
    assert not answer.deleteBeforeReplace


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        ("spec/volumeClaimTemplates/0/spec/resources/requests/storage", "2Gi", "spec.volumeClaimTemplates[0]"),
        ("spec/volumeClaimTemplates", [], "spec.volumeClaimTemplates[0]"),
        ("spec/serviceName", "other", "spec.serviceName"),
        ("spec/podManagementPolicy", "Parallel", "spec.podManagementPolicy"),
        ("spec/selector/matchLabels/app", "other", "spec.selector.matchLabels.app"),
        ("metadata/name", "other", "metadata.name"),
        ("metadata/namespace", "other", "metadata.namespace"),
        ("apiVersion", "apps/v2", "apiVersion"),
    ],
)
def test_a_field_that_no_update_can_change_replaces_the_set(path: str, value: Any, said: str) -> None:
    answer = diffed(SET, changed(SET, path, value))
    (replaced,) = answer.replaces
    assert replaced.startswith(said)
    assert answer.deleteBeforeReplace == (path not in ("metadata/name", "metadata/namespace"))


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        ("spec/replicas", 2, "spec.replicas"),
        ("spec/template/spec/containers/0/image", "b", "spec.template.spec.containers[0].image"),
        ("spec/updateStrategy", {"type": "OnDelete"}, "spec.updateStrategy"),
        ("spec/selectorOfAnotherName", 1, "spec.selectorOfAnotherName"),
        ("metadata/annotations", {"a": "b"}, "metadata.annotations"),
    ],
)
def test_any_other_field_is_updated_in_place(path: str, value: Any, said: str) -> None:
    answer = diffed(SET, changed(SET, path, value))
    assert answer.changes == provider_pb2.DiffResponse.DIFF_SOME
    assert list(answer.replaces) == []
    assert not answer.deleteBeforeReplace
    assert list(answer.detailedDiff) == [said]
    assert list(answer.diffs) == [path.split("/")[0]]


def test_changed_data_replaces_a_config_map_and_deletes_first_only_where_the_name_stays() -> None:
    old = config_map("n", "seeds-1", key="a")
    stays, moves = diffed(old, config_map("n", "seeds-1", key="b")), diffed(old, config_map("n", "seeds-2", key="b"))
    assert list(stays.replaces) == ["data.key"]
    assert stays.deleteBeforeReplace
    assert list(moves.replaces) == ["data.key", "metadata.name"]
    assert not moves.deleteBeforeReplace


def test_a_label_of_a_config_map_is_updated_in_place() -> None:
    old = config_map("n", "seeds", key="a") | {"immutable": True}
    new = changed(old, "metadata/labels", {"a": "b"})
    assert list(diffed(old, new).replaces) == []


def test_kinds_of_change_are_told_apart() -> None:
    old, new = {"kind": "X", "a": [1, 2], "b": {"c": 1}}, {"kind": "X", "a": [1], "b": {"c": 2, "d": {}}}
    found = [(change.path, change.kind) for change in changes(old, new)]
    assert found == [("a[1]", "delete"), ("b.c", "update"), ("b.d", "add")]
    assert not any(change.replaces for change in changes(old, new))


def test_a_key_with_dots_is_quoted_in_its_path() -> None:
    old = changed(SET, "metadata/labels", {"app.kubernetes.io/name": "a"})
    new = changed(SET, "metadata/labels", {"app.kubernetes.io/name": "b"})
    assert [change.path for change in changes(old, new)] == ['metadata.labels["app.kubernetes.io/name"]']


def test_wrapping_a_value_as_a_secret_is_no_change() -> None:
    old, new = config_map("n", "seeds", key="a"), config_map("n", "seeds", key=secret("a"))
    assert diffed(old, new).changes == provider_pb2.DiffResponse.DIFF_NONE


def test_another_namespace_or_kind_is_another_object() -> None:
    one = config_map("n", "x")
    assert same_object(one, config_map("n", "x", key="other"))
    assert not same_object(one, config_map("m", "x"))
    assert not same_object(one, {**one, "kind": "Secret"})


@pytest.mark.parametrize(
    ("old", "new", "replaces"),
    [
        ({"clusterIdentifier": "eu", "kubeconfig": "a"}, {"clusterIdentifier": "eu", "kubeconfig": "b"}, []),
        ({"clusterIdentifier": "eu"}, {"clusterIdentifier": "na"}, ["clusterIdentifier"]),
        ({"clusterIdentifier": "eu", "context": "a"}, {"clusterIdentifier": "eu", "context": "b"}, []),
        ({"context": "a"}, {"context": "b"}, ["context"]),
        ({"kubeconfig": secret("a")}, {"kubeconfig": "a"}, []),
    ],
)
def test_only_another_cluster_replaces_what_is_in_it(old: Any, new: Any, replaces: list[str]) -> None:
    request = provider_pb2.DiffRequest(old_inputs=to_struct(old), news=to_struct(new))
    answer = KubernetesProvider(None).DiffConfig(request, None)
    assert list(answer.replaces) == replaces
    assert not answer.deleteBeforeReplace
