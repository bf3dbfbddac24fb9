"""The ZooKeeper ensemble over all regions that have a seat in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi

from components.manifests import zookeeper as manifests
from components.region import Region
from config.plan import FleetPlan


@dataclass(frozen=True, kw_only=True)
class EnsembleArgs:
    """`regions` are the regions' components by name."""

    plan: FleetPlan
    regions: Mapping[str, Region]


class Ensemble(pulumi.ComponentResource):
    """Every server in its own set with its own address, all with one configuration."""

    hosts: tuple[str, ...]

    def __init__(self, args: EnsembleArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("notary:ensemble:Ensemble", "ensemble", {}, opts)
        for name, region in args.plan.regions.items():
            args.regions[name].create(manifests.objects(args.plan, region), self)
        self.hosts = tuple(server.host for server in args.plan.servers)
        self.register_outputs({"hosts": list(self.hosts)})
