"""The fleet: its regions, the ensemble across them, and the notaries."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pulumi

from components.ensemble import Ensemble, EnsembleArgs
from components.notary import Notary, NotaryArgs
from components.region import MadeCluster, Region, RegionArgs, SecretReader
from config.plan import FleetPlan
from config.turns import notaries


@dataclass(frozen=True, kw_only=True)
class FleetArgs:
    """The plan; how to read a secret of the stack; the folder that configured paths are relative to."""

    plan: FleetPlan
    secret: SecretReader
    root: Path


class Fleet(pulumi.ComponentResource):
    """Everything of one stack."""

    regions: dict[str, Region]
    ensemble: Ensemble
    notaries: dict[str, Notary]
    images: Mapping[str, pulumi.Output[str]]

    def __init__(self, name: str, args: FleetArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("notary:fleet:Fleet", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        plan = args.plan
        clusters = _clusters(plan, child)
        self.regions = {
            key: Region(
                RegionArgs(plan=plan, region=region, secret=args.secret, root=args.root, made=clusters.get(key)), child
            )
            for key, region in plan.regions.items()
        }
        self.ensemble = Ensemble(EnsembleArgs(plan=plan, regions=self.regions), child)
        self.notaries: dict[str, Notary] = {}
        canary: list[pulumi.Resource] = []
        for key in notaries(plan):
            wanted = NotaryArgs(plan=plan, notary=key, regions=self.regions, secret=args.secret, canary=canary)
            self.notaries[key] = Notary(wanted, child)
            canary = self.notaries[key].canary
        self.images = _images(args, child)
        self.register_outputs({"regions": sorted(self.regions), "notaries": sorted(self.notaries)})


def _images(args: FleetArgs, opts: pulumi.ResourceOptions) -> Mapping[str, pulumi.Output[str]]:
    """What the stack builds itself, by name; the SDKs for that are imported for nobody else."""
    builds = args.plan.loaded.stack.images
    if builds is None:
        return {}
    from components.images import Images, ImagesArgs

    return Images(ImagesArgs(builds=builds, root=args.root), opts).references


def _clusters(plan: FleetPlan, opts: pulumi.ResourceOptions) -> Mapping[str, MadeCluster]:
    """The clusters that the program makes itself. Their SDK takes 2 s to import: nobody else's preview pays for it."""
    if not any(region.network for region in plan.regions.values()):
        return {}
    from components.aws.cloud import Cloud

    return Cloud(plan, opts).regions
