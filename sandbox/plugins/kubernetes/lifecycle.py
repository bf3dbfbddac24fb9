"""Creating, updating, deleting and reading one object: what the gRPC calls do, in plain values."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sandbox.plugins.kubernetes import drift, objects, ownership
from sandbox.plugins.kubernetes.awaiting import Progress, Waiter
from sandbox.plugins.kubernetes.client import Client
from sandbox.plugins.kubernetes.discovery import Discovery, Resource
from sandbox.plugins.kubernetes.errors import ApiError, InitFailed, ProviderError, UnknownKind
from sandbox.plugins.kubernetes.settings import Settings
from sandbox.plugins.kubernetes.values import Json, has_unknown

_APPLY = "application/apply-patch+yaml"
_JSON_PATCH = "application/json-patch+json"
# Creating waits so often for a namespace or a kind that is only just being made.
_CREATE_TRIES = 5


@dataclass(frozen=True, kw_only=True)
class Operation:
    """What every operation needs to know beside the object."""

    urn: str
    manager: str
    preview: bool = False
    timeout: float = 0.0
    progress: Progress = print


class NotPreviewable(Exception):
    """The server can't be asked what would happen; the inputs are the best answer."""


class Lifecycle:
    """The objects of one cluster."""

    def __init__(self, settings: Settings, client: Client, cancelled: threading.Event) -> None:
        self._settings = settings
        self._client = client
        self._cancelled = cancelled
        self.discovery = Discovery(client)
        self.waiter = Waiter(client, cancelled)

    def create(self, inputs: Json, operation: Operation) -> Json:
        """The live object. Raises ProviderError when one of this name exists already."""
        if operation.preview and has_unknown(inputs):
            raise NotPreviewable
        try:
            resource, live = self._patiently(lambda: self._create(inputs, operation), operation)
        except ApiError as problem:
            if operation.preview and _is_no_verdict(problem):
                raise NotPreviewable from None
            if problem.exists:
                raise ProviderError(self._exists(inputs)) from None
            raise ProviderError(f"{objects.label(inputs)} was not created: {problem}") from None
        except UnknownKind as problem:
            if operation.preview:
                raise NotPreviewable from None
            raise ProviderError(f"{objects.label(inputs)} was not created: {problem}; is its definition there?") from None
        if operation.preview:
            return live
        return self._await_ready(live, resource, inputs, operation)

    def _create(self, inputs: Json, operation: Operation) -> tuple[Resource, Json]:
        resource = self.discovery.of(inputs)
        body = _scoped(inputs, resource)
        params = {"fieldValidation": "Strict", "fieldManager": ownership.CREATOR, **_dry_run(operation)}
        if self._settings.upsert:
            params |= {"fieldManager": operation.manager, "force": _flag(self._forced(inputs) or operation.preview)}
            path = resource.path(objects.namespace_of(body), objects.name_of(body))
            return resource, self._client.request("PATCH", path, params=params, body=body, content_type=_APPLY)
        path = resource.collection(objects.namespace_of(body))
        return resource, self._client.request("POST", path, params=params, body=body)

    def _patiently(self, attempt: Callable[[], tuple[Resource, Json]], operation: Operation) -> tuple[Resource, Json]:
        for count in range(_CREATE_TRIES):
            try:
                return attempt()
            except (ApiError, UnknownKind) as problem:
                waits = isinstance(problem, UnknownKind) or problem.missing
                if not waits or operation.preview or count == _CREATE_TRIES - 1:
                    raise
                operation.progress(f"trying again: {problem}")
                if self._cancelled.wait(0.3 * 2**count):
                    raise
        raise AssertionError("unreachable")

    def _exists(self, inputs: Json) -> str:
        return (
            f"{objects.label(inputs)} exists already in {self._client.label}, and is not in this stack's state. "
            f"To adopt it, import it under the id {objects.identity(inputs)!r} (`pulumi import`, or the resource's "
            "import option); to have a new one, delete it or choose another name"
        )

    def update(self, inputs: Json, state: Json, ignored: Sequence[str], operation: Operation) -> Json:
        """The live object after `inputs` were applied over it."""
        if operation.preview and has_unknown(inputs):
            raise NotPreviewable
        try:
            resource = self.discovery.of(inputs)
            path = resource.path(objects.namespace_of(inputs), objects.name_of(state) or objects.name_of(inputs))
            live = self._update(path, _scoped(inputs, resource), ignored, operation)
        except ApiError as problem:
            if operation.preview and problem.code == 403:
                raise NotPreviewable from None
            raise ProviderError(self._not_updated(inputs, problem)) from None
        except UnknownKind as problem:
            if operation.preview:
                raise NotPreviewable from None
            raise ProviderError(f"{objects.label(inputs)} was not updated: {problem}") from None
        if operation.preview:
            return live
        return self._await_ready(live, resource, inputs, operation)

    def _update(self, path: str, body: Json, ignored: Sequence[str], operation: Operation) -> Json:
        live = self._client.request("GET", path)
        if body.get("kind") == "CustomResourceDefinition":
            # Replaced as a whole, as the official provider does: versions that are gone must go.
            meta = {**body["metadata"], "resourceVersion": objects.metadata(live).get("resourceVersion")}
            params = {"fieldManager": operation.manager, "fieldValidation": "Strict", **_dry_run(operation)}
            return self._client.request("PUT", path, params=params, body={**body, "metadata": meta})
        fields = None if operation.preview else ownership.handed_over(live, operation.manager)
        if fields is not None:
            live = self._client.request("PATCH", path, body=_fields_patch(live, fields), content_type=_JSON_PATCH)
        body = ownership.with_ignored(body, live, ignored, operation.manager)
        force = ownership.must_force(live, forced=self._forced(body), preview=operation.preview)
        params = {
            "fieldManager": operation.manager,
            "fieldValidation": "Strict",
            "force": _flag(force),
            **_dry_run(operation),
        }
        return self._client.request("PATCH", path, params=params, body=body, content_type=_APPLY)

    def _not_updated(self, inputs: Json, problem: ApiError) -> str:
        label = objects.label(inputs)
        if problem.missing:
            return f"{label} was not updated: it is gone from {self._client.label}; `pulumi refresh` will notice"
        if problem.conflict:
            return (
                f"{label} was not updated, since others own some of its fields: {problem}. Leave those fields out of the "
                f'program, or take them over with the annotation {objects.PATCH_FORCE}: "true"'
            )
        return f"{label} was not updated: {problem}"

    def delete(self, inputs: Json, state: Json, identity: str, operation: Operation) -> None:
        """Returns when the object is gone; that it was gone before is fine."""
        named = state if state.get("kind") else inputs
        namespace, name = objects.split_identity(identity)
        try:
            path = self.discovery.of(named).path(namespace or objects.namespace_of(named), name)
            live = self._client.request("GET", path)
            body = {
                "kind": "DeleteOptions",
                "apiVersion": "v1",
                "propagationPolicy": _propagation(inputs),
            }
            self._client.request("DELETE", path, body=body)
            if objects.is_true(inputs, objects.SKIP_AWAIT):
                return
            seconds = objects.timeout_seconds(operation.timeout, inputs)
            uid = str(objects.metadata(live).get("uid") or "")
            self.waiter.gone(live, path, uid, seconds=seconds, progress=operation.progress)
        except UnknownKind:
            return  # the definition went, and took its objects along
        except ApiError as problem:
            if not problem.missing:
                raise ProviderError(f"{objects.label(named)} was not deleted: {problem}") from None

    def read(self, inputs: Json, identity: str, api_version: str, kind: str) -> tuple[Json, Json] | None:
        """Live object and inputs as they read in the cluster, or None when there is no such object."""
        namespace, name = objects.split_identity(identity)
        try:
            resource = self.discovery.resource(str(inputs.get("apiVersion") or api_version), kind)
            live = self._client.request("GET", resource.path(namespace or self._client.default_namespace(), name))
        except UnknownKind:
            return None
        except ApiError as problem:
            if problem.missing:
                return None
            raise ProviderError(f"{kind} {identity} can't be read: {problem}") from None
        known = any(key not in ("apiVersion", "kind", "metadata") for key in inputs) or objects.metadata(inputs)
        return live, drift.observed(inputs, live) if known else drift.imported(live)

    def _await_ready(self, live: Json, resource: Resource, inputs: Json, operation: Operation) -> Json:
        path = resource.path(objects.namespace_of(live), objects.name_of(live))
        seconds = objects.timeout_seconds(operation.timeout, inputs)
        started = time.monotonic()
        try:
            return self.waiter.ready(live, path, seconds=seconds, progress=operation.progress)
        except InitFailed as failed:
            failed.reasons.append(f"waited {time.monotonic() - started:.0f} s ({self._client.label})")
            raise

    def _forced(self, inputs: Json) -> bool:
        return self._settings.force or objects.is_true(inputs, objects.PATCH_FORCE)


def _is_no_verdict(problem: ApiError) -> bool:
    """In a preview: not allowed to ask, the namespace is yet to come, or what will be replaced is still there."""
    dry_run_refused = problem.code == 400 and "dry run" in str(problem)
    return problem.code in (403, 404) or problem.exists or dry_run_refused


def _scoped(inputs: Json, resource: Resource) -> Json:
    """`inputs` without the namespace that was assumed before the kind was known to have none."""
    if resource.namespaced or not objects.namespace_of(inputs):
        return inputs
    return {**inputs, "metadata": {key: item for key, item in inputs["metadata"].items() if key != "namespace"}}


def _propagation(inputs: Json) -> str:
    chosen = objects.annotation(inputs, objects.DELETION).capitalize()
    return chosen if chosen in ("Orphan", "Background") else "Foreground"


def _dry_run(operation: Operation) -> Json:
    return {"dryRun": "All"} if operation.preview else {}


def _flag(value: bool) -> str:
    return "true" if value else "false"


def _fields_patch(live: Json, fields: list[Json]) -> list[Json]:
    version = objects.metadata(live).get("resourceVersion")
    return [
        {"op": "replace", "path": "/metadata/managedFields", "value": fields},
        {"op": "replace", "path": "/metadata/resourceVersion", "value": version},
    ]
