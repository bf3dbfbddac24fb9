"""What the pods of a region share: namespace, service account, network policies, the RPC's secret."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from components.manifests import aws
from components.manifests.pods import (
    COMMON,
    ROLE,
    SERVICE_ACCOUNT,
    Manifest,
    Named,
    Role,
    labels,
    matching,
    metadata,
    opaque_secret,
)
from components.manifests.sidecars import RPC_KEYS
from config import pod_ports
from config.plan import FleetPlan, RegionPlan, Server

SecretValue = Callable[[str], Any]

# RFC 1918, carrier-grade NAT and link-local (with the clouds' metadata service): never a peer of a chain.
PRIVATE = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "169.254.0.0/16", "127.0.0.0/8")
DNS_PORTS = (53, 5353)  # 5353 is OpenShift's


def objects(plan: FleetPlan, region: RegionPlan, secret: SecretValue) -> Iterator[Named]:
    """What the region's pods share, its namespace first. `secret` gives the stack's secret of a key."""
    made = [namespace(plan), service_account(plan), *network_policies(plan, region)]
    rpc = plan.loaded.stack.rpc
    if rpc.config and region.daemons:
        data = {RPC_KEYS["RPC_USERNAME"]: "fleet", RPC_KEYS["RPC_PASSWORD"]: secret(rpc.config)}
        made.append(opaque_secret(plan.loaded.stack.namespace, plan.rpc_secret, data))
    if region.network:
        made += aws.objects(plan, region)
    for item in made:
        yield f"{region.name}-{item['metadata']['name']}", item


def namespace(plan: FleetPlan) -> Manifest:
    """The namespace, which refuses every pod that is not `restricted`."""
    modes = ("enforce", "audit", "warn")
    security = {f"pod-security.kubernetes.io/{mode}": "restricted" for mode in modes}
    name = plan.loaded.stack.namespace
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": {**COMMON, **security}}}


def service_account(plan: FleetPlan) -> Manifest:
    """The one account of all pods. It may do nothing, and its token is mounted nowhere."""
    account = metadata(plan.loaded.stack.namespace, SERVICE_ACCOUNT, COMMON)
    return {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": account, "automountServiceAccountToken": False}


def network_policies(plan: FleetPlan, region: RegionPlan) -> list[Manifest]:
    """Everything is denied but what one of these allows."""
    return [
        _policy(plan, "default-deny", None, [], []),
        _policy(plan, "dns", None, None, [_rule(DNS_PORTS, protocols=("UDP", "TCP"))]),
        # No daemons, no rule: an empty list of ports would allow them all.
        *([_chains(plan, region), _signers(plan, region)] if region.daemons else []),
        *([_servers(plan, region), _keeper(plan)] if region.servers else []),
    ]


def _chains(plan: FleetPlan, region: RegionPlan) -> Manifest:
    """A daemon talks to its chain's peers and to the ensemble; its gate hears signers and other gates."""
    clients = [_pods("signer"), _pods("chain")]
    ports = sorted({daemon.chain.p2p for daemon in region.daemons})
    egress = [_rule(ports, _internet()), _rule([pod_ports.GATE], [_pods("chain")]), _to_ensemble(plan)]
    return _policy(plan, "chains", "chain", [_rule([pod_ports.GATE], clients, source=True)], egress)


def _signers(plan: FleetPlan, region: RegionPlan) -> Manifest:
    """A signer talks to its region's gates, to the ensemble, and with other notaries over Iguana's bus."""
    ports = sorted({duty.bus_port for duty in region.duties if duty.bus_port})
    bus_in = [_rule(ports, [{"ipBlock": {"cidr": "0.0.0.0/0"}}], source=True)] if ports else []
    bus_out = [_rule(ports, _internet())] if ports else []
    gates = _rule([pod_ports.GATE], [_pods("chain")])
    return _policy(plan, "signers", "signer", bus_in, [gates, _to_ensemble(plan), *bus_out])


def _servers(plan: FleetPlan, region: RegionPlan) -> Manifest:
    """A ZooKeeper server hears clients and servers of all regions, and calls the servers."""
    inside = sorted({port for server in region.servers for port in _between_servers(server)})
    peers = sorted({port for server in plan.servers for port in _between_servers(server)})
    # On AWS all calls come from the servers' load balancers.
    made = region.network
    balancers: list[Manifest] = [{"ipBlock": {"cidr": zone.inner}} for zone in made.zones] if made else []
    elsewhere = balancers or _blocks(plan, exclude=region.name)
    # Before a server stops, it asks the others as a client whether they can spare it.
    callers = [_pods("chain"), _pods("signer"), _pods("keeper"), _pods("zookeeper"), *elsewhere]
    clients = _rule([pod_ports.ZOOKEEPER_CLIENT], callers, source=True)
    servers = [_pods("zookeeper"), *elsewhere]
    # Servers are called by host names, which may lead outside the cluster and back: no block can be named here.
    calls = [_rule(peers), _to_ensemble(plan)]
    return _policy(plan, "zookeeper", "zookeeper", [clients, _rule(inside, servers, source=True)], calls)


def _keeper(plan: FleetPlan) -> Manifest:
    """The keeper talks to the ensemble; nobody talks to it."""
    return _policy(plan, "keeper", "keeper", [], [_to_ensemble(plan)])


def _between_servers(server: Server) -> tuple[int, int]:
    return server.ports["peer"], server.ports["election"]


def _to_ensemble(plan: FleetPlan) -> Manifest:
    """To the servers' client ports, anywhere: they have host names that each cluster resolves in its own way."""
    return _rule(sorted({pod_ports.ZOOKEEPER_CLIENT, *(server.ports["client"] for server in plan.servers)}))


def _blocks(plan: FleetPlan, exclude: str) -> list[Manifest]:
    """The addresses from which the other regions call."""
    found: list[Manifest] = []
    for name, other in plan.regions.items():
        if name != exclude:
            ranges = other.ranges
            found += [{"ipBlock": {"cidr": cidr}} for cidr in (ranges.pods, *ranges.egress)]
    return found


def _internet() -> list[Manifest]:
    return [{"ipBlock": {"cidr": "0.0.0.0/0", "except": list(PRIVATE)}}]


def _pods(role: Role) -> Manifest:
    return {"podSelector": matching({ROLE: role})}


def _rule(
    ports: Iterable[int], peers: Sequence[Manifest] = (), protocols: Sequence[str] = ("TCP",), source: bool = False
) -> Manifest:
    allowed = [{"port": port, "protocol": protocol} for port in ports for protocol in protocols]
    return {"ports": allowed, **({("from" if source else "to"): list(peers)} if peers else {})}


def _policy(
    plan: FleetPlan, name: str, role: Role | None, ingress: list[Manifest] | None, egress: list[Manifest] | None
) -> Manifest:
    """A policy for the pods of a role, or for all. A direction that is None is left to the other policies."""
    spec: Manifest = {"podSelector": matching({ROLE: role}) if role else {}}
    spec["policyTypes"] = [kind for kind, rules in (("Ingress", ingress), ("Egress", egress)) if rules is not None]
    spec.update({key: rules for key, rules in (("ingress", ingress), ("egress", egress)) if rules})
    described = metadata(plan.loaded.stack.namespace, name, labels(role, name) if role else COMMON)
    return {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": described, "spec": spec}


def disruption_budget(namespace: str, name: str, chosen: dict[str, str], at_once: int = 1) -> Manifest:
    """At most `at_once` pods of the group are evicted at a time."""
    return {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": metadata(namespace, name, COMMON),
        "spec": {"maxUnavailable": at_once, "selector": matching(chosen), "unhealthyPodEvictionPolicy": "AlwaysAllow"},
    }
