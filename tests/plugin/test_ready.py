"""When an object counts as made."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.plugins.kubernetes.ready import needs_endpoints, unready

pytestmark = pytest.mark.sandbox


def a_set(annotations: dict[str, str] | None = None, replicas: int = 2, **status: Any) -> dict[str, Any]:
    done = {
        "observedGeneration": 3,
        "currentRevision": "r2",
        "updateRevision": "r2",
        "updatedReplicas": replicas,
        "readyReplicas": replicas,
    }
    return {
        "kind": "StatefulSet",
        "metadata": {"generation": 3, "annotations": annotations},
        "spec": {"replicas": replicas},
        "status": {**done, **status},
    }


def service(**spec: Any) -> dict[str, Any]:
    return {"kind": "Service", "metadata": {}, "spec": {"clusterIP": "10.0.0.7", "selector": {"app": "x"}, **spec}}


def pieces(*ready: bool | None) -> list[dict[str, Any]]:
    return [{"endpoints": None}, {"endpoints": [{"conditions": {"ready": item}} for item in ready]}]


@pytest.mark.parametrize(
    ("live", "reason"),
    [
        (a_set(), None),
        (a_set(replicas=0), None),
        (a_set(observedGeneration=2), "the controller has not seen it yet"),
        (a_set(currentRevision="r1", updatedReplicas=1), "1 of 2 pods have the new revision"),
        (a_set(updatedReplicas=0), "0 of 2 pods have the new revision"),
        (a_set(readyReplicas=1), "1 of 2 pods are ready"),
        (a_set({"pulumi.com/skipAwait": "true"}, readyReplicas=0), None),
        (a_set({"pulumi.com/skipAwait": "false"}, readyReplicas=0), "0 of 2 pods are ready"),
        (a_set() | {"status": {}}, "the controller has not seen it yet"),
    ],
)
def test_a_set_is_ready_when_every_pod_of_the_new_revision_is(live: dict[str, Any], reason: str | None) -> None:
    assert unready(live) == reason


@pytest.mark.parametrize(
    ("live", "endpoints", "reason"),
    [
        (service(), pieces(False, True), None),
        (service(), pieces(None), None),
        (service(), pieces(False), "no pod serves it"),
        (service(), [], "no pod serves it"),
        (service(clusterIP="None"), [], None),
        (service(selector={}), [], None),
        (service(type="LoadBalancer"), pieces(True), "no address was assigned to its load balancer"),
        (service(type="LoadBalancer") | {"status": {"loadBalancer": {"ingress": [{"ip": "a"}]}}}, pieces(True), None),
    ],
)
def test_a_service_is_ready_when_a_pod_serves_it(live: Any, endpoints: Any, reason: str | None) -> None:
    assert unready(live, endpoints) == reason


def test_only_a_service_with_an_address_and_a_selector_needs_endpoints() -> None:
    assert needs_endpoints(service())
    assert not needs_endpoints(service(clusterIP="None"))
    assert not needs_endpoints(service(selector=None))
    assert not needs_endpoints(a_set())


def test_a_namespace_is_ready_when_it_is_active() -> None:
    assert unready({"kind": "Namespace", "status": {"phase": "Active"}}) is None
    assert unready({"kind": "Namespace", "status": {"phase": "Terminating"}}) == "its phase is Terminating"


def test_other_kinds_are_ready_at_once() -> None:
    assert unready({"kind": "ConfigMap", "metadata": {}}) is None
