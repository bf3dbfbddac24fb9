"""The plugin as an engine sees it: over gRPC, one configured provider."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Any

import grpc
from google.protobuf import empty_pb2
from google.rpc import status_pb2
from pulumi.runtime.proto import engine_pb2, engine_pb2_grpc, provider_pb2, provider_pb2_grpc

from sandbox.plugins.kubernetes.servicer import KubernetesProvider
from sandbox.plugins.kubernetes.values import SECRET, SIGNATURE, UNKNOWN, from_struct, to_struct

__all__ = ["UNKNOWN", "Engine", "Plugin", "config_map", "init_failure", "secret", "served", "urn"]


class Engine(engine_pb2_grpc.EngineServicer):
    """An engine that only listens."""

    def __init__(self) -> None:
        self.logged: list[tuple[int, str]] = []

    def Log(self, request: Any, context: Any) -> Any:  # noqa: N802
        del context
        self.logged.append((request.severity, request.message))
        return empty_pb2.Empty()

    @property
    def warnings(self) -> list[str]:
        return [message for severity, message in self.logged if severity == engine_pb2.WARNING]


class Plugin:
    """A provider for one cluster, and the engine that it talks to."""

    def __init__(self, kubeconfig: str, **configuration: Any) -> None:
        self.engine = Engine()
        self._engine_server, address = served(engine_pb2_grpc.add_EngineServicer_to_server, self.engine)
        add = provider_pb2_grpc.add_ResourceProviderServicer_to_server
        self._server, self._address = served(add, KubernetesProvider(address))
        self._channel = grpc.insecure_channel(self._address)
        self.stub: Any = provider_pb2_grpc.ResourceProviderStub(self._channel)
        ours = {"clusterIdentifier": "eu-test", "enablePatchForce": "true"}
        arguments = {"kubeconfig": kubeconfig, **ours, **configuration}
        self.stub.Configure(provider_pb2.ConfigureRequest(args=to_struct(arguments)))

    def create(self, manifest: dict[str, Any], preview: bool = False, timeout: float = 20) -> tuple[str, Any]:
        """The id and the outputs."""
        made = self.stub.Create(
            provider_pb2.CreateRequest(
                urn=urn(manifest), properties=to_struct(manifest), preview=preview, timeout=timeout
            )
        )
        return made.id, from_struct(made.properties)

    def update(self, old: dict[str, Any], new: dict[str, Any], preview: bool = False, timeout: float = 20) -> Any:
        """The outputs."""
        request = provider_pb2.UpdateRequest(
            id=identity(old),
            urn=urn(new),
            old_inputs=to_struct(old),
            news=to_struct(new),
            preview=preview,
            timeout=timeout,
        )
        return from_struct(self.stub.Update(request).properties)

    def read(self, inputs: dict[str, Any]) -> tuple[Any, Any] | None:
        """Inputs and outputs as they are now, or None for what is gone."""
        request = provider_pb2.ReadRequest(id=identity(inputs), urn=urn(inputs), inputs=to_struct(inputs))
        seen = self.stub.Read(request)
        return (from_struct(seen.inputs), from_struct(seen.properties)) if seen.id else None

    def adopt(self, identifier: str, of: str) -> tuple[Any, Any]:
        """Inputs and outputs of an object of which nothing but its id is known."""
        seen = self.stub.Read(provider_pb2.ReadRequest(id=identifier, urn=of))
        return from_struct(seen.inputs), from_struct(seen.properties)

    def diff(self, old: dict[str, Any], new: dict[str, Any]) -> Any:
        request = provider_pb2.DiffRequest(
            id=identity(old), urn=urn(new), old_inputs=to_struct(old), news=to_struct(new)
        )
        return self.stub.Diff(request)

    def delete(self, inputs: dict[str, Any], timeout: float = 20) -> None:
        request = provider_pb2.DeleteRequest(
            id=identity(inputs), urn=urn(inputs), old_inputs=to_struct(inputs), timeout=timeout
        )
        self.stub.Delete(request)

    def __enter__(self) -> Plugin:
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._channel.close()
        self._server.stop(None)
        self._engine_server.stop(None)


def served(add: Any, servicer: Any) -> tuple[grpc.Server, str]:
    """A servicer at an address of its own."""
    server = grpc.server(ThreadPoolExecutor(max_workers=8))
    add(servicer, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    return server, f"127.0.0.1:{port}"


def urn(manifest: dict[str, Any]) -> str:
    """An engine's name of an object."""
    version = str(manifest["apiVersion"])
    token = f"kubernetes:{version if '/' in version else f'core/{version}'}:{manifest['kind']}"
    return f"urn:pulumi:test::notary::{token}::{manifest['metadata'].get('name', 'unnamed')}"


def identity(manifest: dict[str, Any]) -> str:
    metadata = manifest["metadata"]
    return "/".join(metadata[key] for key in ("namespace", "name") if key in metadata)


def secret(value: Any) -> dict[str, Any]:
    """A value as the engine sends a secret."""
    return {SIGNATURE: SECRET, "value": value}


def config_map(namespace: str, name: str, **data: Any) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name, "namespace": namespace},
        "data": data,
    }


def init_failure(error: grpc.RpcError) -> Any:
    """The details of a failure in part, as the engine unpacks them."""
    trailing = dict(error.trailing_metadata())  # type: ignore[attr-defined]
    status = status_pb2.Status.FromString(trailing["grpc-status-details-bin"])
    detail = provider_pb2.ErrorResourceInitFailed()
    assert status.details[0].Unpack(detail)
    return detail
