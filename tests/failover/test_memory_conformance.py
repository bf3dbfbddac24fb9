"""The backend of the unit tests does what the real ones do."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

import pytest

from failover.clock import boottime
from failover.selector.memory import Client, MemorySelector
from failover.selector.memory_ensemble import Ensemble
from tests.failover.conformance import Conformance

T = TypeVar("T")


class Memory:
    """One duty in memory."""

    def __init__(self) -> None:
        self._ensemble = Ensemble(clock=boottime, session_timeout=60)

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run(work)

    def candidate(self, name: str) -> MemorySelector:
        return MemorySelector(Client(ensemble=self._ensemble, clock=boottime), "alice.main", name)


@pytest.fixture
def backend() -> Memory:
    return Memory()


class TestConformance(Conformance):
    """In memory."""
