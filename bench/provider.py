"""A provider without a cluster: what it is told to make is made at once, and what is as before has no difference.

It serves every contestant of `overhead` from one process beside them: its cost is nobody's.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc

VERSION = "4.34.2"
PEM_OUTPUTS = ("privateKeyPem", "privateKeyPemPkcs8", "certRequestPem", "certPem")  # as in bench.recording
UNLIMITED = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]


class EchoProvider(provider_pb2_grpc.ResourceProviderServicer):
    """The calls of an update and a preview. Messages are compared and copied whole, never converted."""

    def Handshake(self, request: Any, context: Any) -> Any:  # noqa: N802
        del request, context
        return provider_pb2.ProviderHandshakeResponse(accept_secrets=True)

    def Attach(self, request: Any, context: Any) -> Any:  # noqa: N802
        del request, context
        return empty_pb2.Empty()

    def GetPluginInfo(self, request: Any, context: Any) -> Any:  # noqa: N802
        del request, context
        return plugin_pb2.PluginInfo(version=VERSION)

    def CheckConfig(self, request: Any, context: Any) -> Any:  # noqa: N802
        del context
        return provider_pb2.CheckResponse(inputs=request.news)

    def DiffConfig(self, request: Any, context: Any) -> Any:  # noqa: N802
        del context
        return difference(request)

    def Configure(self, request: Any, context: Any) -> Any:  # noqa: N802
        del request, context
        return provider_pb2.ConfigureResponse(acceptSecrets=True, supportsPreview=True)

    def Check(self, request: Any, context: Any) -> Any:  # noqa: N802
        del context
        return provider_pb2.CheckResponse(inputs=request.news)

    def Diff(self, request: Any, context: Any) -> Any:  # noqa: N802
        del context
        return difference(request)

    def Create(self, request: Any, context: Any) -> Any:  # noqa: N802
        del context
        *_, kind, name = request.urn.split("::")
        if kind.rpartition("$")[2].startswith("tls:"):
            request.properties.update({key: f"<{key} of {name}>" for key in PEM_OUTPUTS})
        return provider_pb2.CreateResponse(id=name, properties=request.properties)

    def Cancel(self, request: Any, context: Any) -> Any:  # noqa: N802
        del request, context
        return empty_pb2.Empty()


def difference(request: Any) -> Any:
    """Whether old and new inputs differ at all."""
    same = request.old_inputs == request.news
    kinds = provider_pb2.DiffResponse
    return provider_pb2.DiffResponse(changes=kinds.DIFF_NONE if same else kinds.DIFF_SOME)


def _end_with_parent() -> None:
    parent = os.getppid()
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(1)


def main() -> None:
    """Print the port and serve until the benchmark goes away."""
    server = grpc.server(ThreadPoolExecutor(max_workers=16), options=UNLIMITED)
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(EchoProvider(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    threading.Thread(target=_end_with_parent, daemon=True).start()
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    server.wait_for_termination()


if __name__ == "__main__":
    main()
