"""The ZooKeeper ensemble over all regions that have a seat in it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as k8s

from components.certificates import Certificates, CertificatesArgs
from components.manifests import keeper, zookeeper
from components.region import Region
from config.plan import FleetPlan

# The id of the server that leads now, for an update that begins now; `fleet up` sets it.
LEADER_VARIABLE = "FLEET_ENSEMBLE_LEADER"


@dataclass(frozen=True, kw_only=True)
class EnsembleArgs:
    """`regions` are the regions' components by name."""

    plan: FleetPlan
    regions: Mapping[str, Region]


class Ensemble(pulumi.ComponentResource):
    """Every server in its own set with its own address; an update restarts one at a time, the leader last."""

    hosts: tuple[str, ...]

    def __init__(self, args: EnsembleArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("notary:ensemble:Ensemble", "ensemble", {}, opts)
        plan = args.plan
        certificates = Certificates(CertificatesArgs(plan=plan), pulumi.ResourceOptions(parent=self))
        configured: dict[str, list[pulumi.Resource]] = {}
        for name, region in plan.regions.items():
            made = args.regions[name].create(zookeeper.shared(plan, region, certificates.pem), self)
            # Not the claims: one may wait for its first pod.
            configured[name] = [item for item in made if isinstance(item, (k8s.core.v1.ConfigMap, k8s.core.v1.Secret))]
        ready: list[pulumi.Resource] = []
        for server in zookeeper.update_order(plan, _leader()):
            server_set = zookeeper.server_set(plan, plan.regions[server.region], server)
            # Behind all servers before it: the next is restarted when these are back in the quorum.
            ready += args.regions[server.region].create([server_set], self, [*configured[server.region], *ready])
        home = keeper.home(plan)
        args.regions[home].create(keeper.objects(plan, plan.regions[home], certificates.pem), self, ready)
        self.hosts = tuple(server.host for server in plan.servers)
        self.register_outputs({"hosts": list(self.hosts)})


def _leader() -> int | None:
    value = os.environ.get(LEADER_VARIABLE, "")
    return int(value) if value.isdecimal() else None
