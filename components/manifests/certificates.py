"""Who holds which certificate, and the Secrets that carry them. What issues them is `components.certificates`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

from components.manifests.pods import COMMON, Manifest, Named, metadata, opaque_secret
from config.failover import to_lines
from config.plan import Daemon, FleetPlan, RegionPlan

# An authority for each, so that what may open a session may not join the quorum, and neither may call a gate.
Circle = Literal["peers", "clients", "gates"]
Part = Literal["pair", "key", "certificate", "trust"]
CIRCLES: tuple[Circle, ...] = ("peers", "clients", "gates")
# A PEM of a holder's: its key and certificate together, or one of them, or the authorities that its circle trusts.
PemOf = Callable[[str, Circle, Part], Any]

CLIENT_SECRET = "zookeeper-client"
CLIENT_TLS = "/run/secrets/ensemble"  # where a client's pod finds its own
SERVERS, SERVERS_MAP = "servers", "zookeeper-servers"  # beside that, the servers' addresses, of this ConfigMap
GATES_SECRET = "gates"  # what the gates of a region show
AGENTS_SECRET = "agents"  # what the region's agents show them
GATE_TLS = "/run/secrets/gates"  # where either finds its own
KEEPER = "keeper"
KEEPER_SECRET = "zookeeper-keeper"


@dataclass(frozen=True, kw_only=True)
class Holder:
    """Somebody with a key. `hosts` are the names that a server answers to; `uses` are what the key is for."""

    name: str
    common_name: str
    hosts: tuple[str, ...]
    circles: tuple[Circle, ...]
    uses: tuple[str, ...]


def fleet_name(plan: FleetPlan) -> str:
    """The organisation in every certificate: the fleet's chroot, which tells fleets apart."""
    return plan.loaded.stack.ensemble.chroot.strip("/")


def identity(plan: FleetPlan, common_name: str) -> str:
    """A holder as ZooKeeper's x509 scheme names it in an ACL (RFC 2253: the last part first)."""
    return f"CN={common_name},O={fleet_name(plan)}"


def holders(plan: FleetPlan) -> Iterator[Holder]:
    """Each server, a region's clients, gates and agents, and the keeper. A region's key never leaves it."""
    both = ("digital_signature", "server_auth", "client_auth")
    for server in plan.servers:
        circles: tuple[Circle, ...] = ("peers", "clients")
        yield Holder(name=server.name, common_name="server", hosts=(server.host,), circles=circles, uses=both)
    client = ("digital_signature", "client_auth")
    for region in plan.regions.values():
        if region.daemons or region.duties:
            yield Holder(
                name=f"{region.name}-client", common_name="client", hosts=(), circles=("clients",), uses=client
            )
        if gated_daemons(region):
            # One name for all, so that another notary changes nobody's certificate. A gate calls another one where its
            # daemon asks another chain's.
            hosts = (f"*.{plan.loaded.stack.namespace}.svc",)
            name = f"{region.name}-gates"
            yield Holder(name=name, common_name="gate", hosts=hosts, circles=("gates",), uses=both)
            name = f"{region.name}-agents"
            yield Holder(name=name, common_name="agent", hosts=(), circles=("gates",), uses=client)
    yield Holder(name=KEEPER, common_name=KEEPER, hosts=(), circles=("clients",), uses=client)


def gated_daemons(region: RegionPlan) -> tuple[Daemon, ...]:
    """The daemons that have a gate: a checkpoint master signs by itself."""
    return tuple(daemon for daemon in region.daemons if daemon.duty.kind == "iguana")


def server_secret(plan: FleetPlan, server: str, pem: PemOf) -> Manifest:
    """A server's two key stores and two trust stores, each a PEM as ZooKeeper reads it."""
    data = {
        "peer.pem": pem(server, "peers", "pair"),
        "peer-ca.pem": pem(server, "peers", "trust"),
        "server.pem": pem(server, "clients", "pair"),
        "client-ca.pem": pem(server, "clients", "trust"),
    }
    return opaque_secret(plan.loaded.stack.namespace, f"{server}-tls", data)


def servers_map(plan: FleetPlan) -> Manifest:
    """Where the servers are. It keeps its name: a change restarts nobody, and clients read it at each connect."""
    described = metadata(plan.loaded.stack.namespace, SERVERS_MAP, COMMON)
    data = {SERVERS: to_lines(addresses(plan))}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": described, "data": data}


def addresses(plan: FleetPlan) -> tuple[str, ...]:
    """Where clients reach each server, `name:port`."""
    return tuple(f"{server.host}:{server.ports['client']}" for server in plan.servers)


def client_secret(plan: FleetPlan, name: str, holder: str, pem: PemOf, circle: Circle = "clients") -> Manifest:
    """A holder's key and certificate, and the authorities of those it talks to."""
    data = {
        "tls.key": pem(holder, circle, "key"),
        "tls.crt": pem(holder, circle, "certificate"),
        "ca.crt": pem(holder, circle, "trust"),
    }
    return opaque_secret(plan.loaded.stack.namespace, name, data)


def region_secrets(plan: FleetPlan, region: RegionPlan, pem: PemOf) -> Iterator[Named]:
    """The Secrets of a region's servers and clients."""
    for server in region.servers:
        yield f"{region.name}-{server.name}-tls", server_secret(plan, server.name, pem)
    if region.daemons or region.duties:
        secret = client_secret(plan, CLIENT_SECRET, f"{region.name}-client", pem)
        yield f"{region.name}-{CLIENT_SECRET}", secret
    if gated_daemons(region):
        for name in (GATES_SECRET, AGENTS_SECRET):
            holder = f"{region.name}-{name}"
            yield f"{holder}-tls", client_secret(plan, f"{name}-tls", holder, pem, "gates")


def client_volume(secret: str = CLIENT_SECRET) -> Manifest:
    """The volume of a client's certificate and the servers' addresses: both change under a running pod."""
    sources = [{"secret": {"name": secret}}, {"configMap": {"name": SERVERS_MAP}}]
    return {"name": "ensemble-tls", "projected": {"sources": sources, "defaultMode": 0o440}}


def gate_volume(secret: str) -> Manifest:
    """The volume of a gate's or an agent's certificate."""
    return {"name": "gate-tls", "secret": {"secretName": f"{secret}-tls", "defaultMode": 0o440}}


GATE_MOUNT: Manifest = {"name": "gate-tls", "mountPath": GATE_TLS, "readOnly": True}
CLIENT_MOUNT: Manifest = {"name": "ensemble-tls", "mountPath": CLIENT_TLS, "readOnly": True}
