"""Configuration files of agents and gates, read with every mistake at once; secrets come from the environment."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar, cast

from pydantic import ConfigDict, TypeAdapter, ValidationError, with_config

from config.failover import (
    AgentConfig,
    ChainLimits,
    EnsembleAccess,
    FailoverTiming,
    GateConfig,
    GateLimits,
    GateRoute,
    HealthLimits,
    IguanaBus,
    IguanaCoin,
    KeeperConfig,
    SignerConfig,
    TlsFiles,
    servers_in,
)
from failover.lease import Timing

Config = TypeVar("Config", AgentConfig, GateConfig, KeeperConfig)

KINDS = ("iguana", "checkpoint-master")
STANDBYS = ("hot", "cold")
FOUND_LIMIT = 60
# The plain dataclasses know nothing of pydantic: what it shall not let pass is said once, here.
for _form in (
    *(EnsembleAccess, FailoverTiming, TlsFiles, GateLimits, GateRoute),
    *(SignerConfig, ChainLimits, HealthLimits, IguanaBus, IguanaCoin, AgentConfig, GateConfig, KeeperConfig),
):
    with_config(ConfigDict(extra="forbid"))(_form)


class SettingsError(Exception):
    """One line a mistake: where, what was found, what would be right."""


@dataclass(frozen=True, kw_only=True)
class RpcLogin:
    """A daemon's RPC user and password; neither is ever shown."""

    user: str = field(repr=False)
    password: str = field(repr=False)


def rpc_login() -> RpcLogin:
    """From RPC_USERNAME and RPC_PASSWORD; empty where the environment has none."""
    return RpcLogin(user=os.environ.get("RPC_USERNAME", ""), password=os.environ.get("RPC_PASSWORD", ""))


def load(path: Path, form: type[Config]) -> Config:
    """The file's configuration. Raises SettingsError with one line for each mistake."""
    try:
        text = path.read_bytes()
    except OSError as error:
        raise SettingsError(f"{path}: {error.strerror}; give the file with --config") from None
    try:
        config = TypeAdapter(form).validate_json(text)
    except ValidationError as error:
        raise SettingsError("\n".join(f"{path}: {line}" for line in _lines(error))) from None
    mistakes = _mistakes(config)
    if mistakes:
        raise SettingsError("\n".join(f"{path}: {line}" for line in mistakes))
    return config


def timing(config: AgentConfig | GateConfig) -> Timing:
    """The protocol's times in seconds."""
    given = config.timing
    return Timing(
        session_timeout=config.ensemble.session_timeout_ms / 1000,
        tick=given.tick_time_ms / 1000,
        heartbeat=given.heartbeat_ms / 1000,
        staleness=given.staleness_ms / 1000,
        grace=given.grace_ms / 1000,
        apart=given.apart_ms / 1000,
        fenced=not (isinstance(config, AgentConfig) and config.kind == "checkpoint-master"),
    )


def _lines(error: ValidationError) -> list[str]:
    found: list[str] = []
    for mistake in error.errors(include_url=False):
        where = ".".join(str(part) for part in mistake["loc"]) or "the file"
        shown = "" if mistake["type"] in ("missing", "json_invalid") else f", found {_short(mistake['input'])}"
        found.append(f"{where}: {mistake['msg']}{shown}")
    return found


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= FOUND_LIMIT else text[: FOUND_LIMIT - 1] + "…"


def _mistakes(config: AgentConfig | GateConfig | KeeperConfig) -> list[str]:
    """What the types alone let pass."""
    found: list[str] = []
    try:
        servers_in(config.ensemble.servers_file)
    except OSError as error:
        given = f"found {_short(config.ensemble.servers_file)}: {error.strerror}"
        found.append(f'ensemble.servers_file: {given}; expected a file of lines such as "zk-1.eu:2281"')
    if isinstance(config, KeeperConfig):
        return found
    found += _timing_mistakes(config)
    routes = config.routes if isinstance(config, AgentConfig) else config.links
    ports = [route.rpc_port for route in routes]
    name = "routes" if isinstance(config, AgentConfig) else "links"
    for index, route in enumerate(routes):
        if ports.index(route.rpc_port) != index:
            found.append(f"{name}.{index}.rpc_port: found {route.rpc_port} again, expected a port of its own")
        if not route.gate.rpartition(":")[2].isdecimal() or not route.gate.rpartition(":")[0]:
            found.append(
                f'{name}.{index}.gate: found {_short(route.gate)}, expected name:port such as "kmd.notary.svc:7443"'
            )
    return found + (_agent_mistakes(config) if isinstance(config, AgentConfig) else [])


def _timing_mistakes(config: AgentConfig | GateConfig) -> list[str]:
    found: list[str] = []
    for name, value in (*vars(config.timing).items(), ("session_timeout_ms", config.ensemble.session_timeout_ms)):
        if cast(int, value) <= 0:
            found.append(f"timing.{name}: found {value}, expected milliseconds above 0")
    times = timing(config)
    if times.grace <= times.staleness:
        found.append(
            f"timing.grace_ms: found {times.grace * 1000:.0f}, expected more than staleness_ms: the fence rests on it"
        )
    if times.session_timeout < times.shortest_session:
        needed = times.shortest_session * 1000
        found.append(
            f"ensemble.session_timeout_ms: found {times.session_timeout * 1000:.0f}, expected {needed:.0f} at least, "
            "or a lease could end before it is renewed"
        )
    return found


def _agent_mistakes(config: AgentConfig) -> list[str]:
    found: list[str] = []
    for name, value, allowed in (("kind", config.kind, KINDS), ("standby", config.standby, STANDBYS)):
        if value not in allowed:
            found.append(f"{name}: found {_short(value)}, expected one of {', '.join(allowed)}")
    if config.routes and config.gates is None:
        found.append("gates: found none, expected the PEM files for the gates that `routes` lead to")
    if config.kind == "iguana" and not config.routes:
        found.append("routes: found none, expected one for each chain that Iguana calls")
    # A daemon's command line holds its RPC's password: it comes with the agent's own, behind `--`.
    if config.kind != "checkpoint-master" and not (config.signer.command and config.signer.command[0]):
        found.append('signer.command: found none, expected a command such as ["iguana"]')
    if config.signer.stop_seconds <= 0:
        found.append(f"signer.stop_seconds: found {config.signer.stop_seconds}, expected seconds above 0")
    return found
