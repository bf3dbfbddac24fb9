"""A chain daemon: configuration, Service and set, with its gate or, for a checkpoint master, its agent."""

from __future__ import annotations

import json
from collections.abc import Iterator

from components.manifests.certificates import CLIENT_MOUNT, GATES_SECRET, client_volume, gate_volume
from components.manifests.failover import agent_config, gate_config
from components.manifests.pods import (
    CHAIN,
    Manifest,
    Named,
    config_map,
    container_security,
    http_probe,
    labels,
    metadata,
    placement,
    pod_spec,
    resources,
    selector,
    stateful_set,
    volume_claim,
)
from components.manifests.sidecars import gate, keys_volume, rpc_environment, watchdog
from config import pod_ports
from config.names import content_name
from config.plan import Daemon, FleetPlan, RegionPlan

HOME = "/home/notary"
DATA = "/data"
CONF = "/etc/chain/chain.conf"
# Readiness and liveness mean "RPC answers", never "synced": a chain syncs for days, and the engine waits ten minutes.
LIVES, ANSWERS = "/chain/lives", "/chain/answers"


def conf(daemon: Daemon) -> str:
    """The daemon's conf file. RPC listens on the pod's loopback alone: the gate beside it is the way in."""
    chain = daemon.chain
    lines = [
        "server=1",
        "printtoconsole=1",
        f"port={chain.p2p}",
        f"rpcport={chain.rpc}",
        "rpcbind=127.0.0.1",
        "rpcallowip=127.0.0.1",
        "txindex=1",
        *(f"addnode={peer}" for peer in chain.addnodes),
    ]
    return "\n".join(lines) + "\n"


def anchor_conf(daemon: Daemon) -> str:
    """How komodod finds the chain it is notarised to: always at 127.0.0.1, where the gate forwards it.

    komodod reads user and password here too; the gate asks nobody on the pod's own loopback for them.
    """
    port = daemon.notarised_to.rpc if daemon.notarised_to else 0
    return f"rpcuser=loopback\nrpcpassword=loopback\nrpcport={port}\n"


def flags(daemon: Daemon) -> tuple[str, ...]:
    """The daemon's command line. Kubernetes puts the RPC's user and password in from the Secret."""
    own = [*daemon.chain.flags, f"-pubkey={daemon.duty.pubkey}"] if daemon.chain.takes_pubkey else daemon.chain.flags
    anchor = daemon.notarised_to
    notary = [f"-notary=.{anchor_name(anchor.key)}/{anchor_name(anchor.key)}.conf"] if anchor else []
    ours = [f"-datadir={DATA}", f"-conf={CONF}", "-rpcuser=$(RPC_USERNAME)", "-rpcpassword=$(RPC_PASSWORD)"]
    # Kubernetes expands $(NAME) in arguments; a value from a registry must arrive as it is written.
    return (*(flag.replace("$", "$$") for flag in [*own, *notary]), *ours)


def anchor_name(chain: str) -> str:
    """The folder and conf name of the coin that KMD is notarised to."""
    return {"LTC": "litecoin", "BTC": "bitcoin"}[chain]


def objects(plan: FleetPlan, region: RegionPlan, daemon: Daemon) -> Iterator[Named]:
    """ConfigMap, Service and StatefulSet of one daemon."""
    namespace, name = plan.loaded.stack.namespace, daemon.name
    labelled = labels("chain", name, daemon.duty, daemon.chain.key)
    files = {"chain.conf": conf(daemon), "failover.json": failover_json(plan, region, daemon)}
    if daemon.notarised_to:
        files["anchor.conf"] = anchor_conf(daemon)
    config = config_map(namespace, content_name(name, json.dumps(files, sort_keys=True)), labelled, files)
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": metadata(namespace, name, labelled),
        "spec": {
            "clusterIP": "None",
            "selector": selector("chain", name),
            # The gate answers, with the reason, while its daemon does not.
            "publishNotReadyAddresses": True,
            "ports": [{"name": "gate", "port": pod_ports.GATE, "targetPort": "gate"}],
        },
    }
    pod = _pod(plan, region, daemon, str(config["metadata"]["name"]))
    logical = f"{region.name}-{name}"
    yield f"{logical}-config", config
    yield logical, service
    yield logical, stateful_set(namespace, name, labelled, name, pod)


def failover_json(plan: FleetPlan, region: RegionPlan, daemon: Daemon) -> str:
    """The configuration of what runs beside the daemon: the gate, or the agent of a checkpoint master."""
    masters = daemon.duty.kind == "checkpoint-master"
    return agent_config(plan, region, daemon.duty) if masters else gate_config(plan, daemon)


def _pod(plan: FleetPlan, region: RegionPlan, daemon: Daemon, config: str) -> Manifest:
    masters = daemon.duty.kind == "checkpoint-master"
    health = pod_ports.AGENT_HEALTH if masters else pod_ports.GATE_HEALTH
    volumes: list[Manifest] = [
        {"name": "config", "configMap": {"name": config}},
        {"name": "home", "emptyDir": {}},
        {"name": "tmp", "emptyDir": {}},
        client_volume(),
    ]
    volumes.append(keys_volume(plan, daemon.duty) if masters else gate_volume(GATES_SECRET))
    claimed = {"app.kubernetes.io/instance": daemon.name, CHAIN: daemon.chain.key}
    spec = pod_spec(
        region,
        daemon.chain.stop_grace_seconds,
        initContainers=[watchdog(daemon.duty)] if masters else [gate(plan)],
        containers=[_daemon(plan, daemon, health)],
        volumes=volumes,
        **placement("chain", daemon.duty),
        **({"shareProcessNamespace": True} if masters else {}),
    )
    claim = volume_claim("data", claimed, daemon.size.storage, region.storage_class(daemon.size.storage))
    return {**spec, "volumeClaimTemplates": [claim]}


def _daemon(plan: FleetPlan, daemon: Daemon, health: int) -> Manifest:
    masters = daemon.duty.kind == "checkpoint-master"
    mounts = [
        {"name": "data", "mountPath": DATA, "subPath": "chain"},
        {"name": "config", "mountPath": CONF, "subPath": "chain.conf", "readOnly": True},
        {"name": "home", "mountPath": HOME},
        {"name": "tmp", "mountPath": "/tmp"},
    ]
    if anchor := daemon.notarised_to:
        path = f"{HOME}/.{anchor_name(anchor.key)}/{anchor_name(anchor.key)}.conf"
        mounts.append({"name": "config", "mountPath": path, "subPath": "anchor.conf", "readOnly": True})
    if masters:
        mounts.append({"name": "config", "mountPath": "/etc/agent/agent.json", "subPath": "failover.json"})
        mounts.append({"name": "keys", "mountPath": "/run/secrets/notary", "readOnly": True})
        mounts.append(CLIENT_MOUNT)
    agent = ["agent", "--config", "/etc/agent/agent.json", "--", "komodod"] if masters else []
    return {
        "name": "daemon",
        "image": daemon.build.image,
        "args": [*agent, *flags(daemon)],
        "env": [{"name": "HOME", "value": HOME}, *rpc_environment(plan)],
        "ports": [{"name": "p2p", "containerPort": daemon.chain.p2p}],
        "resources": resources(daemon.size.cpu, daemon.size.memory),
        "securityContext": container_security(),
        "volumeMounts": mounts,
        # A daemon may read its index for hours, in which it says so and answers nothing else; and it may be busy for
        # minutes after a reorganisation.
        "startupProbe": http_probe(LIVES, health, period=10, failures=360),
        "readinessProbe": http_probe(ANSWERS, health, period=10, failures=3),
        "livenessProbe": http_probe(LIVES, health, period=30, failures=20),
    }
