"""What runs beside a signer and a daemon reads its configuration in these forms: one typed source for both sides."""

from __future__ import annotations

import errno
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class EnsembleAccess:
    """How the ensemble is reached, with whose certificate. Times are milliseconds.

    `servers_file` has a server a line, `name:port`, and is read anew at each connect: servers come and go without a
    restart of their clients. `identity` is the client's own in ZooKeeper's x509 scheme: what it creates is to belong
    to it alone.
    """

    servers_file: str
    chroot: str
    session_timeout_ms: int
    identity: str
    authority_file: str
    certificate_file: str
    key_file: str


@dataclass(frozen=True, kw_only=True)
class FailoverTiming:
    """Milliseconds; one set for all agents and gates of a fleet, for the proof needs one.

    A gate forwards a signing call for `staleness_ms` after it sent its last good confirmation; a new holder waits
    `grace_ms`, which is longer, after an unclean end: from its claim, or from the doubt that this ended, but `apart_ms`
    from its claim in any case. `heartbeat_ms`: how often a holder confirms its claim.
    """

    tick_time_ms: int
    heartbeat_ms: int
    staleness_ms: int
    grace_ms: int
    apart_ms: int


@dataclass(frozen=True, kw_only=True)
class TlsFiles:
    """PEM files of one side of a connection: whom it trusts, and what it shows."""

    authority_file: str
    certificate_file: str
    key_file: str


@dataclass(frozen=True, kw_only=True)
class GateLimits:
    """What a gate lets in: bytes of a request, calls under way at once, seconds that a client may take to send one."""

    request_bytes: int
    concurrency: int
    slow_client_seconds: int


@dataclass(frozen=True, kw_only=True)
class GateRoute:
    """A chain's RPC as Iguana sees it, a port of the pod's loopback, and the gate that it leads to."""

    chain: str
    rpc_port: int
    gate: str


@dataclass(frozen=True, kw_only=True)
class IguanaCoin:
    """A chain's peer-to-peer network, for Iguana's `addcoin`: its port, and its magic as on the wire, in hex."""

    chain: str
    p2p_port: int
    netmagic: str


@dataclass(frozen=True, kw_only=True)
class IguanaBus:
    """Iguana's bus: the IPv4 address at which other notaries reach it, and those that it calls first."""

    address: str
    notaries: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class SignerConfig:
    """The process that signs. `command` starts it; `api_port` is Iguana's API, or the RPC of a master's daemon.

    `keys_directory` holds one file a secret: Iguana's `passphrase`, a master's `wif`. `stop_seconds` is how long it may
    take to end by itself; `drain_seconds` how long its last calls, and the round that it is in, are waited for.
    """

    command: tuple[str, ...]
    api_port: int
    keys_directory: str
    stop_seconds: int
    drain_seconds: int


@dataclass(frozen=True, kw_only=True)
class ChainLimits:
    """From where on something is wrong with a chain or its daemon. Blocks, seconds of the last block's age, outputs."""

    chain: str
    least_peers: int
    most_blocks_behind: int
    oldest_block_seconds: int
    least_utxos: int


@dataclass(frozen=True, kw_only=True)
class HealthLimits:
    """The limits of every chain that `chains` does not name; nothing of its own got worse for `settle_seconds`, and a

    candidate may take over from one of a worse priority.
    """

    least_peers: int
    most_blocks_behind: int
    oldest_block_seconds: int
    least_utxos: int
    settle_seconds: int
    chains: tuple[ChainLimits, ...] = ()

    def of(self, chain: str) -> ChainLimits:
        """One chain's."""
        own = next((limits for limits in self.chains if limits.chain == chain), None)
        return own or ChainLimits(
            chain=chain,
            least_peers=self.least_peers,
            most_blocks_behind=self.most_blocks_behind,
            oldest_block_seconds=self.oldest_block_seconds,
            least_utxos=self.least_utxos,
        )


@dataclass(frozen=True, kw_only=True)
class AgentConfig:
    """One candidate's agent; its name among the candidates is the region's.

    `state_directory` is shared with the watchdog. `routes` are the loopback ports that it offers to the signer. `bus`
    and `coins` are Iguana's alone; without a `bus` it joins none, and without a coin's entry it takes its own values.
    """

    kind: str
    notary: str
    shard: str
    region: str
    priority: int
    standby: str
    pubkey: str
    bus_port: int | None
    health_port: int
    state_directory: str
    signer: SignerConfig
    health: HealthLimits
    routes: tuple[GateRoute, ...]
    timing: FailoverTiming
    ensemble: EnsembleAccess
    gates: TlsFiles | None
    bus: IguanaBus | None = None
    coins: tuple[IguanaCoin, ...] = ()


@dataclass(frozen=True, kw_only=True)
class GateConfig:
    """One daemon's gate. `links` are other chains' RPC ports that the daemon expects on its loopback.

    The RPC's user and password come from the environment: RPC_USERNAME, RPC_PASSWORD. `pubkey`, 33 bytes in hex, is the
    duty's own: its key may be imported without an epoch. `wallet`: the daemon makes no wallet by itself (litecoind and
    bitcoind from 0.21 on), so the gate makes the one named "".
    """

    notary: str
    shard: str
    chain: str
    rpc_port: int
    listen_port: int
    health_port: int
    state_directory: str
    links: tuple[GateRoute, ...]
    limits: GateLimits
    timing: FailoverTiming
    ensemble: EnsembleAccess
    tls: TlsFiles
    pubkey: str = ""
    wallet: bool = False


@dataclass(frozen=True, kw_only=True)
class KeeperConfig:
    """The members that the ensemble is to have, a line each as ZooKeeper writes them, and how long it may take."""

    members: tuple[str, ...]
    deadline_seconds: int
    ensemble: EnsembleAccess


def to_lines(servers: Iterable[str]) -> str:
    """What a servers' file holds: each `name:port` on a line."""
    return "".join(f"{server}\n" for server in servers)


def servers_in(file: str) -> dict[str, str]:
    """Each server's `name:port` by its name, as the file has them now. OSError for a file of no use."""
    servers = {line.rpartition(":")[0]: line for line in Path(file).read_text().split()}
    if not servers or any(not name or not at.rpartition(":")[2].isdecimal() for name, at in servers.items()):
        raise OSError(errno.EINVAL, "it names no server, or one without a port", file)
    return servers


def to_json(config: AgentConfig | GateConfig | KeeperConfig) -> str:
    """The file that the component mounts: keys in order, so that equal configuration is equal bytes."""
    return json.dumps(asdict(config), indent=2, sort_keys=True) + "\n"
