"""The ZooKeeper ensemble's settings; where its servers stand is each region's `ensemble`."""

from __future__ import annotations

import re
from typing import Annotated, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from config.types import Cpu, Model, Quantity, RegionName, expected, matching, name_of_number

Chroot = Annotated[
    str, AfterValidator(matching(re.compile(r"(?!/zookeeper(/|$))(/[a-z0-9-]+)+"), "a path such as /notary/testnet"))
]
Authority = Annotated[
    str,
    BeforeValidator(name_of_number),
    AfterValidator(matching(re.compile(r"[a-z0-9]+"), "an authority's name such as a or 2026", 12)),
]
Moment = Annotated[
    str, AfterValidator(matching(re.compile(r"\d{8}T\d{6}Z"), "a moment such as 20261121T103000Z, in UTC"))
]

# A connection is given up after this share of the session timeout: the other half is left to elect and to reconnect.
SYNC_SHARE = 0.4


class Certificates(Model):
    """Who vouches for servers and clients, and for how long. Times are days.

    The first authority issues, all are trusted. To change it without a stop: [a] -> [a, b] -> [b, a] -> [b].
    """

    authorities: tuple[Authority, ...] = Field(default=("a",), min_length=1, max_length=3, strict=False)
    valid_days: int = Field(default=397, ge=2, le=825)
    renew_days: int = Field(default=132, ge=1, le=800, description="Days before the end at which `fleet up` renews")

    @model_validator(mode="after")
    def _times_fit(self) -> Self:
        if self.renew_days >= self.valid_days:
            raise expected(f"renewDays below validDays ({self.valid_days}), such as a third of it")
        if len(set(self.authorities)) < len(self.authorities):
            raise expected("each authority once, such as [a, b]")
        return self


class Backup(Model):
    """Copies of each server's snapshot and log on a volume of its own."""

    every_minutes: int = Field(default=60, ge=1, le=10_080)
    keep: int = Field(default=48, ge=1, le=1_000, description="Copies that stay")
    storage: Quantity = "10Gi"


class Ensemble(Model):
    """Times are milliseconds; limits are ticks.

    A crashed holder is followed after about the session timeout; a frozen leader of the ensemble costs syncLimit ticks
    on top of it (ZooKeeper 3.9, measured: docs/ensemble.md).
    """

    chroot: Chroot = "/notary"
    tick_time_ms: int = Field(default=500, ge=100, le=10_000)
    init_limit: int = Field(default=20, ge=2, le=600)
    sync_limit: int | None = Field(default=None, ge=2, le=100, description="Derived from the times if left out")
    session_timeout_ms: int = Field(default=5_000, ge=1_000, le=60_000)
    rtt_ms: int = Field(default=20, ge=0, le=1_000, description="Longest round trip between two regions")
    storage: Quantity = "10Gi"
    log_storage: Quantity | None = Field(
        default=None, description="A volume of its own for the transaction log; for ever, once it is there"
    )
    memory: Quantity = "1Gi"
    cpu: Cpu = "500m"
    certificates: Certificates = Field(default_factory=Certificates)
    founded: bool = Field(
        default=False, description="True once the ensemble runs: a server without data then only joins, without a vote"
    )
    backup: Backup | None = None
    restore: Moment | None = Field(default=None, description="Go back to each server's last backup of that moment")
    maintenance: RegionName | None = Field(default=None, description="The region whose nodes may be drained first")

    @property
    def sync_ticks(self) -> int:
        """Ticks after which a silent server is given up: two fifths of a session, and ten round trips at least."""
        if self.sync_limit is not None:
            return self.sync_limit
        return max(self._least_ticks, int(SYNC_SHARE * self.session_timeout_ms) // self.tick_time_ms)

    @property
    def _least_ticks(self) -> int:
        """Ten round trips in whole ticks, and the two ticks that ZooKeeper wants at least."""
        return max(2, -(-10 * self.rtt_ms // self.tick_time_ms))

    @model_validator(mode="after")
    def _times_fit(self) -> Self:
        sync_ms = self.sync_ticks * self.tick_time_ms
        if not 2 * self.tick_time_ms <= self.session_timeout_ms <= 20 * self.tick_time_ms:
            raise expected("sessionTimeoutMs between 2 and 20 ticks: the servers grant nothing else")
        if self.rtt_ms > self.tick_time_ms:
            raise expected(f"tickTimeMs of rttMs ({self.rtt_ms}) at least: half of 20 ticks is to hold ten round trips")
        if 2 * sync_ms > self.session_timeout_ms:
            shortest = 2 * self._least_ticks * self.tick_time_ms
            remedy = f"with rttMs {self.rtt_ms} a session takes {shortest} ms"
            raise expected(
                f"syncLimit x tickTimeMs (now {sync_ms}) at most half of sessionTimeoutMs ({self.session_timeout_ms}): "
                f"a frozen leader costs that long; {remedy if self.sync_limit is None else 'leave syncLimit out'}"
            )
        if sync_ms < 10 * self.rtt_ms:
            raise expected(f"syncLimit x tickTimeMs (now {sync_ms}) at least ten round trips ({10 * self.rtt_ms})")
        return self
