"""The plugin as a process: it tells its port, and does not outlive the engine."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import grpc
import pytest
from google.protobuf import empty_pb2
from pulumi.runtime.proto import provider_pb2_grpc

from sandbox.plugins.kubernetes.servicer import KubernetesProvider
from tests.sandbox.helpers import alive, eventually

pytestmark = pytest.mark.sandbox
ROOT = Path(__file__).resolve().parent.parent.parent
PARENT = """
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-m", "sandbox.plugins.kubernetes"], stdout=subprocess.PIPE, text=True)
print(child.pid, child.stdout.readline().strip(), flush=True)
time.sleep(60)
"""


def test_the_plugin_serves_at_the_port_it_prints_and_ends_with_a_killed_engine() -> None:
    parent = subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE, text=True, cwd=ROOT)
    try:
        assert parent.stdout is not None
        pid, port = map(int, parent.stdout.readline().split())
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            stub = provider_pb2_grpc.ResourceProviderStub(channel)
            assert stub.GetPluginInfo(empty_pb2.Empty()).version == KubernetesProvider.version
        assert alive(pid)
    finally:
        parent.kill()
        parent.wait(10)
    eventually("the plugin ends", lambda: not alive(pid), seconds=10)
