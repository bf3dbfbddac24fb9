"""What a stack comes down to, region by region: servers, daemons and signers. Pure: no resource is made here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from config import pod_ports
from config.aws.storage import class_for
from config.chains import Chain
from config.load import LoadedStack
from config.names import object_name
from config.networks import RegionNetwork, allot
from config.notary import CheckpointDuty, IguanaCandidate, IguanaDuty, IguanaNotary, Notary, SecretSource, chains_of
from config.region import EksRegion, ExistingRegion, Ranges, Region
from config.release import DaemonBuild
from config.stack import ChainSize

# On node ports each server has its own, of a cluster's 30000 to 32767: 30010, 30011 and 30012 for server 1.
NODE_PORTS = 30_000


@dataclass(frozen=True, kw_only=True)
class Server:
    """One ZooKeeper server; `number` is its id in the whole ensemble."""

    region: str
    number: int
    host: str
    role: str
    node_ports: bool = False  # others reach it at its nodes' ports

    @property
    def ports(self) -> dict[str, int]:
        """Where others reach it. A server listens for servers at the very ports that it tells them."""
        if self.node_ports:
            base = NODE_PORTS + 10 * self.number
            return {"client": base, "peer": base + 1, "election": base + 2}
        peers = {"peer": pod_ports.ZOOKEEPER_PEER, "election": pod_ports.ZOOKEEPER_ELECTION}
        return {"client": pod_ports.ZOOKEEPER_CLIENT, **peers}

    @property
    def listening(self) -> dict[str, int]:
        """Its ports in its pod."""
        return {**self.ports, "client": pod_ports.ZOOKEEPER_CLIENT}

    @property
    def name(self) -> str:
        return f"zookeeper-{self.number}"

    @property
    def votes(self) -> bool:
        return self.role != "observer"


@dataclass(frozen=True, kw_only=True)
class Duty:
    """One candidate's side of a duty: what its signer and its daemons in one region share."""

    region: str
    notary: str
    shard: str
    kind: str
    pubkey: str
    keys: SecretSource
    priority: int
    standby: str
    bus_port: int | None
    bus_address: str | None
    bus_notaries: tuple[str, ...]
    shards_apart: bool
    signer: DaemonBuild

    @property
    def name(self) -> str:
        return object_name(self.notary, self.shard, limit=40)


@dataclass(frozen=True, kw_only=True)
class Daemon:
    """One node of a chain, for one duty in one region."""

    duty: Duty
    chain: Chain
    build: DaemonBuild
    size: ChainSize
    notarised_to: Chain | None  # where KMD is notarised, when the duty has that chain too

    @property
    def name(self) -> str:
        return object_name(self.duty.notary, self.duty.shard, self.chain.key)


@dataclass(frozen=True, kw_only=True)
class Made:
    """A region that the program makes: what was configured, and its addresses."""

    region: EksRegion
    network: RegionNetwork


@dataclass(frozen=True, kw_only=True)
class RegionPlan:
    """Everything that runs in one region. `network` is what the program gives a region on AWS."""

    name: str
    region: ExistingRegion | EksRegion
    network: RegionNetwork | None = None
    servers: tuple[Server, ...]
    duties: tuple[Duty, ...]
    daemons: tuple[Daemon, ...]

    @property
    def made(self) -> Made:
        """The region as the program makes it on AWS. Raises TypeError for a cluster that exists."""
        if not isinstance(self.region, EksRegion) or self.network is None:
            raise TypeError(f"the region {self.name} exists already")
        return Made(region=self.region, network=self.network)

    @property
    def ranges(self) -> Ranges:
        """The addresses of its pods and services. On AWS a pod's traffic leaves with an address of the VPC."""
        if isinstance(self.region, ExistingRegion):
            return self.region.ranges
        network = self.made.network
        return Ranges(pods=network.vpc, services=network.services)

    def storage_class(self, size: str = "1Gi") -> str | None:
        """The class of a chain's volume of this size; None for the cluster's default. The ensemble's stays the same,

        however its volumes grow: its claims are objects of their own, which another class would replace.
        """
        return self.region.storage_class if isinstance(self.region, ExistingRegion) else class_for(size)

    def daemons_of(self, duty: Duty) -> tuple[Daemon, ...]:
        return tuple(daemon for daemon in self.daemons if daemon.duty is duty)


@dataclass(frozen=True, kw_only=True)
class FleetPlan:
    """The whole fleet. Regions are in order of their names."""

    loaded: LoadedStack
    regions: Mapping[str, RegionPlan]

    @property
    def servers(self) -> tuple[Server, ...]:
        found = [server for region in self.regions.values() for server in region.servers]
        return tuple(sorted(found, key=lambda server: server.number))

    @property
    def voters(self) -> tuple[Server, ...]:
        return tuple(server for server in self.servers if server.votes)

    @property
    def rpc_secret(self) -> str:
        """The Kubernetes Secret with the daemons' RPC user and password, in every region."""
        return self.loaded.stack.rpc.secret_name or "fleet-rpc"

    def keys_secret(self, duty: Duty) -> str:
        """The Kubernetes Secret with a duty's keys."""
        return duty.keys.secret_name or f"{duty.name}-keys"


def plan_fleet(loaded: LoadedStack) -> FleetPlan:
    """Derive the plan of a valid stack. A region's part depends on the others only through the ensemble's servers."""
    servers = _servers(loaded)
    regions = {
        name: _region(name, region, loaded, tuple(server for server in servers if server.region == name))
        for name, region in sorted(loaded.stack.regions.items())
    }
    return FleetPlan(loaded=loaded, regions=regions)


def _servers(loaded: LoadedStack) -> tuple[Server, ...]:
    servers = [
        Server(
            region=name,
            number=number,
            host=host,
            role=region.ensemble.role,
            node_ports=region.ensemble.service == "NodePort",
        )
        for name, region in loaded.stack.regions.items()
        if region.ensemble
        for number, host in region.ensemble.servers.items()
    ]
    return tuple(sorted(servers, key=lambda server: server.number))


def _region(name: str, region: Region, loaded: LoadedStack, servers: tuple[Server, ...]) -> RegionPlan:
    duties: list[Duty] = []
    daemons: list[Daemon] = []
    for notary_name, notary in sorted(loaded.stack.notaries.items()):
        for shard, configured in sorted(notary.duties.items()):
            if name not in configured.candidates:
                continue
            duty = _duty(name, notary_name, notary, shard, loaded)
            duties.append(duty)
            daemons += [_daemon(duty, key, chains_of(configured), loaded) for key in chains_of(configured)]
    cloud = loaded.stack.aws
    network = allot(cloud.prefix, region.slot) if isinstance(region, EksRegion) and cloud else None
    return RegionPlan(
        name=name, region=region, network=network, servers=servers, duties=tuple(duties), daemons=tuple(daemons)
    )


def _duty(region: str, notary_name: str, notary: Notary, shard: str, loaded: LoadedStack) -> Duty:
    configured = notary.duties[shard]
    candidate = configured.candidates[region]
    return Duty(
        region=region,
        notary=notary_name,
        shard=shard,
        kind=notary.kind,
        pubkey=configured.pubkey,
        keys=configured.keys,
        priority=candidate.priority,
        standby=candidate.standby,
        bus_port=configured.bus_port if isinstance(configured, IguanaDuty) else None,
        bus_address=candidate.bus_address if isinstance(candidate, IguanaCandidate) else None,
        bus_notaries=configured.bus_notaries if isinstance(configured, IguanaDuty) else (),
        shards_apart=isinstance(notary, IguanaNotary) and notary.shards_apart and len(notary.duties) > 1,
        signer=_signer(configured, loaded),
    )


def _signer(configured: IguanaDuty | CheckpointDuty, loaded: LoadedStack) -> DaemonBuild:
    """The build that has the agent and what it starts: Iguana, or the daemon of the master's own chain."""
    if isinstance(configured, IguanaDuty):
        return loaded.release.signers["iguana"]
    return loaded.release.master_with(loaded.daemon_for(configured.chain))


def _daemon(duty: Duty, key: str, siblings: tuple[str, ...], loaded: LoadedStack) -> Daemon:
    chain = loaded.chains[key]
    anchor = next((loaded.chains[coin] for coin in ("LTC", "BTC") if coin in siblings), None)
    return Daemon(
        duty=duty,
        chain=chain,
        # A master's daemon is started by its agent, which is in an image of both.
        build=duty.signer if duty.kind == "checkpoint-master" else loaded.release.daemons[loaded.daemon_for(key)],
        size=loaded.stack.sizes.get(key, ChainSize()),
        notarised_to=anchor if key == "KMD" else None,
    )
