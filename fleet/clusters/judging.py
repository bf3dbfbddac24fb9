"""What a cluster lacks for a region of the fleet. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from config.plan import FleetPlan, RegionPlan
from fleet.clusters.facts import Facts, StorageClass

# From there on containers can start before the others and end after them (Kubernetes 1.29, SidecarContainers).
OLDEST = (1, 29)
SKEW_SECONDS = 2.0
# What enforces network policies, by the names of their DaemonSets and Deployments; k3s has it inside.
ENFORCERS = (
    "antrea-agent",
    "calico-node",
    "canal",
    "cilium",
    "kube-router",
    "ovnkube-node",
    "romana-agent",
    "weave-net",
)
BALANCERS = ("metallb", "kube-vip", "svclb", "cilium-operator", "cloud-controller-manager", "servicelb")


@dataclass(frozen=True, kw_only=True)
class Judged:
    """One thing that a region needs. `remedy` says what to do where the cluster has it not."""

    what: str
    found: str
    remedy: str = ""

    @property
    def ok(self) -> bool:
        return not self.remedy


def judge(plan: FleetPlan, region: RegionPlan, facts: Facts) -> Iterator[Judged]:
    """Everything that was looked at; on the sandbox, whose nodes are simulated, nothing that nodes do."""
    yield _version(facts)
    yield _clock(facts)
    yield _permissions(facts)
    if region.region.sandboxed:
        return
    yield _storage(region, facts)
    yield from _snapshots(region, facts)
    yield _policies(facts)
    yield from _services(plan, region, facts)
    yield _platform(region, facts)
    if facts.unknown:
        yield Judged(what="rights to look", found=f"may not list {', '.join(facts.unknown)}: not judged by them")


def _version(facts: Facts) -> Judged:
    numbers = re.match(r"v?(\d+)\.(\d+)", facts.version)
    old = numbers is None or (int(numbers[1]), int(numbers[2])) < OLDEST
    remedy = f"Kubernetes {'.'.join(map(str, OLDEST))} or later: gates are sidecars that outlive their daemons"
    return Judged(what="version", found=facts.version, remedy=remedy if old else "")


def _clock(facts: Facts) -> Judged:
    wrong = abs(facts.skew_seconds) > SKEW_SECONDS
    remedy = "set both clocks by NTP: certificates are valid from the second that this machine made them"
    return Judged(
        what="clock", found=f"{facts.skew_seconds:+.1f} s beside this machine's", remedy=remedy if wrong else ""
    )


def _permissions(facts: Facts) -> Judged:
    if not facts.forbidden:
        return Judged(what="rights", found="may create all that an update creates")
    missing = ", ".join(facts.forbidden)
    return Judged(what="rights", found=f"may not create {missing}", remedy=f"a role that may create {missing}")


def _storage(region: RegionPlan, facts: Facts) -> Judged:
    name = region.storage_class()
    known = ", ".join(sorted(facts.classes)) or "none"
    if "storage classes" in facts.unknown:
        return Judged(what="storage class", found=f"{name or 'the default'}: not looked at")
    if name is None:
        defaults = [key for key, item in facts.classes.items() if item.default]
        if len(defaults) != 1:
            found = f"{len(defaults)} default classes, of {known}"
            return Judged(
                what="storage class", found=found, remedy="storageClass for this region, or one default class"
            )
        name = defaults[0]
    if name not in facts.classes:
        return Judged(what="storage class", found=f"no {name}; there are {known}", remedy="storageClass: one of these")
    return _class(name, facts.classes[name])


def _class(name: str, item: StorageClass) -> Judged:
    lacking = [
        *([] if item.waits else ["volumeBindingMode WaitForFirstConsumer, or a volume may lie where no pod can go"]),
        *([] if item.grows else ["allowVolumeExpansion, or a chain that outgrows its volume is moved by hand"]),
    ]
    return Judged(what="storage class", found=name, remedy="; ".join(lacking))


def _snapshots(region: RegionPlan, facts: Facts) -> Iterator[Judged]:
    """The class that keeps volumes, where the region has one."""
    name, what = region.region.snapshot_class, "snapshot class"
    if name is None:
        return
    known = ", ".join(sorted(facts.snapshot_classes)) or "none"
    if "snapshot classes" in facts.unknown:
        yield Judged(what=what, found=f"{name}: not looked at")
    elif name in facts.snapshot_classes:
        yield Judged(what=what, found=name)
    else:
        remedy = "snapshotClass: one of these; or a VolumeSnapshotClass and the snapshot controller of your storage"
        yield Judged(what=what, found=f"no {name}; there are {known}", remedy=remedy)


def _policies(facts: Facts) -> Judged:
    found = sorted(name for name in facts.agents if name.startswith(ENFORCERS))
    found += ["k3s"] if "+k3s" in facts.version else []
    if found or {"daemonsets", "deployments"} & set(facts.unknown):
        return Judged(what="network policies", found=f"enforced by {', '.join(found)}" if found else "not looked at")
    remedy = "a network plugin that enforces them, such as Cilium or Calico: now every pod reaches every port"
    return Judged(what="network policies", found="nothing known that enforces them", remedy=remedy)


def _services(plan: FleetPlan, region: RegionPlan, facts: Facts) -> Iterator[Judged]:
    seat = region.region.ensemble
    kinds = {*([seat.service] if seat else []), *([region.region.bus_service] if _has_bus(region) else [])}
    if "LoadBalancer" in kinds:
        given = facts.provided or facts.addressed or any(name.startswith(BALANCERS) for name in facts.agents)
        remedy = "a controller that gives Services addresses, such as MetalLB, or service: NodePort"
        found = "there is something that gives addresses" if given else "nothing known that gives Services addresses"
        yield Judged(what="load balancers", found=found, remedy="" if given or "services" in facts.unknown else remedy)
    if "NodePort" in kinds:
        namespace = plan.loaded.stack.namespace
        servers = [server for server in plan.servers if server.region == region.name and server.node_ports]
        wanted = {port for server in servers for port in server.ports.values()}
        taken = {port: owner for port, owner in facts.node_ports.items() if port in wanted}
        taken = {port: owner for port, owner in taken.items() if not owner.startswith(f"{namespace}/")}
        told = ", ".join(f"{port} by {owner}" for port, owner in sorted(taken.items()))
        yield Judged(
            what="node ports",
            found=f"taken: {told}" if taken else "those that the servers want are free",
            remedy="other ports for this region's servers" if taken else "",
        )


def _has_bus(region: RegionPlan) -> bool:
    return any(duty.bus_port for duty in region.duties)


def _platform(region: RegionPlan, facts: Facts) -> Judged:
    openshift = "security.openshift.io" in facts.groups
    said = region.region.platform == "openshift"
    right = "openshift" if openshift else "kubernetes"
    remedy = "" if openshift == said else f"platform: {right}, by which users and groups of pods are chosen"
    return Judged(what="platform", found=right, remedy=remedy)
