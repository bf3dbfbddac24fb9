"""A region's EKS cluster: its control plane, who may operate it, and how it is reached."""

from __future__ import annotations

import pulumi
import pulumi_aws as aws

from components.aws.encryption import Encryption
from components.aws.groups import Groups
from components.aws.network import Network
from components.aws.place import Place
from components.aws.policies import allow, document, grant, kms, make_role, trust
from config.aws.names import cluster_name

LOG_DAYS = 365
LOGS = ("api", "audit", "authenticator", "controllerManager", "scheduler")
ADMIN = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy"


class Cluster(pulumi.ComponentResource):
    """The control plane. `operable`: what the program needs before it can make anything in the cluster."""

    cluster: aws.eks.Cluster
    kubeconfig: pulumi.Output[str]
    operable: list[pulumi.Resource]

    def __init__(
        self,
        place: Place,
        network: Network,
        groups: Groups,
        encryption: Encryption,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("notary:aws:Cluster", f"{place.name}-control-plane", {}, opts)
        self._place = place
        self._name = cluster_name(place.plan, place.region)
        logs = self._create_log_group(encryption)
        role, attached = self._create_role(encryption)
        self.cluster = self._create_cluster(network, encryption, role, [logs, *attached])
        rules = groups.create_rules(self.cluster.vpc_config.cluster_security_group_id)
        self.operable = [*rules, *self._create_access()]
        self.kubeconfig = self._kubeconfig()
        self.register_outputs({"name": self._name})

    def _create_log_group(self, encryption: Encryption) -> aws.cloudwatch.LogGroup:
        """Ahead of the cluster, which would make it without an end or a key."""
        place, name = self._place, f"{self._place.name}-control-plane-logs"
        return aws.cloudwatch.LogGroup(
            name,
            region=place.where,
            name=f"/aws/eks/{self._name}/cluster",
            retention_in_days=LOG_DAYS,
            kms_key_id=encryption.key.arn,
            tags=place.tags(name),
            opts=place.options(self),
        )

    def _create_role(self, encryption: Encryption) -> tuple[aws.iam.Role, list[pulumi.Resource]]:
        role, attached = make_role(
            self._place, "cluster-role", trust("eks", self._place), self, ["AmazonEKSClusterPolicy"]
        )
        uses = encryption.key.arn.apply(_uses)
        return role, [*attached, grant(self._place, "cluster-key", role, uses)]

    def _create_cluster(
        self, network: Network, encryption: Encryption, role: aws.iam.Role, after: list[pulumi.Resource]
    ) -> aws.eks.Cluster:
        """The API server answers inside the mesh, and on the internet to the operators' networks alone."""
        place, cloud = self._place, self._place.plan.loaded.stack.aws
        operators = [*cloud.operators] if cloud else []
        return aws.eks.Cluster(
            f"{place.name}-cluster",
            region=place.where,
            name=self._name,
            version=cloud.kubernetes if cloud else None,
            role_arn=role.arn,
            vpc_config=aws.eks.ClusterVpcConfigArgs(
                subnet_ids=[subnet.id for subnet in network.inner.values()],
                endpoint_private_access=True,
                endpoint_public_access=bool(operators),
                public_access_cidrs=operators or None,
            ),
            access_config=aws.eks.ClusterAccessConfigArgs(
                authentication_mode="API", bootstrap_cluster_creator_admin_permissions=False
            ),
            encryption_config=aws.eks.ClusterEncryptionConfigArgs(
                resources=["secrets"], provider=aws.eks.ClusterEncryptionConfigProviderArgs(key_arn=encryption.key.arn)
            ),
            kubernetes_network_config=aws.eks.ClusterKubernetesNetworkConfigArgs(
                service_ipv4_cidr=place.region.made.network.services
            ),
            enabled_cluster_log_types=[*LOGS],
            upgrade_policy=aws.eks.ClusterUpgradePolicyArgs(support_type="STANDARD"),
            bootstrap_self_managed_addons=False,
            deletion_protection=place.production,
            tags=place.tags(f"{place.name}-cluster"),
            opts=place.options(self, *after, protect=True),
        )

    def _create_access(self) -> list[pulumi.Resource]:
        """The administrators of the configuration, and nobody because he made the cluster."""
        place, cloud = self._place, self._place.plan.loaded.stack.aws
        made: list[pulumi.Resource] = []
        for arn in cloud.admins if cloud else ():
            name = f"{place.name}-admin-{arn.partition(':role/')[2].replace('/', '-').lower()}"
            entry = aws.eks.AccessEntry(
                name,
                region=place.where,
                cluster_name=self.cluster.name,
                principal_arn=arn,
                tags=place.tags(name),
                opts=place.options(self),
            )
            scope = aws.eks.AccessPolicyAssociationAccessScopeArgs(type="cluster")
            made.append(
                aws.eks.AccessPolicyAssociation(
                    name,
                    region=place.where,
                    cluster_name=self.cluster.name,
                    principal_arn=arn,
                    policy_arn=ADMIN,
                    access_scope=scope,
                    opts=place.options(self, entry),
                )
            )
        return made

    def _kubeconfig(self) -> pulumi.Output[str]:
        """A kubeconfig without a secret: `aws` gives a token to whoever has an access entry."""
        arguments = ["eks", "get-token", "--region", self._place.where, "--cluster-name", self._name]
        login = {"apiVersion": "client.authentication.k8s.io/v1", "command": "aws", "args": arguments}
        authority = self.cluster.certificate_authority.data
        document = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [
                {
                    "name": self._name,
                    "cluster": {"server": self.cluster.endpoint, "certificate-authority-data": authority},
                }
            ],
            "users": [{"name": self._name, "user": {"exec": {**login, "interactiveMode": "Never"}}}],
            "contexts": [{"name": self._name, "context": {"cluster": self._name, "user": self._name}}],
            "current-context": self._name,
        }
        return pulumi.Output.secret(pulumi.Output.json_dumps(document))


def _uses(key: str) -> str:
    """What the control plane does with the key of its Secrets."""
    return document(allow(kms("Decrypt", "DescribeKey", "Encrypt", "ListGrants"), key))
