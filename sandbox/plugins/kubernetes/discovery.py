"""Where objects of a kind live in the API server's paths, asked of the server once per group and version."""

from __future__ import annotations

import threading
from dataclasses import dataclass

from sandbox.plugins.kubernetes import objects
from sandbox.plugins.kubernetes.client import Client
from sandbox.plugins.kubernetes.errors import ApiError, UnknownKind, Unreachable
from sandbox.plugins.kubernetes.values import Json


@dataclass(frozen=True, kw_only=True)
class Resource:
    """A kind as the API server serves it."""

    root: str
    plural: str
    namespaced: bool

    def collection(self, namespace: str) -> str:
        scope = f"/namespaces/{namespace or 'default'}" if self.namespaced else ""
        return f"{self.root}{scope}/{self.plural}"

    def path(self, namespace: str, name: str) -> str:
        return f"{self.collection(namespace)}/{name}"


class Discovery:
    """Kinds of one cluster, cached: a miss asks the server again, since a definition may just have been created."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._lock = threading.Lock()
        self._known: dict[str, dict[str, Resource]] = {}
        self._planned: dict[tuple[str, str], bool] = {}

    def resource(self, api_version: str, kind: str) -> Resource:
        """Raises UnknownKind when the server does not serve it, Unreachable when it does not answer."""
        found = self._known.get(api_version, {}).get(kind)
        if found:
            return found
        with self._lock:
            kinds = self._known[api_version] = self._fetch(api_version)
        if kind not in kinds:
            raise UnknownKind(f"the API server has no kind {kind} in {api_version} ({self._client.label})")
        return kinds[kind]

    def of(self, obj: Json) -> Resource:
        return self.resource(str(obj.get("apiVersion")), str(obj.get("kind")))

    def namespaced(self, api_version: str, kind: str) -> bool:
        """Whether the kind lives in namespaces; yes, when neither its name nor the server can tell."""
        built_in = objects.built_in_scope(api_version, kind)
        if built_in is not None:
            return built_in
        planned = self._planned.get((api_version.partition("/")[0], kind))
        if planned is not None:
            return planned
        try:
            return self.resource(api_version, kind).namespaced
        except (UnknownKind, Unreachable, ApiError):
            return True

    def plan(self, definition: Json) -> None:
        """Remember a CustomResourceDefinition of this program: its objects are checked before it exists."""
        spec = definition.get("spec") or {}
        group, kind = spec.get("group"), objects.get_path(spec, "names", "kind")
        if isinstance(group, str) and isinstance(kind, str):
            self._planned[(group, kind)] = spec.get("scope") != "Cluster"

    def _fetch(self, api_version: str) -> dict[str, Resource]:
        root = f"/apis/{api_version}" if "/" in api_version else f"/api/{api_version}"
        try:
            listed = self._client.request("GET", root)
        except ApiError as problem:
            if problem.missing:
                return {}
            raise
        return {
            str(entry["kind"]): Resource(root=root, plural=str(entry["name"]), namespaced=bool(entry["namespaced"]))
            for entry in listed.get("resources") or []
            if "/" not in entry["name"]
        }
