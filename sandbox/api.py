"""The few calls that the sandbox itself makes to its API servers."""

from __future__ import annotations

import base64
import ssl
import tempfile
from pathlib import Path
from typing import Any

import httpx
import yaml


def client(kubeconfig: Path, timeout_seconds: float = 5.0) -> httpx.Client:
    """A client with the administrator's certificate of a sandbox's kubeconfig."""
    document = yaml.safe_load(kubeconfig.read_text())
    cluster, user = document["clusters"][0]["cluster"], document["users"][0]["user"]
    context = ssl.create_default_context(cadata=_decoded(cluster["certificate-authority-data"]).decode())
    with tempfile.NamedTemporaryFile() as pem:  # the ssl module takes a client's certificate from a file alone
        pem.write(_decoded(user["client-certificate-data"]) + _decoded(user["client-key-data"]))
        pem.flush()
        context.load_cert_chain(pem.name)
    return httpx.Client(base_url=cluster["server"], verify=context, timeout=timeout_seconds, trust_env=False)


def apply(api: httpx.Client, path: str, manifest: dict[str, Any]) -> None:
    """Create an object, or leave the one that is there."""
    answer = api.post(path, json=manifest)
    if answer.status_code not in (201, 409):
        answer.raise_for_status()


def _decoded(text: str) -> bytes:
    return base64.b64decode(text)
