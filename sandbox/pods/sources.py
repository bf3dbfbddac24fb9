"""ConfigMaps and Secrets as the pods of one region's namespace are given them."""

from __future__ import annotations

import base64
import time
from collections.abc import Mapping

import httpx

_PATHS = {"ConfigMap": "configmaps", "Secret": "secrets"}
KEPT_SECONDS = 2.0


class Sources:
    """Asks the API server, and remembers the answers for a moment, or for as long as it doesn't answer."""

    def __init__(self, server: httpx.Client, namespace: str) -> None:
        self._server = server
        self._namespace = namespace
        self._known: dict[tuple[str, str], tuple[float, Mapping[str, str | bytes] | None]] = {}

    def __call__(self, kind: str, name: str) -> Mapping[str, str | bytes] | None:
        """The data by key; None for an object that there isn't."""
        asked_at, data = self._known.get((kind, name), (0.0, None))
        if data is not None and time.monotonic() - asked_at < KEPT_SECONDS:
            return data
        try:
            answer = self._server.get(f"/api/v1/namespaces/{self._namespace}/{_PATHS[kind]}/{name}")
            if answer.status_code == httpx.codes.NOT_FOUND:
                data = None
            else:
                data = _data(kind, answer.raise_for_status().json())
        except (httpx.HTTPError, ValueError):
            pass  # what was known is good for another moment
        self._known[kind, name] = (time.monotonic(), data)
        return data


def _data(kind: str, manifest: dict[str, dict[str, str]]) -> dict[str, str | bytes]:
    data = manifest.get("data") or {}
    if kind == "Secret":
        return {key: base64.b64decode(value) for key, value in data.items()}
    binary = {key: base64.b64decode(value) for key, value in (manifest.get("binaryData") or {}).items()}
    return {**data, **binary}
