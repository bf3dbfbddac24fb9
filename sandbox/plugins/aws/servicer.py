"""The plugin's calls, as the engine makes them. Nothing is ever made anywhere: it records, for previews and tests."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NoReturn

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc

from sandbox.plugins.aws.outputs import TYPES, identity_of, made, named, planned
from sandbox.plugins.aws.replacing import changes
from sandbox.plugins.differences import Change, diff_response
from sandbox.plugins.values import SECRET, SIGNATURE, concealed, from_struct, holds, is_secret, revealed, to_struct

VERSION = "7.51.1"
GLOBAL = ("aws:iam/", "aws:route53/")  # services without regions


class AwsProvider(provider_pb2_grpc.ResourceProviderServicer):
    """It keeps nothing: all that there is of a resource is in the engine's state."""

    def __init__(self, engine: str | None) -> None:
        del engine

    def GetPluginInfo(self, request: Any, context: Any) -> Any:  # noqa: N802
        del request, context
        return plugin_pb2.PluginInfo(version=VERSION)

    def CheckConfig(self, request: Any, context: Any) -> Any:  # noqa: N802
        del context
        return provider_pb2.CheckResponse(inputs=request.news)

    def DiffConfig(self, request: Any, context: Any) -> Any:  # noqa: N802
        del context
        old, new = revealed(from_struct(request.old_inputs)), revealed(from_struct(request.news))
        found = [key for key in sorted({*old, *new}) if old.get(key) != new.get(key)]
        return diff_response([Change(path=key, kind="update", replaces=False) for key in found], delete_first=False)

    def Configure(self, request: Any, context: Any) -> Any:  # noqa: N802
        del request, context
        return provider_pb2.ConfigureResponse(acceptSecrets=True, supportsPreview=True)

    def Check(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Refuse a resource that says no region: it would stand in the provider's."""
        token, news = _token(request.urn), from_struct(request.news)
        if token not in TYPES:
            _fail(context, f"the stand-in for AWS has no {token}", news)
        failures = []
        if not token.startswith(GLOBAL) and not news.get("region"):
            failures.append(provider_pb2.CheckFailure(reason="no region: it would be made in the provider's own"))
        inputs = named(token, request.urn, news, from_struct(request.olds))
        return provider_pb2.CheckResponse(inputs=to_struct(inputs), failures=failures)

    def Diff(self, request: Any, context: Any) -> Any:  # noqa: N802
        del context
        old, new = revealed(from_struct(request.old_inputs)), revealed(from_struct(request.news))
        return diff_response(changes(_token(request.urn), old, new), delete_first="name" in new)

    def Create(self, request: Any, context: Any) -> Any:  # noqa: N802
        token, given = _token(request.urn), from_struct(request.properties)
        if request.preview:
            return provider_pb2.CreateResponse(id="", properties=to_struct(_guarded(planned(token, given), given)))
        if holds(given, "unknown"):
            _fail(context, f"{token} is to be made of what is not known", given)
        identity = identity_of(request.urn)
        return provider_pb2.CreateResponse(
            id=identity, properties=to_struct(_guarded(made(token, identity, given), given))
        )

    def Update(self, request: Any, context: Any) -> Any:  # noqa: N802
        """What AWS told before stays known in a preview too: a change in place keeps it."""
        del context
        given = from_struct(request.news)
        outputs = made(_token(request.urn), request.id, given)
        return provider_pb2.UpdateResponse(properties=to_struct(_guarded(outputs, given)))

    def Read(self, request: Any, context: Any) -> Any:  # noqa: N802
        """What the state has: there is nowhere else to look."""
        del context
        return provider_pb2.ReadResponse(id=request.id, properties=request.properties, inputs=request.inputs)

    def Delete(self, request: Any, context: Any) -> Any:  # noqa: N802
        del request, context
        return empty_pb2.Empty()

    def Cancel(self, request: Any, context: Any) -> Any:  # noqa: N802
        del request, context
        return empty_pb2.Empty()


def _token(urn: str) -> str:
    """The type's token, without those of the components that hold the resource."""
    return urn.split("::")[2].rsplit("$", 1)[-1]


def _guarded(outputs: Mapping[str, Any], inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Outputs whose secrets are wrapped: every field that was given as one."""
    fields = {key for key, value in inputs.items() if holds(value, "secret")}
    return {
        key: {SIGNATURE: SECRET, "value": value} if key in fields and not is_secret(value) else value
        for key, value in outputs.items()
    }


def _fail(context: Any, message: str, given: Mapping[str, Any]) -> NoReturn:
    """End the call. The code tells the engine that nothing was made."""
    text = concealed(message, given)
    context.abort(grpc.StatusCode.INVALID_ARGUMENT, text)
    raise ValueError(text)
