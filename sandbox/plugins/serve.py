"""A stand-in's process: it prints its port, serves, and ends with the engine."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import grpc
from pulumi.runtime.proto import provider_pb2_grpc

UNLIMITED = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]


def _end_with_parent() -> None:
    """An engine that was killed can't stop its plugins: notice, and end before anything more is changed."""
    parent = os.getppid()
    while os.getppid() == parent:
        time.sleep(0.2)
    os._exit(1)


def serve(provider: Callable[[str | None], provider_pb2_grpc.ResourceProviderServicer]) -> None:
    """Serve what `provider` makes of the engine's address (the command's first word) until the engine goes away."""
    engine = sys.argv[1] if len(sys.argv) > 1 else None
    server = grpc.server(ThreadPoolExecutor(max_workers=64), options=UNLIMITED)
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(provider(engine), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    threading.Thread(target=_end_with_parent, daemon=True).start()
    print(port, flush=True)  # noqa: T201  the engine reads it
    server.wait_for_termination()
