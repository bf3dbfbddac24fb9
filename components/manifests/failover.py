"""The configuration files of agents, gates and the ensemble's keeper, from the plan."""

from __future__ import annotations

from components.manifests.certificates import CLIENT_TLS, KEEPER, identity
from components.manifests.zookeeper_files import member
from config import pod_ports
from config.failover import AgentConfig, EnsembleAccess, GateConfig, GateRoute, KeeperConfig, to_json
from config.names import object_name
from config.plan import Daemon, Duty, FleetPlan, RegionPlan

# Less than the ten minutes that the engine waits for a Job.
KEEPER_SECONDS = 480


def agent_config(plan: FleetPlan, region: RegionPlan, duty: Duty) -> str:
    """The agent's file: its duty, and a loopback port for the RPC of each chain that Iguana calls."""
    daemons = region.daemons_of(duty) if duty.kind == "iguana" else ()
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
            keys_directory="/run/secrets/notary",
            routes=tuple(_route(plan, duty, daemon.chain.key, daemon.chain.rpc) for daemon in daemons),
            ensemble=ensemble_access(plan, "client"),
        )
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
            ensemble=ensemble_access(plan, "client"),
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
    """The servers' addresses, and where a pod finds its certificate."""
    stack = plan.loaded.stack
    return EnsembleAccess(
        hosts=tuple(f"{server.host}:{server.ports['client']}" for server in plan.servers),
        chroot=stack.ensemble.chroot,
        session_timeout_ms=stack.ensemble.session_timeout_ms,
        identity=identity(plan, common_name),
        authority_file=f"{CLIENT_TLS}/ca.crt",
        certificate_file=f"{CLIENT_TLS}/tls.crt",
        key_file=f"{CLIENT_TLS}/tls.key",
    )
