"""What `fleet doctor` asks, asked of a real API server: as its administrator, and as somebody without rights."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml

from config.region import Connection
from fleet.clusters.facts import WANTED, Facts, ask
from sandbox import Sandbox
from tests.sandbox.helpers import create, make_namespace, server

pytestmark = pytest.mark.sandbox


def asked(sandbox: Sandbox, file: Path | None = None) -> Facts:
    folder = sandbox.folder.parent
    connection = Connection(file=str(file.relative_to(folder))) if file else Connection(sandbox=True)
    region: Any = SimpleNamespace(name="eu", region=SimpleNamespace(connection=connection))
    return ask(folder, region, "facts")


@pytest.fixture
def nobody(running: Sandbox) -> Path:
    """A kubeconfig of an account without rights."""
    make_namespace(running, "eu", "facts")
    accounts = "/api/v1/namespaces/facts/serviceaccounts"
    account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "nobody"}}
    assert create(running, "eu", accounts, account).is_success
    review = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}}
    token = create(running, "eu", f"{accounts}/nobody/token", review).json()["status"]["token"]
    config = yaml.safe_load(running.kubeconfig("eu").read_text())
    for user in config["users"]:
        user["user"] = {"token": token}
    file = running.folder / "nobody"
    file.write_text(yaml.safe_dump(config))
    return file


def test_an_administrator_learns_what_the_cluster_has(running: Sandbox) -> None:
    fast = {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": {"name": "facts", "annotations": {"storageclass.kubernetes.io/is-default-class": "true"}},
        "provisioner": "example.net/none",
        "volumeBindingMode": "WaitForFirstConsumer",
        "allowVolumeExpansion": True,
    }
    assert create(running, "eu", "/apis/storage.k8s.io/v1/storageclasses", fast).is_success
    spec = {"type": "NodePort", "ports": [{"port": 80, "nodePort": 30_777}], "selector": {"app": "facts"}}
    web = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "facts-web"}, "spec": spec}
    assert create(running, "eu", "/api/v1/namespaces/default/services", web).is_success
    try:
        facts = asked(running)
    finally:
        with server(running, "eu") as client:
            client.delete("/apis/storage.k8s.io/v1/storageclasses/facts")
            client.delete("/api/v1/namespaces/default/services/facts-web")
    assert facts.version == "v1.36.3"
    assert abs(facts.skew_seconds) < 2  # the header has whole seconds
    assert facts.forbidden == facts.unknown == ()
    made = facts.classes["facts"]
    assert (made.default, made.waits, made.grows) == (True, True, True)
    assert facts.node_ports[30_777] == "default/facts-web"
    assert "apps" in facts.groups
    assert facts.snapshot_classes == frozenset(), "this cluster does not know what a snapshot is"
    assert not facts.addressed


def test_somebody_without_rights_learns_what_he_may_not(running: Sandbox, nobody: Path) -> None:
    facts = asked(running, nobody)
    assert facts.version == "v1.36.3"
    assert facts.forbidden == tuple(resource for _, resource, _ in WANTED)
    listed = {"services", "daemonsets", "deployments", "nodes", "storage classes", "snapshot classes"}
    assert set(facts.unknown) == listed
