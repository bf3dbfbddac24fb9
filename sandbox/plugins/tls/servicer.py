"""The plugin's calls, as the engine makes them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, NoReturn

import grpc
from pulumi.runtime.proto import engine_pb2, engine_pb2_grpc, provider_pb2

from sandbox.plugins.differences import diff_response
from sandbox.plugins.servicer import StandIn, token_of
from sandbox.plugins.tls.certificates import doubts, is_due, made
from sandbox.plugins.tls.changes import changes, early_hours, guarded, planned, updated
from sandbox.plugins.tls.errors import InputError
from sandbox.plugins.tls.inputs import INPUTS, mistakes
from sandbox.plugins.values import concealed, from_struct, revealed, to_struct


class TlsProvider(StandIn):
    """It keeps nothing: all that there is of a key or a certificate is in the engine's state.

    All that a provider has is a proxy, which no resource here uses: nothing is replaced for it. A certificate that was
    given out and deleted stays valid.
    """

    version = "5.6.2"

    def __init__(self, engine: str | None) -> None:
        self._engine = engine_pb2_grpc.EngineStub(grpc.insecure_channel(engine)) if engine else None

    def Check(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Every mistake at once. No failure names its property: the engine would print the value with it."""
        given = from_struct(request.news)
        try:
            found = [concealed(str(one), given) for one in mistakes(_resource(request.urn), revealed(given))]
        except InputError as error:
            _fail(context, error, given)
        failures = [provider_pb2.CheckFailure(reason=reason) for reason in found]
        return provider_pb2.CheckResponse(inputs=request.news, failures=failures)

    def Diff(self, request: Any, context: Any) -> Any:  # noqa: N802
        del context
        old, new = revealed(from_struct(request.old_inputs)), revealed(from_struct(request.news))
        outputs = revealed(from_struct(request.olds))
        found = changes(_resource(request.urn), old, new, outputs, datetime.now(UTC))
        return diff_response(found, delete_first=False)

    def Create(self, request: Any, context: Any) -> Any:  # noqa: N802
        given = from_struct(request.properties)
        plain = revealed(given)
        try:
            resource = _resource(request.urn)
            if request.preview:
                outputs = guarded(planned(resource, plain), given)
                return provider_pb2.CreateResponse(id="", properties=to_struct(outputs))
            outputs = made(resource, plain, datetime.now(UTC))
            for sentence in doubts(resource, plain):
                self._warn(request.urn, sentence)
        except InputError as error:
            _fail(context, error, given)
        return provider_pb2.CreateResponse(id=outputs["id"], properties=to_struct(guarded(outputs, given)))

    def Update(self, request: Any, context: Any) -> Any:  # noqa: N802
        given = from_struct(request.news)
        try:
            outputs = updated(_resource(request.urn), revealed(from_struct(request.olds)), revealed(given))
        except InputError as error:
            _fail(context, error, given)
        return provider_pb2.UpdateResponse(properties=to_struct(guarded(outputs, given)))

    def Read(self, request: Any, context: Any) -> Any:  # noqa: N802
        """What the state has. There is nowhere else to look, so nothing can be imported."""
        inputs, outputs = from_struct(request.inputs), from_struct(request.properties)
        if not outputs:
            _fail(context, InputError("id", "nothing can be imported: keys and certificates are in the state alone"))
        plain = revealed(inputs)
        if is_due(revealed(outputs), early_hours(_resource(request.urn), plain), datetime.now(UTC)):
            outputs["readyForRenewal"] = True
        return provider_pb2.ReadResponse(
            id=request.id, properties=to_struct(guarded(outputs, inputs)), inputs=request.inputs
        )

    def _warn(self, urn: str, message: str) -> None:
        if self._engine:
            self._engine.Log(engine_pb2.LogRequest(severity=engine_pb2.WARNING, urn=urn, message=message))


def _resource(urn: str) -> str:
    """The type's token. Raises InputError for one that the sandbox has not."""
    token = token_of(urn)
    if token not in INPUTS:
        raise InputError("type", f"the sandbox has no {token}; it has {', '.join(sorted(INPUTS))}")
    return token


def _fail(context: Any, error: InputError, given: Mapping[str, Any] | None = None) -> NoReturn:
    """End the call. The code tells the engine that nothing was made."""
    context.abort(grpc.StatusCode.INVALID_ARGUMENT, concealed(str(error), given or {}))
    raise error
