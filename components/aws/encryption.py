"""The region's key: for Secrets in etcd, volumes, images, keys of notaries and logs."""

from __future__ import annotations

import pulumi
import pulumi_aws as aws

from components.aws.place import Place
from components.aws.policies import ADMINISTER, REENCRYPT, USE, allow, document, kms
from config.aws.names import cluster_name

DELETION_DAYS = 30  # the longest that AWS waits: without its key, a volume's data is gone


class Encryption(pulumi.ComponentResource):
    """One key of the region's own, turned every year. Whoever loses it loses the data."""

    key: aws.kms.Key
    alias: aws.kms.Alias

    def __init__(self, place: Place, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("notary:aws:Encryption", f"{place.name}-encryption", {}, opts)
        name = f"{place.name}-key"
        self.key = aws.kms.Key(
            name,
            region=place.where,
            description=f"Data of the notary fleet {place.plan.loaded.name} in {place.name}",
            enable_key_rotation=True,
            deletion_window_in_days=DELETION_DAYS,
            policy=_policy(place),
            tags=place.tags(name),
            opts=place.options(self, protect=True, retain=True),
        )
        # Volumes' classes know the key by this name before it is made.
        self.alias = aws.kms.Alias(
            f"{name}-alias",
            region=place.where,
            name=f"alias/{cluster_name(place.plan, place.region)}",
            target_key_id=self.key.key_id,
            opts=place.options(self),
        )
        self.register_outputs({"key": self.key.arn})


def _policy(place: Place) -> str:
    """The account decides by roles who uses the key; CloudWatch may, for the log groups of this account and region."""
    owner = allow(kms(*ADMINISTER, *USE, *REENCRYPT), "*", Principal={"AWS": f"arn:aws:iam::{place.account}:root"})
    groups = f"arn:aws:logs:{place.where}:{place.account}:log-group:*"
    logs = allow(
        kms(*USE, *REENCRYPT),
        "*",
        Principal={"Service": f"logs.{place.where}.amazonaws.com"},
        Condition={"ArnLike": {"kms:EncryptionContext:aws:logs:arn": groups}},
    )
    return document(owner, logs)
