"""The plugin's calls, as the engine makes them. Nothing is ever made anywhere: it records, for previews and tests."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NoReturn

import grpc
from pulumi.runtime.proto import provider_pb2

from sandbox.plugins.aws.outputs import TYPES, identity_of, made, named, planned
from sandbox.plugins.aws.replacing import changes
from sandbox.plugins.differences import diff_response
from sandbox.plugins.servicer import StandIn, token_of
from sandbox.plugins.values import concealed, from_struct, guarded, holds, revealed, to_struct

GLOBAL = ("aws:iam/", "aws:route53/")  # services without regions


class AwsProvider(StandIn):
    """It keeps nothing: all that there is of a resource is in the engine's state."""

    version = "7.51.1"

    def __init__(self, engine: str | None) -> None:
        del engine

    def Check(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Refuse a resource that says no region: it would stand in the provider's."""
        token, news = token_of(request.urn), from_struct(request.news)
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
        return diff_response(changes(token_of(request.urn), old, new), delete_first="name" in new)

    def Create(self, request: Any, context: Any) -> Any:  # noqa: N802
        token, given = token_of(request.urn), from_struct(request.properties)
        if request.preview:
            return provider_pb2.CreateResponse(id="", properties=to_struct(guarded(planned(token, given), given)))
        if holds(given, "unknown"):
            _fail(context, f"{token} is to be made of what is not known", given)
        identity = identity_of(request.urn)
        return provider_pb2.CreateResponse(
            id=identity, properties=to_struct(guarded(made(token, identity, given), given))
        )

    def Update(self, request: Any, context: Any) -> Any:  # noqa: N802
        """What AWS told before stays known in a preview too: a change in place keeps it."""
        del context
        given = from_struct(request.news)
        outputs = made(token_of(request.urn), request.id, given)
        return provider_pb2.UpdateResponse(properties=to_struct(guarded(outputs, given)))

    def Read(self, request: Any, context: Any) -> Any:  # noqa: N802
        """What the state has: there is nowhere else to look."""
        del context
        return provider_pb2.ReadResponse(id=request.id, properties=request.properties, inputs=request.inputs)


def _fail(context: Any, message: str, given: Mapping[str, Any]) -> NoReturn:
    """End the call. The code tells the engine that nothing was made."""
    text = concealed(message, given)
    context.abort(grpc.StatusCode.INVALID_ARGUMENT, text)
    raise ValueError(text)
