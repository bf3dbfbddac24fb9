"""An Iguana signer: one candidate for one duty."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi

from components.manifests import signer as manifests
from components.region import Region
from config.plan import Duty, FleetPlan, RegionPlan


@dataclass(frozen=True, kw_only=True)
class SignerArgs:
    """The candidate, the component of the region where it stands, and what must be up before it changes."""

    plan: FleetPlan
    region: RegionPlan
    home: Region
    duty: Duty
    after: Sequence[pulumi.Resource] = ()


class Signer(pulumi.ComponentResource):
    """Agent, Iguana and watchdog in one pod without data: its duty lives in the ensemble, its keys in a Secret."""

    set: pulumi.Resource

    def __init__(self, args: SignerArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        name = f"{args.region.name}-{manifests.name_of(args.duty)}"
        super().__init__("notary:signer:Signer", name, {}, opts)
        made = args.home.create(manifests.objects(args.plan, args.region, args.duty), self, args.after)
        self.set = made[-1]
        self.register_outputs({})
