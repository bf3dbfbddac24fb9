"""A gate from its start to its end: listeners, what they lead to, and an end that loses no answer."""

from __future__ import annotations

import asyncio
import base64
import os
import ssl
from pathlib import Path

from config.failover import GateConfig, GateRoute
from failover.clock import Clock
from failover.gate.confirming import Confirming
from failover.gate.connection import Callers
from failover.gate.door import Door
from failover.gate.fence import Fence
from failover.gate.health import Health
from failover.gate.highwater import HighWater, HighWaterError
from failover.gate.metrics import Metrics
from failover.gate.upstream import Upstream
from failover.gate.wallet import DefaultWallet
from failover.log import Log
from failover.model import duty_name
from failover.selector.base import Verifier
from failover.tls import Identity

# How long answers that are under way are waited for: less than the 30 s that a pod has to end.
STOP_SECONDS = 20
EVERYWHERE, LOOPBACK = "0.0.0.0", "127.0.0.1"


class GateError(Exception):
    """One sentence: why the gate does not start."""


class Gate:
    """All parts of one gate, in the order in which they are made."""

    def __init__(self, config: GateConfig, verifier: Verifier, clock: Clock) -> None:
        """Raises GateError."""
        self._config = config
        duty = duty_name(config.notary, config.shard)
        self.log = Log(duty=duty, chain=config.chain)
        self.log.keep_secret(os.environ.get("RPC_PASSWORD", ""))
        self._metrics = Metrics()
        staleness = config.timing.staleness_ms / 1000
        try:
            self._high_water = HighWater(Path(config.state_directory))
            renewals = self._metrics.certificates
            self._serving = Identity(config.tls, server=True, log=self.log, renewals=renewals)
            self._calling = Identity(config.tls, server=False, log=self.log, renewals=renewals)
        except HighWaterError as error:
            raise GateError(str(error)) from None
        except OSError as error:
            files = f"{config.tls.authority_file}, {config.tls.certificate_file}, {config.tls.key_file}"
            raise GateError(f"tls: one of {files} can't be used: {error.strerror or error}") from None
        self._confirming = Confirming(verifier, duty, staleness, clock)
        self._metrics.watch(self._confirming.age, lambda: float(self._high_water.highest))
        self._fence = Fence(duty, staleness, self._confirming, self._high_water, clock)
        self._upstreams: list[Upstream] = []
        self._listeners: list[tuple[Callers, asyncio.Server]] = []
        self._ready = False
        self._wallet: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Listen on all ports. Raises GateError."""
        config = self._config
        daemon = Upstream(
            f"http://{LOOPBACK}:{config.rpc_port}/",
            name=f"the daemon at {LOOPBACK}:{config.rpc_port}",
            authorization=_authorization(),
            tls=None,
        )
        self._upstreams.append(daemon)
        if config.wallet:
            self._wallet = asyncio.create_task(DefaultWallet(daemon.ask, self.log).run())
        await self._listen(EVERYWHERE, config.health_port, Callers(self._health(daemon), patience=self._patience))
        for link in config.links:
            await self._listen(LOOPBACK, link.rpc_port, self._door(self._beyond(link), None))
        tls = self._serving.listening()
        await self._listen(EVERYWHERE, config.listen_port, self._door(daemon, self._fence, config.pubkey), tls)
        self._ready = True
        self.log.say("serving", port=config.listen_port, highest_epoch=self._high_water.highest)

    async def stop(self) -> None:
        """Take no new connection, let every request under way have its answer, for STOP_SECONDS at most."""
        self._ready = False
        if self._wallet:
            self._wallet.cancel()
        for callers, listener in self._listeners[1:]:
            listener.close()
            callers.pre_shutdown()
        await asyncio.gather(*(callers.shutdown(STOP_SECONDS) for callers, _ in self._listeners[1:]))
        await self._confirming.close()
        for upstream in self._upstreams:
            await upstream.close()
        for callers, listener in self._listeners[:1]:  # health, to the end
            listener.close()
            await callers.shutdown(1)
        self.log.say("ended")

    @property
    def _patience(self) -> float:
        return self._config.limits.slow_client_seconds

    def _health(self, daemon: Upstream) -> Health:
        return Health(self._metrics, lambda: self._ready, daemon)

    def _door(self, upstream: Upstream, fence: Fence | None, pubkey: str = "") -> Callers:
        door = Door(self._config.limits, upstream, fence, self.log, self._metrics, pubkey)
        return Callers(door, patience=self._patience)

    def _beyond(self, link: GateRoute) -> Upstream:
        name = f"the gate of {link.chain} at {link.gate}"
        made = Upstream(f"https://{link.gate}/", name=name, authorization=None, tls=self._calling.context)
        self._upstreams.append(made)
        return made

    async def _listen(self, host: str, port: int, callers: Callers, tls: ssl.SSLContext | None = None) -> None:
        handshake = self._patience if tls else None
        try:
            listener = await asyncio.get_running_loop().create_server(
                callers, host, port, ssl=tls, ssl_handshake_timeout=handshake, backlog=1024
            )
        except OSError as error:
            raise GateError(f"port {port} of {host} can't be had: {error.strerror}") from None
        self._listeners.append((callers, listener))


async def serve(config: GateConfig, verifier: Verifier, stop: asyncio.Event, clock: Clock) -> None:
    """Serve until `stop` is set and the last answer is given. Raises GateError where it can't start."""
    gate = Gate(config, verifier, clock)
    try:
        await gate.start()
        await stop.wait()
    finally:
        await gate.stop()


def _authorization() -> str:
    try:
        pair = f"{os.environ['RPC_USERNAME']}:{os.environ['RPC_PASSWORD']}"
    except KeyError as error:
        raise GateError(f"the environment has no {error.args[0]}: the daemon's RPC needs it") from None
    return "Basic " + base64.b64encode(pair.encode()).decode()
