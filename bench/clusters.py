"""What the benchmark itself does on the API servers: look at Helm's release, and make a namespace go."""

from __future__ import annotations

import base64
import gzip
import json
import time
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx

from bench.process import BenchError
from sandbox import api

GONE_SECONDS = 300
RELEASES = "/api/v1/namespaces/default/secrets"
OWNER = {"labelSelector": "owner=helm"}


def release_size(kubeconfig: Path) -> tuple[int, int]:
    """The objects and the bytes of Helm's newest release, as its Secret holds it; none is of no size."""
    with api.client(kubeconfig, timeout_seconds=30) as server:
        found = server.get(RELEASES, params=OWNER).json().get("items", [])
    sizes = [_release(item["data"]["release"]) for item in found]
    return sizes[-1] if sizes else (0, 0)


def _release(encoded: str) -> tuple[int, int]:
    """A Secret's value is base64 of Helm's base64 of gzip of JSON; the server's limit counts Helm's base64."""
    stored = base64.b64decode(encoded)
    release: dict[str, Any] = json.loads(gzip.decompress(base64.b64decode(stored)))
    return str(release["manifest"]).count("\nkind:"), len(stored)


def forget(kubeconfigs: Iterable[Path], namespace: str) -> None:
    """Delete a namespace and Helm's releases everywhere, and return when they are gone.

    Raises BenchError when they stay.
    """
    path = f"/api/v1/namespaces/{namespace}"
    with ExitStack() as stack:
        servers = [stack.enter_context(api.client(each, timeout_seconds=30)) for each in kubeconfigs]
        for server in servers:
            server.request("DELETE", RELEASES, params=OWNER).raise_for_status()
            if server.delete(path).status_code not in (httpx.codes.OK, httpx.codes.ACCEPTED, httpx.codes.NOT_FOUND):
                raise BenchError(f"the namespace {namespace} can't be deleted")
        deadline = time.monotonic() + GONE_SECONDS
        for server in servers:
            while server.get(path).status_code != httpx.codes.NOT_FOUND:
                if time.monotonic() > deadline:
                    raise BenchError(f"the namespace {namespace} does not go")
                time.sleep(0.3)
