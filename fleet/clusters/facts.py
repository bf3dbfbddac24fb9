"""What a cluster has, as its API server tells it to the operator's own kubeconfig. Nothing is changed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

from components.manifests import snapshots
from config.plan import RegionPlan
from fleet.reach import api_of

TIMEOUT_SECONDS = 5.0
# What an update creates: group, resource, and whether it lives in the stack's namespace.
WANTED = (
    ("", "namespaces", False),
    ("", "configmaps", True),
    ("", "secrets", True),
    ("", "services", True),
    ("", "serviceaccounts", True),
    ("", "persistentvolumeclaims", True),
    ("apps", "statefulsets", True),
    ("batch", "jobs", True),
    ("networking.k8s.io", "networkpolicies", True),
    ("policy", "poddisruptionbudgets", True),
    ("rbac.authorization.k8s.io", "roles", True),
)


@dataclass(frozen=True, kw_only=True)
class StorageClass:
    """A class of volumes."""

    default: bool
    waits: bool  # for a pod, before it chooses the volume's zone
    grows: bool


@dataclass(frozen=True, kw_only=True)
class Facts:
    """`unknown` holds what the operator may not ask, by what was asked."""

    version: str
    skew_seconds: float
    classes: Mapping[str, StorageClass]
    snapshot_classes: frozenset[str]
    groups: frozenset[str]  # of the API
    agents: frozenset[str]  # names of DaemonSets and Deployments, of all namespaces
    provided: bool  # whether a cloud's controller knows the nodes
    addressed: bool  # whether some Service has been given an address
    node_ports: Mapping[int, str]  # that are taken, by namespace/name
    forbidden: tuple[str, ...]
    unknown: tuple[str, ...]


def ask(root: Path, region: RegionPlan, namespace: str) -> Facts:
    """Raises OSError, ValueError or kubernetes's own errors where the cluster gives no answer."""
    from kubernetes import client  # as slow to import as `api_of` says

    api = api_of(root, region)
    version, _, headers = client.VersionApi(api).get_code_with_http_info(_request_timeout=TIMEOUT_SECONDS)
    now = datetime.now(UTC)
    unknown: list[str] = []
    listed = _lister(client, unknown)
    core, apps = client.CoreV1Api(api), client.AppsV1Api(api)
    services = listed("services", core.list_service_for_all_namespaces)
    running = [
        *listed("daemonsets", apps.list_daemon_set_for_all_namespaces),
        *listed("deployments", apps.list_deployment_for_all_namespaces),
    ]
    nodes = listed("nodes", core.list_node)
    return Facts(
        version=version.git_version,
        skew_seconds=(parsedate_to_datetime(headers["Date"]) - now).total_seconds(),
        classes={
            item.metadata.name: _class(item)
            for item in listed("storage classes", client.StorageV1Api(api).list_storage_class)
        },
        snapshot_classes=frozenset(_snapshot_classes(client, api, unknown)),
        groups=frozenset(item.name for item in client.ApisApi(api).get_api_versions().groups),
        agents=frozenset(item.metadata.name for item in running),
        provided=any(node.spec.provider_id for node in nodes),
        addressed=any(service.status.load_balancer.ingress for service in services),
        node_ports={
            port.node_port: f"{service.metadata.namespace}/{service.metadata.name}"
            for service in services
            for port in service.spec.ports or ()
            if port.node_port
        },
        forbidden=tuple(_forbidden(client, api, namespace)),
        unknown=tuple(unknown),
    )


def _lister(client: Any, unknown: list[str]) -> Callable[[str, Callable[..., Any]], list[Any]]:
    def listed(what: str, call: Callable[..., Any]) -> list[Any]:
        try:
            return list(call(_request_timeout=TIMEOUT_SECONDS).items)
        except client.ApiException as error:
            if error.status != 403:
                raise
            unknown.append(what)
            return []

    return listed


def _snapshot_classes(client: Any, api: Any, unknown: list[str]) -> Iterator[str]:
    """None where the cluster does not know what a snapshot is."""
    try:
        found = client.CustomObjectsApi(api).list_cluster_custom_object(
            snapshots.GROUP, snapshots.VERSION, "volumesnapshotclasses", _request_timeout=TIMEOUT_SECONDS
        )
    except client.ApiException as error:
        if error.status not in (403, 404):
            raise
        unknown += ["snapshot classes"] if error.status == 403 else []
        return
    yield from (item["metadata"]["name"] for item in found["items"])


def _class(item: Any) -> StorageClass:
    annotations: dict[str, str] = item.metadata.annotations or {}
    return StorageClass(
        default=annotations.get("storageclass.kubernetes.io/is-default-class") == "true",
        waits=item.volume_binding_mode == "WaitForFirstConsumer",
        grows=bool(item.allow_volume_expansion),
    )


def _forbidden(client: Any, api: Any, namespace: str) -> Iterator[str]:
    """What the operator may not create, of what an update creates."""
    for group, resource, inside in WANTED:
        place = {"namespace": namespace} if inside else {}
        wanted = client.V1ResourceAttributes(verb="create", group=group, resource=resource, **place)
        review = client.V1SelfSubjectAccessReview(spec=client.V1SelfSubjectAccessReviewSpec(resource_attributes=wanted))
        told = client.AuthorizationV1Api(api).create_self_subject_access_review(review)
        if not told.status.allowed:
            yield resource
