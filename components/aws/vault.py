"""Keys of notaries in Secrets Manager, for External Secrets to bring into the cluster. Their values never pass here."""

from __future__ import annotations

import pulumi
import pulumi_aws as aws

from components.aws.cluster import Cluster
from components.aws.encryption import Encryption
from components.aws.place import Place
from components.aws.policies import allow, document, grant, kms, make_role, pod_trust
from config.aws.names import kept_secrets, vault_name

RECOVERY_DAYS = 30
OPERATOR = "external-secrets"  # namespace and service account of its own chart


class Vault(pulumi.ComponentResource):
    """Empty secrets, which a person fills, and a role that reads exactly these."""

    def __init__(
        self, place: Place, cluster: Cluster, encryption: Encryption, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("notary:aws:Vault", f"{place.name}-vault", {}, opts)
        self._place = place
        secrets = [self._create_secret(name, encryption) for name in kept_secrets(place.plan, place.region)]
        role, _ = make_role(place, "vault-role", pod_trust(place), self)
        arns = pulumi.Output.all(encryption.key.arn, *(secret.arn for secret in secrets))
        grant(place, "vault-read", role, arns.apply(_reads))
        name = f"{place.name}-vault"
        aws.eks.PodIdentityAssociation(
            name,
            region=place.where,
            cluster_name=cluster.cluster.name,
            namespace=OPERATOR,
            service_account=OPERATOR,
            role_arn=role.arn,
            tags=place.tags(name),
            opts=place.options(self),
        )
        self.register_outputs({})

    def _create_secret(self, secret: str, encryption: Encryption) -> aws.secretsmanager.Secret:
        place, name = self._place, f"{self._place.name}-secret-{secret}"
        return aws.secretsmanager.Secret(
            name,
            region=place.where,
            name=vault_name(place.plan, secret),
            kms_key_id=encryption.key.arn,
            recovery_window_in_days=RECOVERY_DAYS,
            tags=place.tags(name),
            opts=place.options(self, protect=True, retain=True),
        )


def _reads(arns: list[str]) -> str:
    """The key first, then the secrets."""
    key, *secrets = arns
    read = allow(["secretsmanager:GetSecretValue", "secretsmanager:DescribeSecret"], secrets)
    return document(read, allow(kms("Decrypt"), key))
