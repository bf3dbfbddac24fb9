"""Images: a repository for each of the release's in every region, copied from the home region to all."""

from __future__ import annotations

from collections.abc import Mapping

import pulumi
import pulumi_aws as aws

from components.aws.encryption import Encryption
from components.aws.place import Place
from config.aws.names import repositories


class Registry(pulumi.ComponentResource):
    """Immutable tags, scanned when pushed, encrypted. Only what is pushed once the rule is there is copied."""

    def __init__(
        self,
        home: str,
        places: Mapping[str, Place],
        keys: Mapping[str, Encryption],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("notary:aws:Registry", "registry", {}, opts)
        made = [
            self._create(place, keys[name], repository) for name, place in places.items() for repository in _all(place)
        ]
        self._replicate(places[home], [place for name, place in places.items() if name != home], made)
        self.register_outputs({})

    def _create(self, place: Place, encryption: Encryption, repository: str) -> aws.ecr.Repository:
        name = f"{place.name}-repository-{repository.replace('/', '-')}"
        return aws.ecr.Repository(
            name,
            region=place.where,
            name=repository,
            image_tag_mutability="IMMUTABLE",
            image_scanning_configuration=aws.ecr.RepositoryImageScanningConfigurationArgs(scan_on_push=True),
            encryption_configurations=[
                aws.ecr.RepositoryEncryptionConfigurationArgs(encryption_type="KMS", kms_key=encryption.key.arn)
            ],
            tags=place.tags(name),
            opts=place.options(self, protect=True, retain=True),
        )

    def _replicate(self, home: Place, others: list[Place], after: list[aws.ecr.Repository]) -> None:
        if not others:
            return
        rules = aws.ecr
        destinations = [
            rules.ReplicationConfigurationReplicationConfigurationRuleDestinationArgs(
                region=place.where, registry_id=place.account
            )
            for place in others
        ]
        filters = [
            rules.ReplicationConfigurationReplicationConfigurationRuleRepositoryFilterArgs(
                filter=repository, filter_type="PREFIX_MATCH"
            )
            for repository in _all(home)
        ]
        rule = rules.ReplicationConfigurationReplicationConfigurationRuleArgs(
            destinations=destinations, repository_filters=filters
        )
        aws.ecr.ReplicationConfiguration(
            f"{home.name}-replication",
            region=home.where,
            replication_configuration=rules.ReplicationConfigurationReplicationConfigurationArgs(rules=[rule]),
            opts=home.options(self, *after),
        )


def _all(place: Place) -> tuple[str, ...]:
    return repositories(place.plan)
