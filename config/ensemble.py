"""The ZooKeeper ensemble's settings; where its servers stand is each region's `ensemble`."""

from __future__ import annotations

import re
from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from config.types import Cpu, Model, Quantity, expected, matching

Chroot = Annotated[str, AfterValidator(matching(re.compile(r"(/[a-z0-9-]+)+"), "a path such as /notary/testnet"))]


class Ensemble(Model):
    """Times are milliseconds; limits are ticks.

    A crashed holder is followed after about the session timeout; a frozen leader of the ensemble costs syncLimit ticks
    on top of it (ZooKeeper 3.9.3, measured).
    """

    chroot: Chroot = "/notary"
    tick_time_ms: int = Field(default=500, ge=100, le=10_000)
    init_limit: int = Field(default=20, ge=2, le=600)
    sync_limit: int = Field(default=4, ge=2, le=100)
    session_timeout_ms: int = Field(default=5_000, ge=1_000, le=60_000)
    rtt_ms: int = Field(default=20, ge=0, le=1_000, description="Longest round trip between two regions")
    storage: Quantity = "10Gi"
    memory: Quantity = "1Gi"
    cpu: Cpu = "500m"

    @model_validator(mode="after")
    def _times_fit(self) -> Self:
        sync_ms = self.sync_limit * self.tick_time_ms
        if 2 * sync_ms > self.session_timeout_ms:
            raise expected(
                f"syncLimit x tickTimeMs (now {sync_ms}) at most half of sessionTimeoutMs ({self.session_timeout_ms}): "
                "a frozen leader costs that long before its followers give up"
            )
        if sync_ms < 10 * self.rtt_ms:
            raise expected(f"syncLimit x tickTimeMs (now {sync_ms}) at least ten round trips ({10 * self.rtt_ms})")
        if not 2 * self.tick_time_ms <= self.session_timeout_ms <= 20 * self.tick_time_ms:
            raise expected("sessionTimeoutMs between 2 and 20 ticks: the servers grant nothing else")
        return self
