"""What holds for all tests."""

from __future__ import annotations

import asyncio
import os

import pytest
from hypothesis import settings

# ZooKeeper's servers really run in the tests that ask for it: most are about objects, and start many sandboxes.
os.environ.setdefault("FLEET_SIMULATED", "1")
# Pods and servers are forked from processes in which other tests have loaded gRPC, whose fork handlers crash children.
os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "0")

# How long one example takes says nothing on a busy machine.
settings.register_profile("fleet", deadline=None)
settings.load_profile("fleet")


@pytest.hookimpl(tryfirst=True)
def pytest_fixture_setup() -> None:
    """Pulumi's mocks want the thread's event loop, which `asyncio.run` of an earlier test has taken away."""
    _restore_event_loop()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_call() -> None:
    """The same for what a test does itself."""
    _restore_event_loop()


def _restore_event_loop() -> None:
    try:
        asyncio.get_event_loop_policy().get_event_loop()
    except RuntimeError:
        asyncio.set_event_loop(asyncio.new_event_loop())
