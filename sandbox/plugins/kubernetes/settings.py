"""The provider's own configuration, and what a change of it means. No I/O but reading kubeconfigs."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.plugins.kubernetes import kubeconfig
from sandbox.plugins.kubernetes.errors import ProviderError, Unreachable
from sandbox.plugins.kubernetes.values import Json, is_unknown, plain

CONNECT_SECONDS = 3.0


@dataclass(frozen=True, kw_only=True)
class Settings:
    kubeconfig: str = ""
    context: str = ""
    cluster: str = ""
    identifier: str = ""
    namespace: str = ""
    request_seconds: float = 10.0
    force: bool = False
    upsert: bool = False
    mutable_config_maps: bool = False
    mutable_secrets: bool = False
    delete_unreachable: bool = False
    urn: str = ""


def settings_of(args: Mapping[str, Any], *, urn: str = "") -> Settings:
    """Settings from the provider's inputs. The SDKs send booleans and objects as JSON text; both forms are read."""
    values = plain(dict(args))
    if not _flag(values, "enableServerSideApply", "PULUMI_K8S_ENABLE_SERVER_SIDE_APPLY", default=True):
        raise ProviderError("enableServerSideApply: false needs the official Kubernetes provider; leave it out here")
    if values.get("renderYamlToDirectory"):
        raise ProviderError("renderYamlToDirectory needs the official Kubernetes provider; leave it out here")
    return Settings(
        kubeconfig=_text(values.get("kubeconfig")),
        context=_text(values.get("context")),
        cluster=_text(values.get("cluster")),
        identifier=_text(values.get("clusterIdentifier")),
        namespace=_text(values.get("namespace")),
        request_seconds=_request_seconds(values.get("kubeClientSettings")),
        force=_flag(values, "enablePatchForce", "PULUMI_K8S_ENABLE_PATCH_FORCE"),
        upsert=_flag(values, "upsertExistingObjects", "PULUMI_K8S_UPSERT_EXISTING_OBJECTS"),
        mutable_config_maps=_flag(values, "enableConfigMapMutable", "PULUMI_K8S_ENABLE_CONFIGMAP_MUTABLE"),
        mutable_secrets=_flag(values, "enableSecretMutable", "PULUMI_K8S_ENABLE_SECRET_MUTABLE"),
        delete_unreachable=_flag(values, "deleteUnreachable", "PULUMI_K8S_DELETE_UNREACHABLE"),
        urn=urn,
    )


def _text(value: Any) -> str:
    """kubeconfig may also come as an object."""
    if value is None or isinstance(value, str):
        return value or ""
    return json.dumps(value)


def _flag(values: Mapping[str, Any], key: str, variable: str, *, default: bool = False) -> bool:
    value = values.get(key)
    if value is None:
        value = os.environ.get(variable)
    return default if value is None else value is True or value == "true"


def _request_seconds(value: Any) -> float:
    try:
        chosen = json.loads(value) if isinstance(value, str) and value else value
        seconds = (chosen or {}).get("timeout") or os.environ.get("PULUMI_K8S_CLIENT_TIMEOUT") or 10
        return float(seconds)
    except (ValueError, AttributeError):
        raise ProviderError('kubeClientSettings must be an object such as {"timeout": 10}, in seconds') from None


def changed_settings(olds: Json, news: Json) -> tuple[list[str], list[str]]:
    """What changed in the provider's inputs, and what of it replaces the provider and with it everything it made.

    A cluster has no identity of its own. With a clusterIdentifier only that decides; without one, the server that the
    kubeconfig points at does, as with the official provider.
    """
    olds, news = plain(olds), plain(news)
    changed = sorted(key for key in olds.keys() | news.keys() if olds.get(key) != news.get(key))
    old_id, new_id = olds.get("clusterIdentifier"), news.get("clusterIdentifier")
    if new_id and old_id == new_id:
        return changed, []
    replaces = ["clusterIdentifier"] if old_id and new_id else []
    pointing = [key for key in ("kubeconfig", "context", "cluster") if key in changed]
    unknown = [key for key in pointing if is_unknown(news.get(key))]
    if unknown:
        return changed, replaces + unknown
    if pointing and _moved(olds, news):
        replaces += pointing
    return changed, replaces


def _moved(olds: Json, news: Json) -> bool:
    try:
        old, new = (
            kubeconfig.active_cluster(
                _text(values.get("kubeconfig")),
                context=_text(values.get("context")),
                cluster=_text(values.get("cluster")),
            )
            for values in (olds, news)
        )
    except Unreachable:
        # A kubeconfig that can't be read says nothing about where the cluster is.
        return False
    return old != new
