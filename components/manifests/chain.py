"""A chain daemon: configuration, Service and set, with its gate or, for a checkpoint master, its agent."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from components.manifests.certificates import CLIENT_MOUNT, GATES_SECRET, client_volume, gate_volume
from components.manifests.failover import MASTER, agent_config, gate_config
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
from components.manifests.sidecars import (
    CONF_FOLDER,
    conf_volume,
    conf_writer,
    gate,
    keys_volume,
    rpc_environment,
    watchdog,
)
from config import pod_ports
from config.chains import Chain
from config.coins import COINS
from config.names import content_name
from config.plan import Daemon, FleetPlan, RegionPlan

HOME = "/home/notary"
DATA = "/data"
CONF = f"{CONF_FOLDER}/chain.conf"
# What waits for the daemon's threads: more than a gate lets in at once. 256 is what komodod writes into a conf of its
# own (GLEECBTC/komodo-daemon 558a174, `src/komodo_utils.cpp`); with 16, the default, it refuses calls of a busy round.
RPC_QUEUE, RPC_THREADS = 256, 16
# Alive is a process that is there, ready one that answers; neither means "synced": a chain syncs for days.
LIVES, ANSWERS = "/chain/lives", "/chain/answers"


def conf(daemon: Daemon) -> str:
    """The daemon's conf file but for the RPC's login, which an init container puts in (`failover/conf.py`).

    RPC listens on the pod's loopback alone: the gate beside it is the way in.
    """
    chain = daemon.chain
    lines = [
        "server=1",
        "printtoconsole=1",
        f"port={chain.p2p}",
        f"rpcport={chain.rpc}",
        "rpcbind=127.0.0.1",
        "rpcallowip=127.0.0.1",
        f"rpcworkqueue={RPC_QUEUE}",
        f"rpcthreads={RPC_THREADS}",
        "txindex=1",
        *(f"addnode={peer}" for peer in chain.addnodes),
    ]
    return "\n".join(lines) + "\n"


def files_read(daemon: Daemon) -> Mapping[str, str]:
    """What komodod reads beside its conf, by path: how it would reach the RPC of KMD and of the coin behind it.

    KMD's daemon reads `komodo.conf` in its data directory, which it needs for nothing but says that it misses, and
    below the home folder what `-notary` names, to look each notarisation up on that chain: there it finds the gate's
    link, always at 127.0.0.1, which asks nobody for user and password (GLEECBTC/komodo-daemon 558a174,
    `set_kmd_user_password_port` in `src/komodo_utils.cpp`). An assetchain's would read `komodo.conf` beside its data
    directory, and there is none: docs/adr/0035 says why.
    """
    if daemon.chain.key != "KMD":
        return {}
    anchor = daemon.notarised_to
    read = {f"{DATA}/komodo.conf": daemon.chain.rpc}
    if anchor:
        read[f"{HOME}/{_anchor_path(anchor)}"] = anchor.rpc
    return {path: f"rpcuser=loopback\nrpcpassword=loopback\nrpcport={port}\n" for path, port in read.items()}


def flags(daemon: Daemon) -> tuple[str, ...]:
    """The daemon's command line: options alone, since komodod ends at a bare word, and no secret, as `ps` shows it."""
    own = [*daemon.chain.flags, f"-pubkey={daemon.duty.pubkey}"] if daemon.chain.takes_pubkey else daemon.chain.flags
    anchor = daemon.notarised_to
    notary = [f"-notary={_anchor_path(anchor)}"] if anchor else []
    ours = [f"-datadir={DATA}", f"-conf={CONF}"]
    # Kubernetes expands $(NAME) in arguments; a value from a registry must arrive as it is written.
    return (*(flag.replace("$", "$$") for flag in [*own, *notary]), *ours)


def _anchor_path(anchor: Chain) -> str:
    """Where below the home folder komodod finds the conf of the coin that KMD is notarised to."""
    return next(coin.conf for coin in COINS if coin.key == anchor.key)


def objects(plan: FleetPlan, region: RegionPlan, daemon: Daemon) -> Iterator[Named]:
    """ConfigMap, Service and StatefulSet of one daemon."""
    namespace, name = plan.loaded.stack.namespace, daemon.name
    labelled = labels("chain", name, daemon.duty, daemon.chain.key)
    files = {"chain.conf": conf(daemon), "failover.json": failover_json(plan, region, daemon)}
    files |= {path.rpartition("/")[2]: text for path, text in files_read(daemon).items()}
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
        conf_volume(),
        client_volume(),
    ]
    volumes.append(keys_volume(plan, daemon.duty) if masters else gate_volume(GATES_SECRET))
    claimed = {"app.kubernetes.io/instance": daemon.name, CHAIN: daemon.chain.key}
    spec = pod_spec(
        region,
        daemon.chain.stop_grace_seconds,
        initContainers=[conf_writer(plan, daemon.duty), watchdog(daemon.duty) if masters else gate(plan)],
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
        {"name": "conf", "mountPath": CONF_FOLDER, "readOnly": True},
        {"name": "home", "mountPath": HOME},
        {"name": "tmp", "mountPath": "/tmp"},
    ]
    for path in files_read(daemon):
        mounts.append({"name": "config", "mountPath": path, "subPath": path.rpartition("/")[2], "readOnly": True})
    if masters:
        mounts.append({"name": "config", "mountPath": "/etc/agent/agent.json", "subPath": "failover.json"})
        mounts.append({"name": "keys", "mountPath": "/run/secrets/notary", "readOnly": True})
        mounts.append(CLIENT_MOUNT)
    agent = ["agent", "--config", "/etc/agent/agent.json", "--", MASTER] if masters else []
    return {
        "name": "daemon",
        "image": daemon.build.image,
        "args": [*agent, *flags(daemon)],
        # The agent of a master calls the daemon, as a gate does; no daemon takes its login from here.
        "env": [{"name": "HOME", "value": HOME}, *(rpc_environment(plan) if masters else ())],
        "ports": [{"name": "p2p", "containerPort": daemon.chain.p2p}],
        "resources": resources(daemon.size.cpu, daemon.size.memory),
        "securityContext": container_security(),
        "volumeMounts": mounts,
        # A daemon that reads its index, rescans or reorganises may answer nothing for hours, and is alive all the same.
        # What counts against it is a port that is shut for longer than it takes to open one, or to end by itself.
        "startupProbe": http_probe(LIVES, health, period=10, failures=360),
        "readinessProbe": http_probe(ANSWERS, health, period=10, failures=3),
        "livenessProbe": http_probe(LIVES, health, period=30, failures=20),
    }
