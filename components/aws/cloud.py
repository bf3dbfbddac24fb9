"""Everything of a fleet on AWS, below its clusters' own objects: one provider, all regions."""

from __future__ import annotations

import pulumi

from components.aws.addons import Addons, NodeAddons
from components.aws.addresses import Addresses
from components.aws.cluster import Cluster
from components.aws.encryption import Encryption
from components.aws.groups import Groups
from components.aws.mesh import Mesh, Site
from components.aws.network import Network
from components.aws.nodes import Nodes
from components.aws.place import Place, make_provider
from components.aws.registry import Registry
from components.aws.vault import Vault
from components.region import MadeCluster
from config.aws.names import kept_secrets
from config.plan import FleetPlan


class Cloud(pulumi.ComponentResource):
    """The regions on AWS. `regions` tells of each how its cluster is reached."""

    regions: dict[str, MadeCluster]

    def __init__(self, plan: FleetPlan, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("notary:aws:Cloud", f"{plan.loaded.name}-aws", {}, opts)
        self._child = pulumi.ResourceOptions(parent=self)
        provider = make_provider(plan, self)
        places = {
            name: Place(plan=plan, region=region, provider=provider)
            for name, region in plan.regions.items()
            if region.network
        }
        keys = {name: Encryption(place, self._child) for name, place in places.items()}
        sites = {
            name: Site(place=place, network=Network(place, keys[name], self._child)) for name, place in places.items()
        }
        Mesh(sites, self._child)
        cloud = plan.loaded.stack.aws
        if cloud:
            Registry(cloud.home, places, keys, self._child)
        self.regions = {name: self._create_region(site, keys[name], sites) for name, site in sites.items()}
        self.register_outputs({"regions": sorted(self.regions)})

    def _create_region(self, site: Site, key: Encryption, sites: dict[str, Site]) -> MadeCluster:
        place, network, child = site.place, site.network, self._child
        groups = Groups(place, network, child)
        cluster = Cluster(place, network, groups, key, child)
        first = NodeAddons(place, cluster, child)
        nodes = Nodes(place, network, groups, cluster, first.made, child)
        addons = Addons(place, cluster, key, [*nodes.groups.values()], child)
        Addresses(place, network, groups, nodes, sites, child)
        if kept_secrets(place.plan, place.region):
            Vault(place, cluster, key, child)
        return MadeCluster(kubeconfig=cluster.kubeconfig, ready=(*cluster.operable, *addons.made, key.alias))
