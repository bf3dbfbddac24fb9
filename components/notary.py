"""A notary: its candidates in every region, each with a signer and the daemons that it calls."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi

from components.chain import ChainDaemon, ChainDaemonArgs
from components.manifests import notary as manifests
from components.region import Region, SecretReader
from components.signer import Signer, SignerArgs
from config.plan import Duty, FleetPlan, RegionPlan
from config.turns import canary, turns


@dataclass(frozen=True, kw_only=True)
class NotaryArgs:
    """`regions` are the regions' components by name; `secret` gives the stack's secret of a key.

    `canary` is the daemon that all others wait for, where another notary has it.
    """

    plan: FleetPlan
    notary: str
    regions: Mapping[str, Region]
    secret: SecretReader
    canary: Sequence[pulumi.Resource] = ()


class Notary(pulumi.ComponentResource):
    """An identity that signs. `candidates` are its signers, as `region/duty`.

    The candidates of a duty change one after another, the best one last: it is likely to sign meanwhile. The next one's
    turn comes when all of the one before is up again, so that an update that goes wrong stops at a standby.
    """

    candidates: tuple[str, ...]
    canary: list[pulumi.Resource]

    def __init__(self, args: NotaryArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("notary:notary:Notary", args.notary, {}, opts)
        self.canary = [*args.canary]
        up: dict[str, list[pulumi.Resource]] = {}  # by duty, what is up when the candidates so far are
        made: list[str] = []
        for region, duty in turns(args.plan, args.notary):
            up[duty.name] = self._create_candidate(args, region, duty, up.get(duty.name, []))
            made.append(f"{region.name}/{duty.name}")
        self.candidates = tuple(sorted(made))
        self.register_outputs({"candidates": [*self.candidates]})

    def _create_candidate(
        self, args: NotaryArgs, region: RegionPlan, duty: Duty, after: list[pulumi.Resource]
    ) -> list[pulumi.Resource]:
        """Its daemons behind `after` and the canary, its signer behind them. Returns what is up when all of it is."""
        home = args.regions[region.name]
        child = pulumi.ResourceOptions(parent=self)
        home.create(manifests.objects(args.plan, region, duty, args.secret), self)
        daemons, first = list[pulumi.Resource](), canary(args.plan)
        for daemon in sorted(region.daemons_of(duty), key=lambda item: item is not first):
            wanted = ChainDaemonArgs(
                plan=args.plan, region=region, home=home, daemon=daemon, after=[*after, *self.canary]
            )
            daemons.append(ChainDaemon(wanted, child).set)
            if daemon is first:
                self.canary = [daemons[-1]]
        if duty.kind != "iguana":
            return daemons
        return [Signer(SignerArgs(plan=args.plan, region=region, home=home, duty=duty, after=daemons), child).set]
