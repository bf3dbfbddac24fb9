"""What all stand-ins answer alike when the engine calls."""

from __future__ import annotations

from typing import Any

from google.protobuf import empty_pb2
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc

from sandbox.plugins.differences import Change, diff_response
from sandbox.plugins.values import from_struct, revealed


class StandIn(provider_pb2_grpc.ResourceProviderServicer):
    """A plugin at a version. Without more of its own it keeps nothing, and its configuration replaces nothing."""

    version: str

    def GetPluginInfo(self, request: Any, context: Any) -> Any:  # noqa: N802
        del request, context
        return plugin_pb2.PluginInfo(version=self.version)

    def CheckConfig(self, request: Any, context: Any) -> Any:  # noqa: N802
        del context
        return provider_pb2.CheckResponse(inputs=request.news)

    def DiffConfig(self, request: Any, context: Any) -> Any:  # noqa: N802
        del context
        old, new = revealed(from_struct(request.old_inputs)), revealed(from_struct(request.news))
        found = [key for key in sorted({*old, *new}) if old.get(key) != new.get(key)]
        return diff_response(
            [Change(path=key, kind="update", replaces=self.replaces(key, old, new)) for key in found],
            delete_first=False,
        )

    def replaces(self, key: str, old: dict[str, Any], new: dict[str, Any]) -> bool:
        """Whether another value of this key of the configuration makes another of every resource."""
        del key, old, new
        return False

    def Configure(self, request: Any, context: Any) -> Any:  # noqa: N802
        del request, context
        return provider_pb2.ConfigureResponse(acceptSecrets=True, supportsPreview=True)

    def Delete(self, request: Any, context: Any) -> Any:  # noqa: N802
        del request, context
        return empty_pb2.Empty()

    def Cancel(self, request: Any, context: Any) -> Any:  # noqa: N802
        del request, context
        return empty_pb2.Empty()


def token_of(urn: str) -> str:
    """The type's token, without those of the components that hold the resource."""
    return urn.split("::")[2].rsplit("$", 1)[-1]
