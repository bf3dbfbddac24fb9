"""A chain daemon: one node of a chain, for one duty in one region."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi

from components.manifests import chain as manifests
from components.region import Region
from config.plan import Daemon, FleetPlan, RegionPlan


@dataclass(frozen=True, kw_only=True)
class ChainDaemonArgs:
    """What to run, the component of the region where it runs, and what must be up before it changes."""

    plan: FleetPlan
    region: RegionPlan
    home: Region
    daemon: Daemon
    after: Sequence[pulumi.Resource] = ()


class ChainDaemon(pulumi.ComponentResource):
    """Configuration, Service and set: with itself four resources, since each costs an update's time."""

    service: str
    set: pulumi.Resource

    def __init__(self, args: ChainDaemonArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        name = f"{args.region.name}-{args.daemon.name}"
        super().__init__("notary:chain:ChainDaemon", name, {}, opts)
        made = args.home.create(manifests.objects(args.plan, args.region, args.daemon), self, args.after)
        self.set = made[-1]
        self.service = args.daemon.name
        self.register_outputs({"service": self.service})
