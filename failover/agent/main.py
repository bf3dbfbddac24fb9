"""Puts an agent together from its configuration and runs it until SIGTERM."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from config.failover import AgentConfig, GateRoute
from failover import deadline as deadlines
from failover import processes
from failover.agent import orphans
from failover.agent.forward import Forwarder
from failover.agent.importer import Importer, Target
from failover.agent.loop import Agent
from failover.agent.status import Status
from failover.clock import boottime
from failover.doppelganger import LastSigned, Lookout
from failover.gate.calls import Kind, MalformedError, parse
from failover.gates import READ_SECONDS
from failover.health import DaemonReading
from failover.imports import IMPORT_SECONDS
from failover.keys import notary_key
from failover.log import Log
from failover.model import duty_name
from failover.observers import PATIENT_SECONDS, Ask, DaemonObserver
from failover.roles.base import Role
from failover.roles.checkpoint import CheckpointMaster
from failover.roles.iguana import Iguana
from failover.selector.base import Selector
from failover.settings import SettingsError
from failover.signatures import Checkpoints, Notarisations
from failover.tls import Identity

KILL_SECONDS = 10.0

# Makes the selector in the loop that uses it, and says how to learn its session's id and password.
Connect = Callable[[AgentConfig], tuple[Selector, Callable[[], tuple[int, bytes]]]]


def signs(body: bytes) -> bool:
    """Whether a request needs the epoch; what nobody can be sure of does, and the gate says what is wrong with it."""
    try:
        return parse(body).kind is not Kind.READING
    except MalformedError:
        return True


def connect(config: AgentConfig) -> tuple[Selector, Callable[[], tuple[int, bytes]]]:
    """The real ensemble."""
    from failover.selector.zookeeper import ZooKeeperSelector

    selector = ZooKeeperSelector(config.ensemble, duty_name(config.notary, config.shard), config.region)
    return selector, selector.session


def main(config: AgentConfig, command: tuple[str, ...] = (), connect: Connect = connect) -> int:
    """Run until SIGTERM; 0 after an orderly end. `command` stands in for the file's, with what only a pod knows.

    Raises SettingsError, OSError for a port that is taken.
    """
    given = replace(config, signer=replace(config.signer, command=command)) if command else config
    if not given.signer.command:
        raise SettingsError("signer.command: found none, and none behind --; expected the daemon's command line")
    log = Log(who="agent", duty=duty_name(config.notary, config.shard), candidate=config.region)
    role = Iguana(given) if given.kind == "iguana" else CheckpointMaster(given)
    log.keep_secret(*role.secrets)
    _end_leftovers(Path(given.state_directory), log)
    asyncio.run(_run(given, role, log, connect))
    return 0


def _end_leftovers(directory: Path, log: Log) -> None:
    """Whatever an agent before this one has left; the watchdog has done it already, if there is one."""
    try:
        directory.mkdir(parents=True, exist_ok=True)
        told = deadlines.read(directory)
    except (OSError, ValueError) as error:
        raise SettingsError(f"state_directory: {error}") from None
    if told and told.signer and processes.members(told.signer):
        gone = processes.kill(told.signer, KILL_SECONDS, boottime)
        log.say("leftover signer killed", gone=gone)
        if not gone:
            raise SettingsError(f"{directory}: a signer of an earlier agent does not die; restart the node")


async def _run(config: AgentConfig, role: Role, log: Log, connect: Connect) -> None:
    try:
        selector, session = connect(config)
        identity = Identity(config.gates, server=False, log=log) if config.gates else None
    except OSError as error:
        raise SettingsError(f"certificates: {error.strerror or error}: {error.filename or 'unusable'}") from None
    forwarder = Forwarder(config, identity, lambda: agent.tenure, signs, boottime, lambda: agent.vitals.away)
    observers, lookout = _observers(config, role, forwarder), Lookout(_last_signed(config, role, forwarder))
    importers = _importers(config, forwarder, observers, log)

    async def observe() -> tuple[DaemonReading, ...]:
        if isinstance(role, CheckpointMaster) and not agent.signer.ready:
            return ()  # its daemon is the signer: how it is counts once it is up
        return tuple(await asyncio.gather(*(observer.read() for observer in observers)))

    agent = Agent(
        config,
        selector,
        role,
        observe=observe,
        lookout=lookout,
        session=session,
        log=log,
        clock=boottime,
        called_at=lambda: forwarder.called_at,
        beside=[importer.run for importer in importers],
    )
    try:
        await _serve(agent, forwarder, config, log)
    finally:
        for observer in observers:
            await observer.close()
        await role.close()
    log.say("ended")


async def _serve(agent: Agent, forwarder: Forwarder, config: AgentConfig, log: Log) -> None:
    """Until the agent has ended in order. Raises OSError for a port that is taken."""
    status = Status(agent, config.state_directory, boottime)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, agent.stop)
    orphans.adopt(lambda: agent.signer.process.pid)
    try:
        await forwarder.start()
        await status.start(config.health_port)
        log.say("started", kind=config.kind, priority=config.priority, standby=config.standby)
        await agent.run()
    finally:
        await status.close()
        await forwarder.close()


def _ask(forwarder: Forwarder, route: GateRoute, seconds: float = READ_SECONDS) -> Ask:
    def ask(method: str, *params: object) -> Coroutine[None, None, Any]:
        return forwarder.call(route, method, *params, seconds=seconds)

    return ask


def _observers(config: AgentConfig, role: Role, forwarder: Forwarder) -> list[DaemonObserver]:
    if isinstance(role, CheckpointMaster):
        return [DaemonObserver(config.shard, role.ask, volume=role.volume)]
    asks = {route.chain: _ask(forwarder, route, PATIENT_SECONDS) for route in config.routes}
    return [DaemonObserver(chain, ask, pubkey=config.pubkey) for chain, ask in asks.items()]


def _importers(
    config: AgentConfig, forwarder: Forwarder, observers: Sequence[DaemonObserver], log: Log
) -> list[Importer]:
    """None for a checkpoint master: the key in its daemon's wallet makes it sign. Raises SettingsError."""
    if config.kind != "iguana":
        return []
    key = notary_key(config)
    targets = [
        Target(chain=route.chain, observer=observer, ask=_ask(forwarder, route, IMPORT_SECONDS))
        for route, observer in zip(config.routes, observers, strict=True)
    ]
    return [Importer(targets, key, log)]


def _last_signed(config: AgentConfig, role: Role, forwarder: Forwarder) -> LastSigned:
    if isinstance(role, CheckpointMaster):
        return Checkpoints(role.checkpoint).last_signed
    # Every assetchain is notarised to KMD, so KMD's blocks show the signatures for all of them.
    route = next((route for route in config.routes if route.chain == "KMD"), config.routes[0])
    return Notarisations(_ask(forwarder, route), config.pubkey).last_signed
