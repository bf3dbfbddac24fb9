"""The plugin's calls, as the engine makes them."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Mapping
from typing import Any, NoReturn

import grpc
from google.protobuf import empty_pb2
from google.rpc import status_pb2
from pulumi.runtime.proto import engine_pb2, engine_pb2_grpc, provider_pb2

from sandbox.plugins.differences import diff_response
from sandbox.plugins.kubernetes import state
from sandbox.plugins.kubernetes.cluster import Cluster, ClusterError, UnreachableError
from sandbox.plugins.kubernetes.diff import changes, same_object
from sandbox.plugins.kubernetes.ready import needs_endpoints, unready
from sandbox.plugins.kubernetes.values import concealed, from_struct, guarded, holds, revealed, to_struct
from sandbox.plugins.servicer import StandIn

MANAGER = "pulumi-kubernetes"
AWAIT_SECONDS = 600.0


class KubernetesProvider(StandIn):
    """One instance serves one provider resource: one cluster."""

    version = "4.34.2"

    def __init__(self, engine: str | None) -> None:
        self._engine = engine_pb2_grpc.EngineStub(grpc.insecure_channel(engine)) if engine else None
        self._cancelled = threading.Event()
        self._warned = False

    def replaces(self, key: str, old: dict[str, Any], new: dict[str, Any]) -> bool:
        """A changed identifier is another cluster; everything else is another way to the same one."""
        return key == ("clusterIdentifier" if "clusterIdentifier" in {*old, *new} else "context")

    def Configure(self, request: Any, context: Any) -> Any:  # noqa: N802
        del context
        given = revealed(from_struct(request.args))
        self._cluster = Cluster(
            str(given.get("clusterIdentifier") or given.get("context") or "without a name"),
            given.get("kubeconfig"),
            given.get("context"),
            force=str(given.get("enablePatchForce")).lower() == "true",
        )
        return provider_pb2.ConfigureResponse(acceptSecrets=True, supportsPreview=True)

    def Check(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Fill in what the official plugin does: the namespace, and a name where there is none."""
        del context
        news, olds = from_struct(request.news), from_struct(request.olds)
        metadata = news.setdefault("metadata", {})
        if isinstance(metadata, dict) and "name" not in metadata:
            earlier = (olds.get("metadata") or {}).get("name")
            metadata["name"] = earlier or f"{request.urn.rsplit('::', 1)[-1]}-{secrets.token_hex(4)}"
        return provider_pb2.CheckResponse(inputs=to_struct(news))

    def Diff(self, request: Any, context: Any) -> Any:  # noqa: N802
        del context
        old, new = revealed(from_struct(request.old_inputs)), revealed(from_struct(request.news))
        return diff_response(changes(old, new), delete_first=same_object(old, new))

    def Create(self, request: Any, context: Any) -> Any:  # noqa: N802
        given = from_struct(request.properties)
        manifest = revealed(given)
        try:
            if request.preview:
                return provider_pb2.CreateResponse(id="", properties=to_struct(self._previewed(given, manifest)))
            if self._cluster.get(manifest) is not None:
                what = f"{manifest['kind']} {state.identity(manifest)}"
                raise ClusterError(f"cluster {self._cluster.identifier}: {what} exists already; import it to adopt it")
            live = self._cluster.apply(manifest, MANAGER, dry=False)
        except ClusterError as error:
            _fail(context, error, given)
        live = self._awaited(context, request, given, live)
        return provider_pb2.CreateResponse(id=state.identity(manifest), properties=to_struct(guarded(live, given)))

    def Update(self, request: Any, context: Any) -> Any:  # noqa: N802
        given = from_struct(request.news)
        manifest = revealed(given)
        try:
            if request.preview:
                return provider_pb2.UpdateResponse(properties=to_struct(self._previewed(given, manifest)))
            live = self._cluster.apply(manifest, MANAGER, dry=False)
        except ClusterError as error:
            _fail(context, error, given)
        live = self._awaited(context, request, given, live)
        return provider_pb2.UpdateResponse(properties=to_struct(guarded(live, given)))

    def Read(self, request: Any, context: Any) -> Any:  # noqa: N802
        """The live object; an empty answer tells the engine that it is gone."""
        inputs, outputs = from_struct(request.inputs), from_struct(request.properties)
        try:
            live = self._cluster.get(state.described(request.urn, request.id, revealed(inputs or outputs)))
        except ClusterError as error:
            _fail(context, error)
        if live is None:
            return provider_pb2.ReadResponse()
        seen = state.projected(live, inputs) if inputs else state.stripped(live)
        return provider_pb2.ReadResponse(
            id=request.id,
            properties=to_struct(guarded(live, inputs)),
            inputs=to_struct(guarded(seen, inputs)),
        )

    def Delete(self, request: Any, context: Any) -> Any:  # noqa: N802
        manifest = revealed(from_struct(request.old_inputs) or from_struct(request.properties))
        deadline = time.monotonic() + (request.timeout or AWAIT_SECONDS)
        try:
            self._cluster.delete(manifest)
            pause = 0.1
            while self._cluster.get(manifest) is not None:
                if self._cancelled.wait(pause) or time.monotonic() > deadline:
                    raise ClusterError(f"cluster {self._cluster.identifier}: {state.identity(manifest)} does not go")
                pause = min(1.0, pause * 1.5)
        except ClusterError as error:
            _fail(context, error)
        return empty_pb2.Empty()

    def Cancel(self, request: Any, context: Any) -> Any:  # noqa: N802
        del request, context
        self._cancelled.set()
        return empty_pb2.Empty()

    def _previewed(self, given: dict[str, Any], manifest: dict[str, Any]) -> dict[str, Any]:
        """What the cluster would make of it; the inputs where it can't be asked yet, or does not answer."""
        if holds(manifest, "unknown"):
            return given
        try:
            return guarded(self._cluster.apply(manifest, MANAGER, dry=True), given)
        except UnreachableError as error:
            self._warn(f"{error}; planned without asking it")
            return given
        except ClusterError as error:
            if "not found" not in str(error):
                raise
            return given  # its namespace, or its kind, comes with this very update

    def _awaited(self, context: Any, request: Any, given: dict[str, Any], live: dict[str, Any]) -> dict[str, Any]:
        """The object once it is ready. One that does not become ready is kept in the state, with the reason."""
        manifest = revealed(given)
        deadline, pause = time.monotonic() + (request.timeout or AWAIT_SECONDS), 0.1
        reason: str | None = None
        while True:
            try:
                endpoints = self._cluster.endpoints(live) if needs_endpoints(live) else []
                reason = unready(live, endpoints)
                if reason is None:
                    return live
                if self._cancelled.wait(pause) or time.monotonic() > deadline:
                    break
                live = self._cluster.get(manifest) or live
            except ClusterError as error:
                reason = str(error)
                break
            pause = min(1.0, pause * 1.5)
        what = f"cluster {self._cluster.identifier}: {manifest['kind']} {state.identity(manifest)}: {reason}"
        return _fail_in_part(context, what, state.identity(manifest), guarded(live, given), given)

    def _warn(self, message: str) -> None:
        if self._engine and not self._warned:
            self._warned = True
            self._engine.Log(engine_pb2.LogRequest(severity=engine_pb2.WARNING, message=message))


def _fail(context: Any, error: ClusterError, given: Mapping[str, Any] | None = None) -> NoReturn:
    code = grpc.StatusCode.UNAVAILABLE if isinstance(error, UnreachableError) else grpc.StatusCode.UNKNOWN
    context.abort(code, concealed(str(error), given or {}))
    raise error


def _fail_in_part(
    context: Any, message: str, identity: str, outputs: dict[str, Any], inputs: dict[str, Any]
) -> NoReturn:
    """End the call so that the engine keeps the object and the reasons (ErrorResourceInitFailed)."""
    detail = provider_pb2.ErrorResourceInitFailed(
        id=identity, properties=to_struct(outputs), inputs=to_struct(inputs), reasons=[message]
    )
    status = status_pb2.Status(code=grpc.StatusCode.UNKNOWN.value[0], message=message)
    status.details.add().Pack(detail)
    context.set_trailing_metadata((("grpc-status-details-bin", status.SerializeToString()),))
    context.abort(grpc.StatusCode.UNKNOWN, message)
    raise ClusterError(message)
