"""The cluster's add-ons, each with a role of its own through EKS Pod Identity."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pulumi
import pulumi_aws as aws

from components.aws.cluster import Cluster
from components.aws.encryption import Encryption
from components.aws.place import Place
from components.aws.policies import REENCRYPT, USE, allow, document, grant, kms, make_role, pod_trust
from config.region import NODES

# Add-ons that are daemons on each node, and must be there for a node to become ready.
POLICIES_ON = {"enableNetworkPolicy": "true"}  # without it, NetworkPolicies are accepted and do nothing
REST = {"nodeSelector": {NODES: "rest"}}


class NodeAddons(pulumi.ComponentResource):
    """What makes a node ready: its pods' addresses and policies, Services, and roles for pods."""

    made: list[pulumi.Resource]

    def __init__(self, place: Place, cluster: Cluster, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("notary:aws:NodeAddons", f"{place.name}-node-addons", {}, opts)
        role, attached = make_role(place, "cni-role", pod_trust(place), self, ["AmazonEKS_CNI_Policy"])
        agent = _addon(place, cluster, self, "eks-pod-identity-agent", {}, attached)
        proxy = _addon(place, cluster, self, "kube-proxy", {}, [])
        network = _addon(place, cluster, self, "vpc-cni", POLICIES_ON, [agent, *attached], ("aws-node", role))
        self.made = [agent, proxy, network]
        self.register_outputs({})


class Addons(pulumi.ComponentResource):
    """What runs on nodes: DNS, volumes, and their snapshots."""

    made: list[pulumi.Resource]

    def __init__(
        self,
        place: Place,
        cluster: Cluster,
        encryption: Encryption,
        after: list[pulumi.Resource],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("notary:aws:Addons", f"{place.name}-addons", {}, opts)
        policy = "service-role/AmazonEBSCSIDriverPolicy"
        role, attached = make_role(place, "volumes-role", pod_trust(place), self, [policy])
        attached.append(grant(place, "volumes-key", role, encryption.key.arn.apply(_encrypts)))
        volumes = ("ebs-csi-controller-sa", role)
        dns = _addon(place, cluster, self, "coredns", REST, after)
        csi = _addon(place, cluster, self, "aws-ebs-csi-driver", {"controller": REST}, [*after, *attached], volumes)
        snapshots = _addon(place, cluster, self, "snapshot-controller", REST, after)
        self.made = [dns, csi, snapshots]
        self.register_outputs({})


def _addon(
    place: Place,
    cluster: Cluster,
    parent: pulumi.Resource,
    addon: str,
    values: Mapping[str, Any],
    after: list[pulumi.Resource],
    account: tuple[str, aws.iam.Role] | None = None,
) -> aws.eks.Addon:
    """One add-on at the version that EKS has for the cluster's. `account` is its service account, with its role."""
    name = f"{place.name}-{addon}"
    identities = (
        [aws.eks.AddonPodIdentityAssociationArgs(service_account=account[0], role_arn=account[1].arn)]
        if account
        else None
    )
    return aws.eks.Addon(
        name,
        region=place.where,
        cluster_name=cluster.cluster.name,
        addon_name=addon,
        configuration_values=json.dumps(values) if values else None,
        pod_identity_associations=identities,
        resolve_conflicts_on_create="OVERWRITE",
        resolve_conflicts_on_update="OVERWRITE",
        tags=place.tags(name),
        opts=place.options(parent, *after),
    )


def _encrypts(key: str) -> str:
    """What volumes need of their key (EBS User Guide, "Permissions for IAM principals"); grants for EC2 alone."""
    use = allow(kms(*USE, *REENCRYPT), key)
    grants = allow(kms("CreateGrant"), key, Condition={"Bool": {"kms:GrantIsForAWSResource": "true"}})
    return document(use, grants)
