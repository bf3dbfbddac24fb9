"""From a kubeconfig, given as text or as a path, to the one cluster that it points at."""

from __future__ import annotations

import base64
import binascii
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from sandbox.plugins.kubernetes.errors import Unreachable

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True, kw_only=True)
class Cluster:
    """Where an API server is and how to show it who we are. PEM data is text; nothing of it is logged."""

    server: str
    name: str
    namespace: str = ""
    ca: str = ""
    insecure: bool = False
    server_name: str = ""
    proxy: str = ""
    certificate: str = ""
    key: str = ""
    token: str = ""
    basic: tuple[str, str] | None = None


def parsed(text: str) -> Mapping[str, Any]:
    """The kubeconfig behind `text` (contents or a path), or the user's own one when it is empty."""
    return _parse(text)[0]


def active_cluster(text: str, *, context: str = "", cluster: str = "") -> Mapping[str, Any]:
    """The active cluster's entry, for telling whether two kubeconfigs mean the same cluster."""
    config, _ = _parse(text)
    return _entry(config, "cluster", cluster or _context(config, context)[1].get("cluster", ""))


def load(text: str, *, context: str = "", cluster: str = "") -> Cluster:
    """The cluster that the kubeconfig's context selects. Raises Unreachable, saying what is wrong with it."""
    config, folder = _parse(text)
    name, chosen = _context(config, context)
    cluster_name = cluster or str(chosen.get("cluster") or "")
    where = _entry(config, "cluster", cluster_name)
    user = _entry(config, "user", chosen["user"]) if chosen.get("user") else {}
    for method in ("exec", "auth-provider"):
        if user.get(method):
            raise Unreachable(
                f"the kubeconfig's user {chosen['user']!r} signs in with an {method} plugin, which only the official "
                "Kubernetes provider runs; give the sandbox's provider a token or a client certificate"
            )
    if not where.get("server"):
        raise Unreachable(f"the kubeconfig's cluster {cluster_name!r} has no server address")
    token_file = user.get("tokenFile")
    return Cluster(
        server=str(where["server"]).rstrip("/"),
        name=cluster_name or name,
        namespace=str(chosen.get("namespace") or ""),
        ca=_material(where, "certificate-authority", folder),
        insecure=bool(where.get("insecure-skip-tls-verify")),
        server_name=str(where.get("tls-server-name") or ""),
        proxy=str(where.get("proxy-url") or ""),
        certificate=_material(user, "client-certificate", folder),
        key=_material(user, "client-key", folder),
        token=_read(folder / token_file, "tokenFile").strip() if token_file else str(user.get("token") or ""),
        basic=(str(user["username"]), str(user.get("password") or "")) if user.get("username") else None,
    )


def _parse(text: str) -> tuple[Mapping[str, Any], Path]:
    folder = Path()
    if not text:
        files = [Path(item) for item in os.environ.get("KUBECONFIG", "").split(os.pathsep) if item]
        path = next((file for file in files if file.is_file()), Path.home() / ".kube" / "config")
        text, folder = _read(path, "kubeconfig"), path.parent
    elif "\n" not in text and "{" not in text:
        path = Path(text).expanduser()
        text, folder = _read(path, "kubeconfig"), path.parent
    try:
        config = yaml.load(text, Loader=_Loader)
    except yaml.YAMLError:
        raise Unreachable("the kubeconfig is not YAML") from None  # its text would show credentials
    if not isinstance(config, dict):
        raise Unreachable("the kubeconfig is not a mapping with clusters, users and contexts")
    return config, folder


def _context(config: Mapping[str, Any], wanted: str) -> tuple[str, Mapping[str, Any]]:
    name = wanted or str(config.get("current-context") or "")
    if not name:
        raise Unreachable("the kubeconfig has no current-context, and the provider's configuration names none")
    return name, _entry(config, "context", name)


def _entry(config: Mapping[str, Any], kind: str, name: str) -> Mapping[str, Any]:
    entries = config.get(f"{kind}s") or []
    for entry in entries if isinstance(entries, list) else []:
        if isinstance(entry, dict) and entry.get("name") == name:
            return entry.get(kind) or {}
    raise Unreachable(f"the kubeconfig has no {kind} {name!r}")


def _material(entry: Mapping[str, Any], key: str, folder: Path) -> str:
    data = entry.get(f"{key}-data")
    if data:
        try:
            return base64.b64decode(str(data)).decode()
        except (binascii.Error, UnicodeDecodeError):
            raise Unreachable(f"the kubeconfig's {key}-data is not base64 of a PEM file") from None
    return _read(folder / str(entry[key]), key) if entry.get(key) else ""


def _read(path: Path, what: str) -> str:
    try:
        return path.read_text()
    except OSError as problem:
        raise Unreachable(f"the {what} {path} can't be read: {problem.strerror}") from None
