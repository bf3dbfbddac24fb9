"""The configuration files of agents, gates and the ensemble's keeper, from the plan."""

from __future__ import annotations

from dataclasses import asdict

from components.manifests.certificates import CLIENT_TLS, GATE_TLS, KEEPER, SERVERS, identity
from components.manifests.zookeeper_files import member
from config import pod_ports
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
    to_json,
)
from config.names import object_name
from config.plan import Daemon, Duty, FleetPlan, RegionPlan
from config.programs import PROGRAMS

# Less than the ten minutes that the engine waits for a Job.
KEEPER_SECONDS = 480
KEYS = "/run/secrets/notary"
IGUANA, MASTER = (str(PROGRAMS[image].starts) for image in ("iguana", "checkpoint-master"))
STATE = "/tmp/agent"  # the pod's own, which the watchdog shares
# Iguana ends 2 s after SIGTERM [run]; a daemon has the grace of its pod.
IGUANA_STOP_SECONDS = 5
LIMITS = GateLimits(request_bytes=8 * 1024 * 1024, concurrency=64, slow_client_seconds=10)


def agent_config(plan: FleetPlan, region: RegionPlan, duty: Duty) -> str:
    """The agent's file: its duty, and a loopback port for the RPC of each chain that Iguana calls."""
    calls_gates = duty.kind == "iguana"
    daemons = region.daemons_of(duty) if calls_gates else ()
    return to_json(
        AgentConfig(
            kind=duty.kind,
            notary=duty.notary,
            shard=duty.shard,
            region=region.name,
            priority=duty.priority,
            standby=duty.standby,
            pubkey=duty.pubkey,
            bus_port=duty.bus_port,
            health_port=pod_ports.AGENT_HEALTH,
            state_directory=STATE,
            signer=signer_config(plan, region, duty),
            health=_health(plan, region, duty),
            routes=tuple(_route(plan, duty, daemon.chain.key, daemon.chain.rpc) for daemon in daemons),
            timing=timing(plan),
            ensemble=ensemble_access(plan, "client"),
            gates=tls_files(GATE_TLS) if calls_gates else None,
            bus=IguanaBus(address=duty.bus_address, notaries=duty.bus_notaries) if duty.bus_address else None,
            coins=tuple(
                IguanaCoin(chain=daemon.chain.key, p2p_port=daemon.chain.p2p, netmagic=daemon.chain.netmagic)
                for daemon in daemons
            ),
        )
    )


def _health(plan: FleetPlan, region: RegionPlan, duty: Duty) -> HealthLimits:
    """Limits by chain, as the agent names its daemons: a master's by its shard."""
    health = plan.loaded.stack.failover.health
    chains = [daemon.chain for daemon in region.daemons_of(duty)]
    return HealthLimits(
        **health.limits("", 0),
        settle_seconds=health.settle_seconds,
        chains=tuple(
            ChainLimits(
                chain=chain.key if duty.kind == "iguana" else duty.shard,
                **health.limits(chain.key, chain.block_seconds),
            )
            for chain in chains
        ),
    )


def signer_config(plan: FleetPlan, region: RegionPlan, duty: Duty) -> SignerConfig:
    """What the agent starts. A daemon's command line is that of its container, behind the agent's own."""
    notaries, api = pod_ports.iguana(duty.bus_port)
    chain = None if duty.kind == "iguana" else region.daemons_of(duty)[0].chain
    return SignerConfig(
        command=() if chain else (IGUANA, notaries),
        api_port=chain.rpc if chain else api,
        keys_directory=KEYS,
        stop_seconds=chain.stop_grace_seconds - 10 if chain else IGUANA_STOP_SECONDS,
        drain_seconds=plan.loaded.stack.failover.drain_seconds,
    )


def timing(plan: FleetPlan) -> FailoverTiming:
    """The same for every agent and every gate."""
    stack = plan.loaded.stack
    return FailoverTiming(
        tick_time_ms=stack.ensemble.tick_time_ms,
        heartbeat_ms=stack.failover.heartbeat_ms,
        staleness_ms=stack.failover.staleness_ms,
        grace_ms=stack.failover.grace_ms,
        apart_ms=stack.failover.apart_ms(stack.ensemble.session_timeout_ms),
    )


def gate_config(plan: FleetPlan, daemon: Daemon) -> str:
    """The gate's file. A daemon that asks another chain's daemon asks at 127.0.0.1: the gate leads it there."""
    anchor = daemon.notarised_to
    links = (_route(plan, daemon.duty, anchor.key, anchor.rpc),) if anchor else ()
    return to_json(
        GateConfig(
            notary=daemon.duty.notary,
            shard=daemon.duty.shard,
            chain=daemon.chain.key,
            rpc_port=daemon.chain.rpc,
            listen_port=pod_ports.GATE,
            health_port=pod_ports.GATE_HEALTH,
            state_directory="/var/lib/gate",
            links=links,
            limits=LIMITS,
            timing=timing(plan),
            ensemble=ensemble_access(plan, "client"),
            tls=tls_files(GATE_TLS),
            pubkey=daemon.duty.pubkey,
            wallet=not daemon.chain.makes_wallet,
        )
    )


def _route(plan: FleetPlan, duty: Duty, chain: str, rpc_port: int) -> GateRoute:
    service = object_name(duty.notary, duty.shard, chain)
    return GateRoute(
        chain=chain, rpc_port=rpc_port, gate=f"{service}.{plan.loaded.stack.namespace}.svc:{pod_ports.GATE}"
    )


def keeper_config(plan: FleetPlan) -> str:
    """The keeper's file: who is to be a member."""
    members = tuple(member(server) for server in plan.servers)
    access = ensemble_access(plan, KEEPER)
    return to_json(KeeperConfig(members=members, deadline_seconds=KEEPER_SECONDS, ensemble=access))


def ensemble_access(plan: FleetPlan, common_name: str) -> EnsembleAccess:
    """Where a pod finds the servers' addresses and its certificate."""
    stack = plan.loaded.stack
    return EnsembleAccess(
        servers_file=f"{CLIENT_TLS}/{SERVERS}",
        chroot=stack.ensemble.chroot,
        session_timeout_ms=stack.ensemble.session_timeout_ms,
        identity=identity(plan, common_name),
        **asdict(tls_files(CLIENT_TLS)),
    )


def tls_files(folder: str) -> TlsFiles:
    """The files of a mounted Secret."""
    return TlsFiles(
        authority_file=f"{folder}/ca.crt", certificate_file=f"{folder}/tls.crt", key_file=f"{folder}/tls.key"
    )
