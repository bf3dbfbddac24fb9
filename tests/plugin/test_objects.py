"""An object's life, as the engine asks for it, in a real API server."""

from __future__ import annotations

import threading
from typing import Any

import grpc
import httpx
import pytest
from google.protobuf import empty_pb2
from pulumi.runtime.proto import provider_pb2

from sandbox import Sandbox
from sandbox.plugins.kubernetes.values import from_struct, to_struct
from tests.plugin.plugin import UNKNOWN, Plugin, config_map

pytestmark = pytest.mark.sandbox
PATCH = {"Content-Type": "application/merge-patch+json"}


def path(manifest: dict[str, Any]) -> str:
    metadata = manifest["metadata"]
    return f"/api/v1/namespaces/{metadata['namespace']}/configmaps/{metadata['name']}"


def test_an_object_is_created_read_updated_and_deleted(plugin: Plugin, server: httpx.Client, namespace: str) -> None:
    first = config_map(namespace, "seeds", count="3")
    identifier, outputs = plugin.create(first)
    assert identifier == f"{namespace}/seeds"
    assert outputs["metadata"]["uid"] == server.get(path(first)).json()["metadata"]["uid"]

    seen = plugin.read(first)
    assert seen is not None
    assert seen[0] == first
    assert seen[1]["metadata"]["uid"] == outputs["metadata"]["uid"]

    second = config_map(namespace, "seeds", count="4", more="yes")
    assert plugin.update(first, second)["data"] == {"count": "4", "more": "yes"}
    third = config_map(namespace, "seeds", more="yes")
    plugin.update(second, third)
    assert server.get(path(first)).json()["data"] == {"more": "yes"}, "a field that is given no longer goes"

    plugin.delete(third)
    assert server.get(path(first)).status_code == 404
    assert plugin.read(third) is None
    plugin.delete(third)


def test_what_exists_is_not_adopted_unasked(plugin: Plugin, server: httpx.Client, namespace: str) -> None:
    theirs, ours = config_map(namespace, "seeds", owner="them"), config_map(namespace, "seeds", owner="us")
    server.post(path(theirs).rpartition("/")[0], json=theirs).raise_for_status()
    with pytest.raises(grpc.RpcError) as refused:
        plugin.create(ours)
    expected = f"cluster eu-test: ConfigMap {namespace}/seeds exists already; import it to adopt it"
    assert refused.value.details() == expected
    assert server.get(path(theirs)).json()["data"] == {"owner": "them"}


def test_an_object_is_imported_without_what_servers_write(plugin: Plugin, server: httpx.Client, namespace: str) -> None:
    theirs = config_map(namespace, "seeds", owner="them")
    server.post(path(theirs).rpartition("/")[0], json=theirs).raise_for_status()
    urn = "urn:pulumi:test::notary::notary:Chain$kubernetes:core/v1:ConfigMap::anything"
    inputs, outputs = plugin.adopt(f"{namespace}/seeds", of=urn)
    assert inputs == theirs
    assert outputs["metadata"]["uid"]
    assert plugin.diff(inputs, theirs).changes == plugin.diff(theirs, theirs).changes


def test_a_change_behind_our_back_is_seen_and_put_right(plugin: Plugin, server: httpx.Client, namespace: str) -> None:
    ours = config_map(namespace, "seeds", kept="as given", changed="by us", removed="by them")
    plugin.create(ours)
    theirs = {"data": {"changed": "by them", "removed": None, "added": "theirs"}}
    server.patch(path(ours), json=theirs, headers=PATCH).raise_for_status()
    seen = plugin.read(ours)
    assert seen is not None
    assert seen[0]["data"] == {"kept": "as given", "changed": "by them"}
    found = plugin.diff(seen[0], ours)
    assert set(found.detailedDiff) == {"data.changed", "data.removed"}
    plugin.update(seen[0], ours)
    assert server.get(path(ours)).json()["data"] == {**ours["data"], "added": "theirs"}


def test_what_others_changed_is_a_conflict_without_force(
    cluster: Sandbox, server: httpx.Client, namespace: str
) -> None:
    ours = config_map(namespace, "seeds", changed="by us")
    with Plugin(cluster.kubeconfig("eu").read_text(), enablePatchForce="false") as careful:
        careful.create(ours)
        server.patch(path(ours), json={"data": {"changed": "by them"}}, headers=PATCH).raise_for_status()
        with pytest.raises(grpc.RpcError, match="conflict"):
            careful.update(ours, config_map(namespace, "seeds", changed="by us again"))
    assert server.get(path(ours)).json()["data"] == {"changed": "by them"}


def test_a_preview_changes_nothing(plugin: Plugin, server: httpx.Client, namespace: str) -> None:
    new, kept = config_map(namespace, "new", key="value"), config_map(namespace, "kept", key="before")
    identifier, planned = plugin.create(new, preview=True)
    assert identifier == ""
    assert planned["data"] == {"key": "value"}
    assert server.get(path(new)).status_code == 404

    plugin.create(kept)
    before = server.get(path(kept)).json()
    planned = plugin.update(kept, config_map(namespace, "kept", key="after"), preview=True)
    assert planned["data"] == {"key": "after"}
    assert server.get(path(kept)).json() == before
    assert plugin.engine.logged == []


def test_a_preview_refuses_what_the_cluster_would_refuse(plugin: Plugin, namespace: str) -> None:
    wrong = config_map(namespace, "wrong") | {"dataa": {}}
    with pytest.raises(grpc.RpcError) as refused:
        plugin.create(wrong, preview=True)
    assert refused.value.details().startswith("cluster eu-test: ")
    assert "dataa" in refused.value.details()


def test_a_preview_plans_what_cannot_be_asked_yet(plugin: Plugin, server: httpx.Client, namespace: str) -> None:
    not_yet = config_map("a-namespace-of-this-very-update", "seeds", key="value")
    assert plugin.create(not_yet, preview=True)[1] == not_yet
    unknown = config_map(namespace, "seeds", key=UNKNOWN)
    assert plugin.create(unknown, preview=True)[1] == unknown
    assert server.get(path(unknown)).status_code == 404


def test_a_name_is_made_once_and_then_kept(plugin: Plugin, namespace: str) -> None:
    nameless = config_map(namespace, "x") | {"metadata": {"namespace": namespace}}

    def checked(olds: dict[str, Any]) -> dict[str, Any]:
        urn = "urn:pulumi:test::notary::kubernetes:core/v1:ConfigMap::seeds"
        request = provider_pb2.CheckRequest(urn=urn, olds=to_struct(olds), news=to_struct(nameless))
        return from_struct(plugin.stub.Check(request).inputs)

    first = checked({})
    assert first["metadata"]["name"].startswith("seeds-")
    assert checked(first) == first
    assert checked({})["metadata"]["name"] != first["metadata"]["name"]


def test_a_deletion_that_is_cancelled_is_not_told_as_done(plugin: Plugin, server: httpx.Client, namespace: str) -> None:
    held = config_map(namespace, "held")
    plugin.create(held)
    finalizers = {"metadata": {"finalizers": ["notary-fleet.dev/test"]}}
    server.patch(path(held), json=finalizers, headers=PATCH).raise_for_status()
    threading.Timer(1.0, lambda: plugin.stub.Cancel(empty_pb2.Empty())).start()
    with pytest.raises(grpc.RpcError, match="eu-test"):
        plugin.delete(held)
    server.patch(path(held), json={"metadata": {"finalizers": None}}, headers=PATCH).raise_for_status()


def test_a_deletion_that_does_not_end_fails_in_time(plugin: Plugin, server: httpx.Client, namespace: str) -> None:
    held = config_map(namespace, "held")
    plugin.create(held)
    finalizers = {"metadata": {"finalizers": ["notary-fleet.dev/test"]}}
    server.patch(path(held), json=finalizers, headers=PATCH).raise_for_status()
    with pytest.raises(grpc.RpcError, match=f"cluster eu-test: {namespace}/held does not go"):
        plugin.delete(held, timeout=1)
    server.patch(path(held), json={"metadata": {"finalizers": None}}, headers=PATCH).raise_for_status()
