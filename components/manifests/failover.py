"""The configuration files of agents and gates, from the plan."""

from __future__ import annotations

from config import pod_ports
from config.failover import AgentConfig, EnsembleAccess, GateConfig, GateRoute, to_json
from config.names import object_name
from config.plan import Daemon, Duty, FleetPlan, RegionPlan


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
            ensemble=_ensemble(plan),
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
            ensemble=_ensemble(plan),
        )
    )


def _route(plan: FleetPlan, duty: Duty, chain: str, rpc_port: int) -> GateRoute:
    service = object_name(duty.notary, duty.shard, chain)
    return GateRoute(
        chain=chain, rpc_port=rpc_port, gate=f"{service}.{plan.loaded.stack.namespace}.svc:{pod_ports.GATE}"
    )


def _ensemble(plan: FleetPlan) -> EnsembleAccess:
    stack = plan.loaded.stack
    return EnsembleAccess(
        hosts=tuple(f"{server.host}:{pod_ports.ZOOKEEPER_CLIENT}" for server in plan.servers),
        chroot=stack.ensemble.chroot,
        session_timeout_ms=stack.ensemble.session_timeout_ms,
    )
