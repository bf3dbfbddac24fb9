"""Node groups of a region on AWS, sized from the pods that the stack runs there. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from config.quantities import cores, gibibytes

if TYPE_CHECKING:
    from config.plan import FleetPlan, RegionPlan

# What stands beside each daemon and signer: gate, agent, watchdog; requests of their manifests, rounded up.
_BESIDE_CPU, _BESIDE_MEMORY = 0.1, 0.25
_SIGNER_CPU, _SIGNER_MEMORY = 0.6, 1.25
_KEEPER_CPU, _KEEPER_MEMORY = 0.1, 0.25
_SERVER_BESIDE_CPU, _SERVER_BESIDE_MEMORY = 0.1, 0.5


@dataclass(frozen=True, kw_only=True)
class Instance:
    """An instance type with what is left for pods: GiB of memory, cores, volumes."""

    type: str
    cpu: float
    memory: float
    volumes: int
    price: float  # dollars an hour, as docs/aws.md dates them: which of two is cheaper


def _instance(type_: str, cores_: int, gibibytes_: int, volumes: int, price: float) -> Instance:
    """Less what kubelet and AWS's own pods take: its reservations (amazon-eks-ami), rounded up to 7 % and 1.5 GiB."""
    return Instance(type=type_, cpu=cores_ * 0.97 - 0.4, memory=gibibytes_ * 0.93 - 1.5, volumes=volumes, price=price)


# Seventh generation, with attachments of volumes apart from network interfaces (EC2 User Guide, "Amazon EBS volume
# limits"). `large` holds 29 pods, of which six are AWS's own; the others hold more than they have volumes.
INSTANCES = (
    _instance("m7i.large", 2, 8, 20, 0.1008),
    _instance("m7i.xlarge", 4, 16, 28, 0.2016),
    _instance("m7i.2xlarge", 8, 32, 28, 0.4032),
    _instance("r7i.2xlarge", 8, 64, 28, 0.5292),
    _instance("m7i.4xlarge", 16, 64, 28, 0.8064),
    _instance("r7i.4xlarge", 16, 128, 28, 1.0584),
    _instance("m7i.8xlarge", 32, 128, 44, 1.6128),
    _instance("r7i.8xlarge", 32, 256, 44, 2.1168),
)
LARGEST = INSTANCES[-1]
REST = INSTANCES[0]  # DNS, the volumes' controller, the operator's own: small, two in two zones


@dataclass(frozen=True, kw_only=True)
class NodeGroup:
    """A managed node group. `zones` are letters: one where volumes tie pods to it."""

    name: str
    instance: str
    zones: tuple[str, ...]
    nodes: int
    most: int
    label: str


@dataclass(frozen=True, kw_only=True)
class Load:
    """What goes to one node together. Loads of one `owner` and different `part` never share a node."""

    cpu: float
    memory: float
    volumes: int
    owner: str = ""
    part: str = ""


@dataclass
class _Node:
    instance: Instance
    loads: list[Load] = field(default_factory=list["Load"])

    def takes(self, load: Load) -> bool:
        held = [*self.loads, load]
        apart = all(not load.owner or item.owner != load.owner or item.part == load.part for item in self.loads)
        return (
            apart
            and sum(item.cpu for item in held) <= self.instance.cpu
            and sum(item.memory for item in held) <= self.instance.memory
            and sum(item.volumes for item in held) <= self.instance.volumes
        )


def node_groups(plan: FleetPlan, region: RegionPlan, zones: Sequence[str]) -> tuple[NodeGroup, ...]:
    """One group per zone (its letter) for the fleet's pods, and a small one over all zones for the rest.

    Each zone has the same number, at least one, of the type that costs least in all, the larger of two that cost the
    same. One more may come for a rolling update.
    """
    loads = loads_of(plan, region)
    counted = [(item, each_zone(loads, item, len(zones))) for item in fitting(loads)]
    instance, each = min(counted, key=lambda one: (round(one[1] * one[0].price, 4), one[1]))
    pinned = [
        NodeGroup(name=f"fleet-{zone}", instance=instance.type, zones=(zone,), nodes=each, most=each + 1, label="fleet")
        for zone in zones
    ]
    rest = NodeGroup(name="rest", instance=REST.type, zones=tuple(zones), nodes=2, most=3, label="rest")
    return (*pinned, rest)


def fitting(loads: Iterable[Load]) -> list[Instance]:
    """The types that hold each load on its own; the largest where none does."""
    wanted = list(loads)
    return [item for item in INSTANCES if all(_Node(item).takes(load) for load in wanted)] or [LARGEST]


def each_zone(loads: Sequence[Load], instance: Instance, zones: int) -> int:
    """How many nodes of a type each zone needs."""
    split = [part for load in loads for part in _split(load, instance)]
    return -(-len(packed(split, instance)) // zones) or 1


def packed(loads: Sequence[Load], instance: Instance) -> list[list[Load]]:
    """The loads on nodes of one type, the largest first, each on the first node that takes it."""
    nodes: list[_Node] = []
    for load in sorted(loads, key=lambda item: (-item.memory, -item.cpu, item.owner, item.part)):
        node = next((item for item in nodes if item.takes(load)), None)
        if node is None:
            node = _Node(instance)
            nodes.append(node)
        node.loads.append(load)
    return [node.loads for node in nodes]


def _split(load: Load, instance: Instance) -> list[Load]:
    """A load that no node holds, in equal parts that one does: together is a wish, apart a rule (docs/adr/0014)."""
    for parts in range(1, load.volumes + 1):
        volumes = -(-load.volumes // parts)
        part = Load(cpu=load.cpu / parts, memory=load.memory / parts, volumes=volumes, owner=load.owner, part=load.part)
        if _Node(instance).takes(part):
            return [part] * parts
    return [load]


def loads_of(plan: FleetPlan, region: RegionPlan) -> list[Load]:
    """The region's pods: a duty as one where shards stay apart, else each daemon for itself; servers apart."""
    loads: list[Load] = []
    for duty in region.duties:
        signer = duty.kind == "iguana"
        pods = [
            Load(
                cpu=cores(daemon.size.cpu) + _BESIDE_CPU,
                memory=gibibytes(daemon.size.memory) + _BESIDE_MEMORY,
                volumes=1,
            )
            for daemon in region.daemons_of(duty)
        ] + ([Load(cpu=_SIGNER_CPU, memory=_SIGNER_MEMORY, volumes=0)] if signer else [])
        loads += [_together(pods, duty.notary, duty.shard)] if duty.shards_apart else pods
    ensemble = plan.loaded.stack.ensemble
    volumes = 1 + bool(ensemble.log_storage) + bool(ensemble.backup)
    loads += [
        Load(
            cpu=cores(ensemble.cpu) + _SERVER_BESIDE_CPU + _KEEPER_CPU,
            memory=gibibytes(ensemble.memory) + _SERVER_BESIDE_MEMORY + _KEEPER_MEMORY,
            volumes=volumes,
            owner="zookeeper",
            part=server.name,
        )
        for server in region.servers
    ]
    return loads


def _together(pods: Sequence[Load], owner: str, part: str) -> Load:
    return Load(
        cpu=sum(pod.cpu for pod in pods),
        memory=sum(pod.memory for pod in pods),
        volumes=sum(pod.volumes for pod in pods),
        owner=owner,
        part=part,
    )
