"""The gate beside a daemon: the only way to its wallet's RPC. It refuses what does not come from the current holder."""

from __future__ import annotations

import asyncio

from config.failover import GateConfig
from failover.clock import Clock, boottime
from failover.gate.server import GateError
from failover.gate.server import serve as _serve
from failover.selector.base import Verifier

__all__ = ["GateError", "serve"]


async def serve(config: GateConfig, verifier: Verifier, stop: asyncio.Event, clock: Clock = boottime) -> None:
    """Serve until `stop` is set and the last answer is given. Raises GateError, one sentence, where it can't start."""
    await _serve(config, verifier, stop, clock)
