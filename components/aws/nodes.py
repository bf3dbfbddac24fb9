"""A region's nodes: a group in each zone for the fleet, whose volumes don't leave theirs; a small one for the rest."""

from __future__ import annotations

import pulumi
import pulumi_aws as aws

from components.aws.cluster import Cluster
from components.aws.groups import Groups
from components.aws.network import Network
from components.aws.place import Place
from components.aws.policies import make_role, trust
from config.aws.nodes import NodeGroup, node_groups
from config.region import NODES

ROOT_GIB = 50  # images and logs; data has volumes of its own
POLICIES = ("AmazonEKSWorkerNodePolicy", "AmazonEC2ContainerRegistryPullOnly")


class Nodes(pulumi.ComponentResource):
    """`groups` by name: `fleet-a`, `fleet-b`, `fleet-c`, `rest`."""

    groups: dict[str, aws.eks.NodeGroup]

    def __init__(
        self,
        place: Place,
        network: Network,
        groups: Groups,
        cluster: Cluster,
        after: list[pulumi.Resource],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("notary:aws:Nodes", f"{place.name}-nodes", {}, opts)
        self._place = place
        role, attached = make_role(place, "node-role", trust("ec2", place), self, POLICIES)
        template = self._create_template(groups)
        waits = [*attached, *cluster.operable, *after]
        planned = node_groups(place.plan, place.region, place.region.made.region.zones)
        self.groups = {
            group.name: self._create_group(group, network, cluster, role, template, waits) for group in planned
        }
        self.register_outputs({"groups": sorted(self.groups)})

    def _create_template(self, groups: Groups) -> aws.ec2.LaunchTemplate:
        """Encrypted disks, and a role that no pod gets at: the metadata service answers the node alone, by token."""
        place, name = self._place, f"{self._place.name}-node"
        disk = aws.ec2.LaunchTemplateBlockDeviceMappingEbsArgs(
            volume_type="gp3", volume_size=ROOT_GIB, encrypted="true", delete_on_termination="true"
        )
        return aws.ec2.LaunchTemplate(
            name,
            region=place.where,
            block_device_mappings=[
                aws.ec2.LaunchTemplateBlockDeviceMappingArgs(device_name="/dev/xvda", ebs=disk),
            ],
            metadata_options=aws.ec2.LaunchTemplateMetadataOptionsArgs(
                http_endpoint="enabled", http_tokens="required", http_put_response_hop_limit=1
            ),
            vpc_security_group_ids=[groups.nodes.id],
            tag_specifications=[
                aws.ec2.LaunchTemplateTagSpecificationArgs(resource_type=kind, tags=place.tags(name))
                for kind in ("instance", "volume")
            ],
            update_default_version=True,
            tags=place.tags(name),
            opts=place.options(self),
        )

    def _create_group(
        self,
        group: NodeGroup,
        network: Network,
        cluster: Cluster,
        role: aws.iam.Role,
        template: aws.ec2.LaunchTemplate,
        after: list[pulumi.Resource],
    ) -> aws.eks.NodeGroup:
        place, name = self._place, f"{self._place.name}-{group.name}"
        return aws.eks.NodeGroup(
            name,
            region=place.where,
            cluster_name=cluster.cluster.name,
            node_role_arn=role.arn,
            subnet_ids=[network.nodes[letter].id for letter in group.zones],
            ami_type="AL2023_x86_64_STANDARD",
            capacity_type="ON_DEMAND",
            instance_types=[group.instance],
            version=cluster.cluster.version,
            launch_template=aws.eks.NodeGroupLaunchTemplateArgs(
                id=template.id, version=template.latest_version.apply(str)
            ),
            scaling_config=aws.eks.NodeGroupScalingConfigArgs(
                desired_size=group.nodes, min_size=group.nodes, max_size=group.most
            ),
            update_config=aws.eks.NodeGroupUpdateConfigArgs(max_unavailable=1),
            labels={NODES: group.label},
            # Of the cluster's own pods those that must be everywhere tolerate it; all others stand on `rest`.
            taints=[aws.eks.NodeGroupTaintArgs(key=NODES, value=group.label, effect="NO_SCHEDULE")]
            if group.label == "fleet"
            else None,
            tags=place.tags(name),
            opts=place.options(self, *after),
        )
