"""What holds for all tests."""

from __future__ import annotations

import os

from hypothesis import settings

# ZooKeeper's servers really run in the tests that ask for it: most are about objects, and start many sandboxes.
os.environ.setdefault("FLEET_SIMULATED", "1")
# Pods and servers are forked from processes in which other tests have loaded gRPC, whose fork handlers crash children.
os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "0")

# How long one example takes says nothing on a busy machine.
settings.register_profile("fleet", deadline=None)
settings.load_profile("fleet")
