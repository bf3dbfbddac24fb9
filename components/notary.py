"""A notary: its candidates in every region, each with a signer and the daemons that it calls."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi

from components.chain import ChainDaemon, ChainDaemonArgs
from components.manifests import notary as manifests
from components.region import Region, SecretReader
from components.signer import Signer, SignerArgs
from config.plan import Duty, FleetPlan, RegionPlan


@dataclass(frozen=True, kw_only=True)
class NotaryArgs:
    """`regions` are the regions' components by name; `secret` gives the stack's secret of a key."""

    plan: FleetPlan
    notary: str
    regions: Mapping[str, Region]
    secret: SecretReader


class Notary(pulumi.ComponentResource):
    """An identity that signs. `candidates` are its signers, as `region/duty`."""

    candidates: tuple[str, ...]

    def __init__(self, args: NotaryArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("notary:notary:Notary", args.notary, {}, opts)
        made: list[str] = []
        for region in args.plan.regions.values():
            for duty in region.duties:
                if duty.notary == args.notary:
                    self._create_candidate(args, region, duty)
                    made.append(f"{region.name}/{duty.name}")
        self.candidates = tuple(made)
        self.register_outputs({"candidates": made})

    def _create_candidate(self, args: NotaryArgs, region: RegionPlan, duty: Duty) -> None:
        home = args.regions[region.name]
        child = pulumi.ResourceOptions(parent=self)
        home.create(manifests.objects(args.plan, region, duty, args.secret), self)
        if duty.kind == "iguana":
            Signer(SignerArgs(plan=args.plan, region=region, home=home, duty=duty), child)
        for daemon in region.daemons_of(duty):
            ChainDaemon(ChainDaemonArgs(plan=args.plan, region=region, home=home, daemon=daemon), child)
