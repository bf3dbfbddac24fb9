"""The ensemble's servers of one region: configuration, and a Service and a set for each."""

from __future__ import annotations

import json
from collections.abc import Iterator

from components.manifests.certificates import SERVERS_MAP, PemOf, region_secrets, servers_map
from components.manifests.founding import NAME as MEMBERS
from components.manifests.founding import founding
from components.manifests.pods import (
    ROLE,
    UNAWAITED,
    Manifest,
    Named,
    apart,
    config_map,
    labels,
    metadata,
    pod_spec,
    selector,
    spread,
    stateful_set,
    volume_claim,
)
from components.manifests.region import disruption_budget
from components.manifests.zookeeper_containers import init_containers, server_container
from components.manifests.zookeeper_files import files
from config.names import content_name
from config.plan import FleetPlan, RegionPlan, Server

CONFIG = "zookeeper"
# A server that can't be spared stays for up to a minute (scripts/leave.sh), and then ends within seconds.
STOP_GRACE_SECONDS = 90


def objects(plan: FleetPlan, region: RegionPlan, pem: PemOf) -> Iterator[Named]:
    """The region's part of the ensemble in the order of `fleet render`. `pem` gives keys and certificates."""
    yield from shared(plan, region, pem)
    for server in region.servers:
        yield server_set(plan, region, server)


def shared(plan: FleetPlan, region: RegionPlan, pem: PemOf) -> Iterator[Named]:
    """Everything but the servers' sets: they come one after another, once all of this is there."""
    yield f"{region.name}-{SERVERS_MAP}", servers_map(plan)
    yield from region_secrets(plan, region, pem)
    if not region.servers:
        return
    namespace, budget = plan.loaded.stack.namespace, budgets(plan)[region.name]
    yield f"{region.name}-zookeeper-config", configuration(plan)
    yield f"{region.name}-{MEMBERS}", founding(plan)
    yield f"{region.name}-zookeeper-budget", disruption_budget(namespace, "zookeeper", {ROLE: "zookeeper"}, budget)
    for server in region.servers:
        yield f"{region.name}-{server.name}", service(plan, region, server)
        yield from claims(plan, region, server)


def configuration(plan: FleetPlan) -> Manifest:
    """The ConfigMap of the servers, the same in every region."""
    content = files(plan)
    name = content_name(CONFIG, json.dumps(content, sort_keys=True))
    return config_map(plan.loaded.stack.namespace, name, labels("zookeeper", CONFIG), content)


def budgets(plan: FleetPlan) -> dict[str, int]:
    """How many servers each region's nodes may evict at a time.

    A budget knows its own cluster alone, so all of them together allow no more than the quorum can spare: first the
    region that is maintained, then those of voters, one each. Observers have no vote to lose.
    """
    spare = (len(plan.voters) - 1) // 2
    ranks = {"voter": 0, "tiebreaker": 1}
    first = plan.loaded.stack.ensemble.maintenance
    roles = {server.region: server.role for server in plan.servers}
    voting = sorted(
        (name for name, role in roles.items() if role in ranks),
        key=lambda name: (name != first, ranks[roles[name]], name),
    )
    return {**dict.fromkeys(roles, 1), **{name: int(place < spare) for place, name in enumerate(voting)}}


def update_order(plan: FleetPlan, leader: int | None = None) -> tuple[Server, ...]:
    """The order in which servers are restarted: one by one, the leader last, since each change of leader costs a gap.

    Where nobody knows who leads: observers, tiebreakers, then by id, for the highest id leads a fresh ensemble.
    """
    ranks = {"observer": 0, "tiebreaker": 1, "voter": 2}
    return tuple(sorted(plan.servers, key=lambda server: (server.number == leader, ranks[server.role], server.number)))


def service(plan: FleetPlan, region: RegionPlan, server: Server) -> Manifest:
    """One server's own address, which the other regions reach under its host name."""
    seat = region.region.ensemble
    ports: list[Manifest] = [{"name": name, "port": port, "targetPort": name} for name, port in server.ports.items()]
    if server.node_ports:
        ports = [{**item, "nodePort": item["port"]} for item in ports]
    annotations = {"external-dns.alpha.kubernetes.io/hostname": server.host, **UNAWAITED}
    described = metadata(
        plan.loaded.stack.namespace, server.name, labels("zookeeper", server.name), annotations=annotations
    )
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": described,
        "spec": {
            "type": seat.service if seat else "ClusterIP",
            "selector": selector("zookeeper", server.name),
            # Servers must find each other before a quorum makes any of them ready.
            "publishNotReadyAddresses": True,
            "ports": ports,
            # Its load balancer finds the node that it stands on, and calls no other.
            **({"externalTrafficPolicy": "Local"} if region.network else {}),
        },
    }


def server_set(plan: FleetPlan, region: RegionPlan, server: Server) -> Named:
    """The set of one server, which its volumes follow. Servers of one region stand on different nodes."""
    config = str(configuration(plan)["metadata"]["name"])
    volumes: list[Manifest] = [
        {"name": "config", "configMap": {"name": config}},
        {"name": "members", "configMap": {"name": MEMBERS}},
        {"name": "secret", "secret": {"secretName": f"{server.name}-tls", "defaultMode": 0o440}},
        {"name": "tls", "emptyDir": {"medium": "Memory", "sizeLimit": "1Mi"}},
        {"name": "tmp", "emptyDir": {}},
        *({"name": key, "persistentVolumeClaim": {"claimName": f"{key}-{server.name}"}} for key in more_storage(plan)),
    ]
    pod = pod_spec(
        region,
        STOP_GRACE_SECONDS,
        initContainers=init_containers(plan, server),
        containers=[server_container(plan, server)],
        volumes=volumes,
        affinity=apart({ROLE: "zookeeper"}),
        topologySpreadConstraints=spread({ROLE: "zookeeper"}),
    )
    claim = volume_claim("data", instance(server), plan.loaded.stack.ensemble.storage, region.storage_class())
    described = labels("zookeeper", server.name)
    namespace = plan.loaded.stack.namespace
    made = stateful_set(namespace, server.name, described, server.name, {**pod, "volumeClaimTemplates": [claim]})
    return f"{region.name}-{server.name}", made


def more_storage(plan: FleetPlan) -> dict[str, str]:
    """The optional volumes of each server with their sizes."""
    ensemble = plan.loaded.stack.ensemble
    log = {"datalog": ensemble.log_storage} if ensemble.log_storage else {}
    return {**log, **({"backup": ensemble.backup.storage} if ensemble.backup else {})}


def claims(plan: FleetPlan, region: RegionPlan, server: Server) -> Iterator[Named]:
    """Claims beside the set: a set's own templates can't be changed, and these may come years later."""
    for key, size in more_storage(plan).items():
        name = f"{key}-{server.name}"
        wanted = volume_claim(name, instance(server), size, region.storage_class())
        # A claim may wait for its first pod before it is bound, and the pod's set comes after it.
        described = metadata(plan.loaded.stack.namespace, name, instance(server), annotations=UNAWAITED)
        claim = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": described, "spec": wanted["spec"]}
        yield f"{region.name}-{name}", claim


def instance(server: Server) -> dict[str, str]:
    """The labels of a server's claims."""
    return {"app.kubernetes.io/instance": server.name}
