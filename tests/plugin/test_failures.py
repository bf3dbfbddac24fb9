"""Clusters that do not answer, objects that do not become ready, kubeconfigs that can't be used."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import grpc
import httpx
import pytest
import yaml

from sandbox import Sandbox
from sandbox.plugins.kubernetes import cluster as cluster_module
from sandbox.plugins.kubernetes.values import from_struct, revealed
from sandbox.processes import free_ports
from tests.plugin.plugin import Plugin, config_map, init_failure, secret

pytestmark = pytest.mark.sandbox
WORDS = "correct-horse-battery-staple"


def stateful_set(namespace: str, name: str, **pod: Any) -> dict[str, Any]:
    labels = {"app": name}
    containers = [{"name": "main", "image": "registry.example.net/none"}]
    return {
        "apiVersion": "apps/v1",
        "kind": "StatefulSet",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {
            "selector": {"matchLabels": labels},
            "serviceName": name,
            "template": {"metadata": {"labels": labels}, "spec": {"containers": containers, **pod}},
        },
    }


@pytest.fixture
def document(cluster: Sandbox) -> dict[str, Any]:
    """The running region's kubeconfig."""
    return yaml.safe_load(cluster.kubeconfig("eu").read_text())


@pytest.fixture
def nowhere(document: dict[str, Any]) -> str:
    """A kubeconfig of a port where nobody listens."""
    document["clusters"][0]["cluster"]["server"] = f"https://127.0.0.1:{free_ports(1)[0]}"
    return yaml.safe_dump(document)


def test_a_change_of_a_cluster_that_does_not_answer_fails_and_names_it(nowhere: str) -> None:
    given = config_map("default", "seeds")
    with Plugin(nowhere) as plugin:
        for call in (
            lambda: plugin.create(given),
            lambda: plugin.update(given, given),
            lambda: plugin.read(given),
            lambda: plugin.delete(given),
        ):
            with pytest.raises(grpc.RpcError) as failed:
                call()
            assert failed.value.code() == grpc.StatusCode.UNAVAILABLE
            assert failed.value.details().startswith("cluster eu-test (https://127.0.0.1:")
            assert "can't be reached" in failed.value.details()


def test_a_preview_goes_on_without_a_cluster_and_warns_once(nowhere: str) -> None:
    given = config_map("default", "seeds", key="value")
    with Plugin(nowhere) as plugin:
        assert plugin.create(given, preview=True) == ("", given)
        assert plugin.update(given, given, preview=True) == given
        assert len(plugin.engine.warnings) == 1
        assert "cluster eu-test" in plugin.engine.warnings[0]
        assert plugin.engine.warnings[0].endswith("planned without asking it")


def test_a_cluster_that_accepts_and_never_answers_is_given_up(
    cluster: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster_module, "REQUEST_SECONDS", 1.0)
    with Plugin(cluster.kubeconfig("eu").read_text()) as plugin:
        cluster.pause("eu")
        try:
            with pytest.raises(grpc.RpcError) as failed:
                plugin.create(config_map("default", "unanswered"))
        finally:
            cluster.resume("eu")
        assert failed.value.code() == grpc.StatusCode.UNAVAILABLE
        assert "eu-test" in failed.value.details()
        assert "it gave no answer in time" in failed.value.details()


def test_a_set_that_becomes_ready_is_waited_for(plugin: Plugin, namespace: str) -> None:
    outputs = plugin.create(stateful_set(namespace, "daemon"))[1]
    assert outputs["status"]["readyReplicas"] == 1


def test_a_set_that_does_not_become_ready_is_kept_with_the_reason(
    plugin: Plugin, server: httpx.Client, namespace: str
) -> None:
    nowhere = {"nodeSelector": {"no": "such-node"}}
    given = stateful_set(namespace, "daemon", **nowhere)
    with pytest.raises(grpc.RpcError) as failed:
        plugin.create(given, timeout=1.5)
    assert failed.value.code() == grpc.StatusCode.UNKNOWN
    detail = init_failure(failed.value)
    reason = f"cluster eu-test: StatefulSet {namespace}/daemon: 0 of 1 pods are ready"
    assert list(detail.reasons) == [reason]
    assert failed.value.details() == reason
    assert detail.id == f"{namespace}/daemon"
    assert from_struct(detail.inputs) == given
    live = server.get(f"/apis/apps/v1/namespaces/{namespace}/statefulsets/daemon").json()
    assert from_struct(detail.properties)["metadata"]["uid"] == live["metadata"]["uid"]

    with pytest.raises(grpc.RpcError) as again:
        plugin.update(given, stateful_set(namespace, "daemon", priority=0, **nowhere), timeout=1.5)
    assert "pods" in init_failure(again.value).reasons[0]
    plugin.update(given, stateful_set(namespace, "daemon") | {"metadata": {**given["metadata"], **skipped()}})


def skipped() -> dict[str, Any]:
    return {"annotations": {"pulumi.com/skipAwait": "true"}}


def test_a_set_that_fails_in_part_keeps_its_secrets_wrapped(plugin: Plugin, namespace: str) -> None:
    container = {"name": "main", "image": "registry.example.net/none", "env": [{"name": "A", "value": secret(WORDS)}]}
    given = stateful_set(namespace, "daemon", nodeSelector={"no": "such-node"}, containers=[container])
    with pytest.raises(grpc.RpcError) as failed:
        plugin.create(given, timeout=0.5)
    properties = from_struct(init_failure(failed.value).properties)
    env = revealed(properties)["spec"]["template"]["spec"]["containers"][0]["env"]
    assert env == [{"name": "A", "value": WORDS}]
    del properties["spec"]["value"]
    assert WORDS not in str(properties)
    assert from_struct(init_failure(failed.value).inputs) == given


def test_a_service_is_ready_when_a_pod_serves_it(plugin: Plugin, namespace: str) -> None:
    service: dict[str, Any] = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "daemon", "namespace": namespace},
        "spec": {"selector": {"app": "daemon"}, "ports": [{"port": 80}]},
    }
    with pytest.raises(grpc.RpcError) as failed:
        plugin.create(service, timeout=0.5)
    assert init_failure(failed.value).reasons[0].endswith(f"Service {namespace}/daemon: no pod serves it")
    plugin.create(stateful_set(namespace, "daemon"))
    assert plugin.update(service, service)["spec"]["clusterIP"].startswith("10.0.")


@pytest.mark.parametrize("form", ["yaml", "json", "a path"])
def test_a_kubeconfig_is_text_of_either_kind_or_a_path(document: dict[str, Any], tmp_path: Path, form: str) -> None:
    (tmp_path / "kubeconfig").write_text(yaml.safe_dump(document))
    given = {"yaml": yaml.safe_dump(document), "json": json.dumps(document), "a path": str(tmp_path / "kubeconfig")}
    with Plugin(given[form]) as plugin:
        assert plugin.read(config_map("kube-system", "extension-apiserver-authentication")) is not None


def test_a_kubeconfig_that_is_not_there_is_named_by_its_path(tmp_path: Path) -> None:
    missing = tmp_path / "a folder" / "kubeconfig"
    with Plugin(str(missing)) as plugin, pytest.raises(grpc.RpcError, match=f"No such file or directory: '{missing}'"):
        plugin.read(config_map("default", "seeds"))


def broken(document: dict[str, Any]) -> dict[str, str]:
    """Kubeconfigs that no cluster can be reached by, all with a token in them."""
    document["users"][0]["user"] = {"token": WORDS}
    other = {"name": "admin", "cluster": "none", "user": "none"}
    return {
        "cut off": yaml.safe_dump(document)[:-3] + '"\n  token: "' + WORDS,
        "one line": f"token: {WORDS}" * 100,
        "no contexts": yaml.safe_dump({**document, "contexts": []}),
        "another user": yaml.safe_dump({**document, "contexts": [{"name": "eu", "context": other}]}),
        "a list": f"- {WORDS}\n- {WORDS}\n",
    }


@pytest.mark.parametrize("what", ["cut off", "one line", "no contexts", "another user", "a list"])
def test_a_kubeconfig_that_cannot_be_used_is_named_and_not_quoted(document: dict[str, Any], what: str) -> None:
    with Plugin(broken(document)[what]) as plugin:
        with pytest.raises(grpc.RpcError) as failed:
            plugin.create(config_map("default", "seeds"))
        assert failed.value.code() == grpc.StatusCode.UNAVAILABLE
        assert failed.value.details().startswith("cluster eu-test: its kubeconfig can't be used: ")
        assert WORDS not in failed.value.details()
