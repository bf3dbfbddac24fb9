"""What runs beside a signer and a daemon reads its configuration in these forms: one typed source for both sides."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass


@dataclass(frozen=True, kw_only=True)
class EnsembleAccess:
    """How the ensemble is reached, with whose certificate. `hosts` are `name:port`; times are milliseconds.

    `identity` is the client's own in ZooKeeper's x509 scheme: what it creates is to belong to it alone.
    """

    hosts: tuple[str, ...]
    chroot: str
    session_timeout_ms: int
    identity: str
    authority_file: str
    certificate_file: str
    key_file: str


@dataclass(frozen=True, kw_only=True)
class GateRoute:
    """A chain's RPC as Iguana sees it, a port of the pod's loopback, and the gate that it leads to."""

    chain: str
    rpc_port: int
    gate: str


@dataclass(frozen=True, kw_only=True)
class AgentConfig:
    """One candidate's agent."""

    kind: str
    notary: str
    shard: str
    region: str
    priority: int
    standby: str
    pubkey: str
    bus_port: int | None
    health_port: int
    keys_directory: str
    routes: tuple[GateRoute, ...]
    ensemble: EnsembleAccess


@dataclass(frozen=True, kw_only=True)
class GateConfig:
    """One daemon's gate. `links` are other chains' RPC ports that the daemon expects on its loopback."""

    notary: str
    shard: str
    chain: str
    rpc_port: int
    listen_port: int
    health_port: int
    state_directory: str
    links: tuple[GateRoute, ...]
    ensemble: EnsembleAccess


@dataclass(frozen=True, kw_only=True)
class KeeperConfig:
    """The members that the ensemble is to have, a line each as ZooKeeper writes them, and how long it may take."""

    members: tuple[str, ...]
    deadline_seconds: int
    ensemble: EnsembleAccess


def to_json(config: AgentConfig | GateConfig | KeeperConfig) -> str:
    """The file that the component mounts: keys in order, so that equal configuration is equal bytes."""
    return json.dumps(asdict(config), indent=2, sort_keys=True) + "\n"
