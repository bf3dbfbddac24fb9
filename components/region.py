"""A region: the provider of its cluster, and what all of its pods share."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import pulumi
import pulumi_kubernetes as k8s

from components import snapshots
from components.manifests import region as manifests
from components.manifests.pods import Named
from components.objects import register_all
from config.plan import FleetPlan, RegionPlan

# Before the sandbox has started there is no cluster to ask, and a preview must not ask another one.
NOWHERE = "apiVersion: v1\nkind: Config\ncontexts: []\n"
SecretReader = Callable[[str], pulumi.Output[str]]


@dataclass(frozen=True, kw_only=True)
class MadeCluster:
    """A cluster that the program makes: how it is reached, and what must be there before anything stands in it."""

    kubeconfig: pulumi.Output[str]
    ready: tuple[pulumi.Resource, ...]


@dataclass(frozen=True, kw_only=True)
class RegionArgs:
    """`secret` gives the stack's secret of a key; `root` is the folder that configured paths are relative to.

    `made` is the region's cluster where the program makes that too.
    """

    plan: FleetPlan
    region: RegionPlan
    secret: SecretReader
    root: Path
    made: MadeCluster | None = None


class Region(pulumi.ComponentResource):
    """One cluster, ready for daemons and servers. `provider` reaches it; everything stands in its namespace."""

    provider: k8s.Provider

    def __init__(self, args: RegionArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("notary:region:Region", args.region.name, {}, opts)
        self.provider = self._create_provider(args)
        shared = manifests.objects(args.plan, args.region, args.secret)
        ready = args.made.ready if args.made else ()
        self._namespace = register_all(islice(shared, 1), self, self.provider, *ready)
        self._keep = _keep(args)
        self.create(shared, self)
        self.register_outputs({"namespace": args.plan.loaded.stack.namespace})

    def create(
        self, objects: Iterable[Named], parent: pulumi.Resource, turn: Iterable[pulumi.Resource] = ()
    ) -> list[pulumi.CustomResource]:
        """Register a component's objects in this region, in its namespace; what runs pods is behind `turn`."""
        return register_all(objects, parent, self.provider, *self._namespace, turn=turn, before_update=self._keep)

    def _create_provider(self, args: RegionArgs) -> k8s.Provider:
        """The identifier is fixed by the configuration: a changed kubeconfig must never replace the whole region."""
        region = args.region.region
        return k8s.Provider(
            args.region.name,
            kubeconfig=_kubeconfig(args),
            context=region.connection.context if region.connection else None,
            cluster_identifier=region.cluster_identifier or args.region.name,
            # What an operator scaled or patched by hand is the program's again: without it the plugin would refuse.
            enable_patch_force=True,
            opts=pulumi.ResourceOptions(parent=self),
        )


def _keep(args: RegionArgs) -> pulumi.ResourceHook | None:
    region = args.region.region
    if region.snapshot_class is None:
        return None
    context = region.connection.context if region.connection else None
    return snapshots.before_update(args.region.name, region.snapshot_class, _kubeconfig(args), context)


def _kubeconfig(args: RegionArgs) -> pulumi.Input[str] | None:
    connection = args.region.region.connection
    if connection is None:
        return args.made.kubeconfig if args.made else None
    if connection.config:
        return args.secret(connection.config)
    path = connection.kubeconfig_path(args.region.name)
    if path is None:
        return None
    if connection.sandbox and pulumi.runtime.is_dry_run() and not (args.root / path).exists():
        return pulumi.Output.secret(NOWHERE)
    try:
        return pulumi.Output.secret((args.root / path).read_text())
    except OSError as error:
        what = f"region {args.region.name}: {path}: {error.strerror}"
        raise pulumi.RunError(f"{what}; `fleet doctor` tells what is missing") from None
