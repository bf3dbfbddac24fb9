"""What these tests ask the operating system and the API servers."""

from __future__ import annotations

import re
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import httpx

from sandbox import Sandbox, api

T = TypeVar("T")
PATIENCE_SECONDS = 30.0


def eventually(what: str, probe: Callable[[], T], seconds: float = PATIENCE_SECONDS) -> T:
    """The first true answer of `probe`; a request that gets no answer is asked again."""
    deadline, last = time.monotonic() + seconds, "it was never true"
    while time.monotonic() < deadline:
        try:
            if answer := probe():
                return answer
        except httpx.HTTPError as error:
            last = repr(error)
        time.sleep(0.05)
    raise AssertionError(f"not within {seconds:g} s: {what}; {last}")


def alive(pid: int) -> bool:
    """Whether a process runs; one that only waits to be buried does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


def supervisor(sandbox: Sandbox) -> int:
    """The process that all others die with."""
    pids = next(iter(sandbox.status().values())).pids
    return int(re.findall(r"PPid:\s+(\d+)", Path(f"/proc/{pids['etcd']}/status").read_text())[0])


def processes(sandbox: Sandbox) -> list[int]:
    """Every process of a running sandbox."""
    return [supervisor(sandbox), *(pid for region in sandbox.status().values() for pid in region.pids.values())]


def ports(pids: list[int]) -> set[int]:
    """The ports of loopback that command lines name."""
    found: set[int] = set()
    for pid in pids:
        line = Path(f"/proc/{pid}/cmdline").read_text()
        found |= {int(port) for port in re.findall(r"(?:127\.0\.0\.1:|--secure-port=)(\d+)", line)}
    return found - {0}


def listens(port: int) -> bool:
    """Whether a connection is accepted."""
    with socket.socket() as probe:
        probe.settimeout(2)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def server(sandbox: Sandbox, region: str, timeout_seconds: float = 10.0) -> httpx.Client:
    """The administrator's client of a region."""
    return api.client(sandbox.kubeconfig(region), timeout_seconds=timeout_seconds)


def create(sandbox: Sandbox, region: str, path: str, manifest: dict[str, Any], **query: str) -> httpx.Response:
    """Create an object; the answer may be a refusal."""
    with server(sandbox, region) as client:
        return client.post(path, json=manifest, params=query)


def get(sandbox: Sandbox, region: str, path: str) -> httpx.Response:
    """One object, or the answer that it does not exist."""
    with server(sandbox, region) as client:
        return client.get(path)


def config_map(name: str, **data: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}


def make_namespace(sandbox: Sandbox, region: str, name: str, level: str = "privileged") -> None:
    """A namespace with a PodSecurity level, in which pods can be made."""
    labels = {"pod-security.kubernetes.io/enforce": level}
    manifest = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}
    assert create(sandbox, region, "/api/v1/namespaces", manifest).status_code == 201
    account = f"/api/v1/namespaces/{name}/serviceaccounts/default"
    eventually(f"{name} has a service account", lambda: get(sandbox, region, account).is_success)
