"""One API server for all of these tests; each test has a namespace of its own."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator

import httpx
import pytest

from sandbox import Sandbox, api
from tests.plugin.plugin import Plugin


@pytest.fixture(scope="package")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """A running region, eu."""
    made = Sandbox(tmp_path_factory.mktemp("plugin"), ["eu"])
    try:
        made.start(print)
        yield made
    finally:
        made.remove()


@pytest.fixture
def server(cluster: Sandbox) -> Iterator[httpx.Client]:
    """The API server as another person reaches it."""
    with api.client(cluster.kubeconfig("eu"), timeout_seconds=10) as client:
        yield client


@pytest.fixture
def plugin(cluster: Sandbox) -> Iterator[Plugin]:
    """The plugin, configured for the running region under the name eu-test."""
    with Plugin(cluster.kubeconfig("eu").read_text()) as made:
        yield made


@pytest.fixture
def namespace(server: httpx.Client, request: pytest.FixtureRequest) -> str:
    """A fresh namespace in which pods can be made."""
    name = re.sub(r"[^a-z0-9]+", "-", f"{request.node.name.removeprefix('test_')[:40]}-{time.time_ns() % 10**9}")
    server.post("/api/v1/namespaces", json={"metadata": {"name": name}}).raise_for_status()
    while not server.get(f"/api/v1/namespaces/{name}/serviceaccounts/default").is_success:
        time.sleep(0.05)
    return name
