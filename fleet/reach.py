"""Whether each region's API server answers: asked first, all at once, so that an update never starts half blind."""

from __future__ import annotations

import base64
import logging
import os
import ssl
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from config.each import at
from config.mistakes import ConfigError
from config.plan import FleetPlan, RegionPlan
from config.reader import read_yaml
from config.region import Connection

TIMEOUT_SECONDS = 3.0


@dataclass(frozen=True, kw_only=True)
class Unreachable:
    """A region that can't be asked, and why."""

    region: str
    server: str
    reason: str

    def __str__(self) -> str:
        return f"region {self.region}: {self.server}: {self.reason}"


def unreachable_regions(root: Path, plan: FleetPlan) -> list[Unreachable]:
    """The regions whose API server gave no answer within seconds, of those that are `asked`."""

    def ask(region: RegionPlan) -> Unreachable | None:
        return _ask(root, region)

    with ThreadPoolExecutor(max_workers=max(1, len(plan.regions))) as pool:
        answers = pool.map(ask, plan.regions.values())
        return [answer for answer in answers if answer]


def asked(region: RegionPlan) -> bool:
    """Whether a region can be asked: the kubeconfig is no secret of the stack, and no output of its own update."""
    connection = region.region.connection
    return connection is not None and connection.config is None


def api_of(root: Path, region: RegionPlan, context: str | None = None) -> Any:
    """A client of the API server of a region that is `asked`, as the operator's own kubeconfig reaches it; or of any

    region, by a context of that. Raises what kubernetes raises for a kubeconfig of no use.
    """
    from kubernetes import config  # it takes a quarter of a second, which only an update or a look needs to pay

    logging.getLogger("urllib3").setLevel(logging.ERROR)  # a silent region is told of once, by `unreachable_regions`
    connection = region.region.connection
    if context or connection is None:
        return config.new_client_from_config(None, context)  # pyright: ignore[reportUnknownMemberType]
    path = connection.kubeconfig_path(region.name)
    return config.new_client_from_config(str(root / path) if path else None, connection.context)  # pyright: ignore[reportUnknownMemberType]


def _ask(root: Path, region: RegionPlan) -> Unreachable | None:
    connection = region.region.connection
    if connection is None or not asked(region):
        return None
    path = _kubeconfig_path(root, region.name, connection)
    try:
        cluster = _cluster(read_yaml(path, path.name), connection.context)
    except ConfigError as error:
        return Unreachable(region=region.name, server=str(path.name), reason=error.mistakes[0].found)
    if cluster is None:
        known = f"no context {connection.context}" if connection.context else "no current cluster"
        return Unreachable(region=region.name, server=str(path.name), reason=f"{known} in it")
    server = str(cluster.get("server"))
    try:
        # Any answer will do, even a refusal: who may ask what is found out by the update itself.
        httpx.get(f"{server}/version", verify=_trust(cluster), timeout=TIMEOUT_SECONDS, trust_env=False)
    except (httpx.HTTPError, httpx.InvalidURL, ssl.SSLError, ValueError, OSError) as error:
        reason = f"no answer in {TIMEOUT_SECONDS:g} s" if isinstance(error, httpx.TimeoutException) else str(error)
        return Unreachable(region=region.name, server=server, reason=reason or type(error).__name__)
    return None


def _kubeconfig_path(root: Path, name: str, connection: Connection) -> Path:
    if path := connection.kubeconfig_path(name):
        return root / path
    return Path(os.environ.get("KUBECONFIG", "").split(os.pathsep)[0] or Path.home() / ".kube" / "config")


def _cluster(kubeconfig: Mapping[str, object], context: str | None) -> Mapping[str, Any] | None:
    """The cluster of a context, or of the current one."""
    wanted = context or kubeconfig.get("current-context")
    contexts = dict(_named(kubeconfig.get("contexts"), "context"))
    clusters = dict(_named(kubeconfig.get("clusters"), "cluster"))
    return clusters.get(contexts.get(wanted, {}).get("cluster"))


def _named(items: object, kind: str) -> list[tuple[Any, Mapping[str, Any]]]:
    listed: list[Any] = items if isinstance(items, list) else []  # pyright: ignore[reportUnknownVariableType]
    found = [(at(item, "name"), at(item, kind)) for item in listed]
    return [(name, value) for name, value in found if isinstance(value, dict)]


def _trust(cluster: Mapping[str, Any]) -> ssl.SSLContext | bool:
    if data := cluster.get("certificate-authority-data"):
        return ssl.create_default_context(cadata=base64.b64decode(data).decode())
    if path := cluster.get("certificate-authority"):
        return ssl.create_default_context(cafile=path)
    return not cluster.get("insecure-skip-tls-verify", False)
