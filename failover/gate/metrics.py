"""What a gate counts, for Prometheus."""

from __future__ import annotations

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

LATENCIES = (0.001, 0.005, 0.02, 0.1, 0.5, 2.0, 10.0, 60.0)  # seconds


class Metrics:
    """One gate's numbers, in a registry of their own: nothing is kept per process."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        at = self._registry
        self.calls = Counter("gate_calls", "Calls by kind and outcome", ["kind", "outcome"], registry=at)
        self.refusals = Counter("gate_refusals", "Refused requests by reason", ["reason"], registry=at)
        self.under_way = Gauge("gate_requests_under_way", "Requests that have no answer yet", registry=at)
        self.upstream = Histogram(
            "gate_upstream_seconds", "From sending to the answer's head", ["kind"], buckets=LATENCIES, registry=at
        )
        self.certificates = Counter("gate_certificate_loads", "Reads of changed files", ["outcome"], registry=at)
        self._age = Gauge("gate_confirmation_age_seconds", "Since the last good one was asked for", registry=at)
        self._highest = Gauge("gate_highest_epoch", "The highest epoch on disk", registry=at)

    def watch(self, age: Callable[[], float], highest: Callable[[], float]) -> None:
        """Read these when somebody asks."""
        self._age.set_function(age)
        self._highest.set_function(highest)

    def text(self) -> bytes:
        """All of it, in Prometheus' format."""
        return generate_latest(self._registry)
