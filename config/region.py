"""A region: one Kubernetes cluster in one place."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from config.aws.cloud import SNAPSHOT_CLASS, AwsRegion
from config.networks import SLOTS, ZONES
from config.types import (
    ContextName,
    HostName,
    Model,
    Network,
    ObjectName,
    ProjectPath,
    RegionName,
    SecretKey,
    expected,
)

# The regions that notaries are elected in (KomodoPlatform/dPoW, doc/; DEV has the developers' seats).
ServerNumber = Annotated[int, Field(strict=False, ge=1, le=255)]
Area = Literal["AR", "DEV", "EU", "NA", "SH"]
ServiceType = Literal["ClusterIP", "NodePort", "LoadBalancer"]


class Connection(Model):
    """How the cluster is reached: exactly one of the four."""

    context: ContextName | None = Field(default=None, description="A context of the operator's own kubeconfig")
    file: ProjectPath | None = Field(default=None, description="A kubeconfig file, relative to the project")
    config: SecretKey | None = Field(default=None, description="A secret key of the stack that holds a kubeconfig")
    sandbox: Literal[True] | None = Field(default=None, description="The sandbox's own cluster on this machine")

    def kubeconfig_path(self, region: str) -> str | None:
        """The kubeconfig file of this connection, relative to the project; None where it is no file of the project."""
        return f".sandbox/{region}/kubeconfig" if self.sandbox else self.file

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        if sum(value is not None for value in (self.context, self.file, self.config, self.sandbox)) != 1:
            raise expected("exactly one of context, file, config, sandbox, such as {context: notary-eu}")
        return self


class Ranges(Model):
    """Addresses of the cluster, which must not overlap any other region's."""

    pods: Network
    services: Network
    egress: tuple[Network, ...] = Field(
        default=(),
        strict=False,
        description="What others see as the source of this region's translated traffic",
    )


class _SeatBase(Model):
    role: Literal["voter", "tiebreaker", "observer"] = Field(
        description="Observers serve clients of a further region and have no vote; a tiebreaker should not lead"
    )
    servers: Mapping[ServerNumber, HostName] = Field(
        min_length=1, max_length=3, description="Fixed id in the ensemble: a name that every region resolves"
    )


class EnsembleSeat(_SeatBase):
    """The region's part in the ZooKeeper ensemble."""

    service: ServiceType = Field(
        default="LoadBalancer", description="How each server is made reachable from other regions"
    )


class EksSeat(_SeatBase):
    """The region's part in the ensemble. Each server has an internal load balancer and a name in every VPC."""

    service: Literal["NodePort"] = Field(default="NodePort", description="What its load balancer hands on to")


class _RegionBase(Model):
    area: Area = Field(description="The elected region whose notaries may run here")
    cluster_identifier: str | None = Field(
        default=None, min_length=1, max_length=128, description="Fixed for ever; the region's name if left out"
    )
    bus_service: ServiceType = Field(
        default="LoadBalancer", description="How Iguana's bus is reached by other notaries"
    )


class ExistingRegion(_RegionBase):
    """A cluster that the operator brings: OpenShift, k3s, kubeadm, kind, or the sandbox."""

    provider: Literal["existing"]
    connection: Connection
    ranges: Ranges
    ensemble: EnsembleSeat | None = None
    storage_class: ObjectName | None = Field(
        default=None, description="Class of the volumes; the cluster's default if left out"
    )
    snapshot_class: ObjectName | None = Field(
        default=None,
        description="Class of the snapshots that are taken before a daemon's program changes; none are if left out",
    )
    platform: Literal["kubernetes", "openshift"] = "kubernetes"
    node_selector: Mapping[str, str] = Field(
        default_factory=dict,
        description="Labels of the dedicated nodes; a taint NoSchedule of the same key and value is tolerated",
    )

    @property
    def sandboxed(self) -> bool:
        """Whether the cluster is the sandbox's."""
        return bool(self.connection.sandbox)


def three_zones(value: tuple[str, ...]) -> tuple[str, ...]:
    """Three different zones."""
    if len(value) != ZONES or len(set(value)) != ZONES:
        raise expected("three different zones by their letters, such as [a, b, c]")
    return value


Zone = Literal["a", "b", "c", "d", "e", "f"]
NODES = "notary-fleet.dev/nodes"  # the label of node groups: `fleet`, or `rest`


class EksRegion(_RegionBase):
    """A cluster that the program makes on AWS: network, EKS, nodes, volumes' classes, load balancers."""

    provider: Literal["eks"]
    aws_region: AwsRegion = Field(description="Where on AWS; fixed for ever")
    slot: int = Field(ge=0, le=SLOTS - 1, description="Which of the prefix's 16 parts is its own; fixed for ever")
    zones: Annotated[tuple[Zone, ...], AfterValidator(three_zones)] = Field(
        default=("a", "b", "c"), strict=False, description="The letters of its three zones; fixed for ever"
    )
    ensemble: EksSeat | None = None

    @property
    def connection(self) -> None:
        """None: the cluster's own outputs say how it is reached."""

    @property
    def sandboxed(self) -> bool:
        return False

    @property
    def platform(self) -> Literal["kubernetes"]:
        return "kubernetes"

    @property
    def snapshot_class(self) -> str:
        """Its volumes can be kept."""
        return SNAPSHOT_CLASS

    @property
    def node_selector(self) -> Mapping[str, str]:
        """The fleet's pods stand on the groups that are pinned to zones."""
        return {NODES: "fleet"}

    @property
    def zone_names(self) -> tuple[str, ...]:
        """The zones as AWS names them."""
        return tuple(f"{self.aws_region}{letter}" for letter in self.zones)


Region = Annotated[
    ExistingRegion | EksRegion, Field(discriminator="provider", description="One Kubernetes cluster in one place")
]
Regions = Mapping[RegionName, Region]
