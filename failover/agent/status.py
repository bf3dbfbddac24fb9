"""The agent's HTTP port: /livez, /readyz, /metrics and, for a daemon that signs, /chain/lives and /chain/answers."""

from __future__ import annotations

from typing import Any

from aiohttp import web
from prometheus_client import CollectorRegistry, Counter, Gauge, generate_latest

from failover.agent.loop import Agent
from failover.clock import Clock
from failover.deadline import watched
from failover.health import Reach

STUCK_SECONDS = 10.0  # without a tick: far more than any tick waits for anything


class Status:
    """Serves what `agent` is. Metrics are read when they are asked for, so nothing of them can be stale."""

    def __init__(self, agent: Agent, state_directory: str, clock: Clock) -> None:
        self._agent, self._directory, self._clock = agent, state_directory, clock
        self._runner: web.AppRunner | None = None

    async def start(self, port: int) -> None:
        """Listen on every address of the pod: the kubelet and Prometheus ask. Raises OSError."""
        app = web.Application()
        handlers: dict[str, Any] = {
            "/livez": self._livez,
            "/readyz": self._readyz,
            "/metrics": self._metrics,
            "/chain/lives": self._lives,
            "/chain/answers": self._answers,
        }
        for path, handler in handlers.items():
            app.router.add_get(path, handler)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await self._runner.setup()
        await web.TCPSite(self._runner, None, port).start()

    async def close(self) -> None:
        """Stop listening."""
        if self._runner:
            await self._runner.cleanup()

    async def _livez(self, _: web.Request) -> web.Response:
        still = self._clock() - self._agent.ticked_at
        return _said(still < STUCK_SECONDS, f"the loop's last tick began {still:.1f} s ago")

    async def _readyz(self, _: web.Request) -> web.Response:
        """Ready is one that campaigns, or holds: a candidate that the ensemble knows, healthy or not."""
        agent = self._agent
        campaigns = agent.view is not None and not agent.stopping
        return _said(campaigns, "campaigns" if campaigns else "is no candidate: no connection, or ending")

    async def _lives(self, request: web.Request) -> web.Response:
        """A signer that is slow is not dead, and one that hangs or is down is the agent's to end and to start."""
        return await self._livez(request)

    async def _answers(self, _: web.Request) -> web.Response:
        reach = await self._agent.signer.reach()
        return _said(reach is Reach.ANSWERS, f"the signer: {reach.value if reach else 'not up, or starting'}")

    async def _metrics(self, _: web.Request) -> web.Response:
        return web.Response(body=generate_latest(self._registry()), content_type="text/plain")

    def _registry(self) -> CollectorRegistry:
        agent, registry = self._agent, CollectorRegistry()
        tenure = agent.tenure

        def gauge(name: str, text: str, value: float) -> None:
            Gauge(f"notary_agent_{name}", text, registry=registry).set(value)

        gauge("holder", "1 while this candidate has a claim to the duty", tenure is not None)
        gauge("epoch", "Epoch of the claim, 0 without one", tenure.claim.epoch if tenure else 0)
        left = tenure.lease.ends_at - self._clock() if tenure else 0.0
        gauge("lease_seconds", "What is left of the lease, 0 without one", max(0.0, left))
        gauge(
            "unanswered_calls",
            "Signing calls without an answer",
            tenure.calls.pending() + tenure.calls.lost if tenure else 0,
        )
        gauge("healthy", "1 while fit to hold the duty", agent.me.healthy)
        gauge("penalised", "1 while others go first, after an activation that failed", agent.me.penalised)
        chains = Gauge("notary_agent_chain_signable", "1 while signable", ["chain"], registry=registry)
        for chain in agent.chains:
            chains.labels(chain).set(chain in (agent.me.signs or ()))
        gauge("connected", "1 while the ensemble answers", agent.view is not None)
        gauge("watched", "1 while a watchdog runs", watched(self._directory))
        state = Gauge("notary_agent_signer", "1 for the state that the signer is in", ["state"], registry=registry)
        state.labels(agent.signer.state.value).set(1)
        acts = Counter("notary_agent_acts", "Acts begun", ["act"], registry=registry)
        for act, count in agent.acts.items():
            acts.labels(act.value).inc(count)
        return registry


def _said(well: bool, text: str) -> web.Response:
    return web.Response(status=200 if well else 503, text=text + "\n")
