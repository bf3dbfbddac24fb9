"""What a cluster on AWS has beside the fleet: volumes' classes, their snapshots', and keys from Secrets Manager."""

from __future__ import annotations

from collections.abc import Iterator

from components.manifests.pods import COMMON, Manifest, metadata
from components.manifests.snapshots import GROUP, VERSION
from config.aws.cloud import SNAPSHOT_CLASS
from config.aws.names import kept_secrets, key_alias, vault_name
from config.aws.storage import CLASSES, VolumeClass
from config.plan import FleetPlan, RegionPlan

DRIVER = "ebs.csi.aws.com"
STORE = "secrets-manager"


def objects(plan: FleetPlan, region: RegionPlan) -> Iterator[Manifest]:
    """The classes, which belong to the whole cluster, and where keys come from."""
    for item in CLASSES:
        yield storage_class(item, key_alias(plan, region))
    yield snapshot_class()
    kept = kept_secrets(plan, region)
    if kept:
        yield _store(plan, region)
    for secret in kept:
        yield _external_secret(plan, secret)


def storage_class(wanted: VolumeClass, key: str) -> Manifest:
    """A class of encrypted gp3 volumes that outlive their claims, in the zone where their pod first stood."""
    parameters = {
        "type": "gp3",
        "iops": str(wanted.iops),
        "throughput": str(wanted.throughput),
        "encrypted": "true",
        "kmsKeyId": key,
        "csi.storage.k8s.io/fstype": "ext4",
    }
    return {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": {"name": wanted.name, "labels": dict(COMMON)},
        "provisioner": DRIVER,
        "parameters": parameters,
        "reclaimPolicy": "Retain",
        "allowVolumeExpansion": True,
        "volumeBindingMode": "WaitForFirstConsumer",
    }


def snapshot_class() -> Manifest:
    """Snapshots that outlive their objects."""
    return {
        "apiVersion": f"{GROUP}/{VERSION}",
        "kind": "VolumeSnapshotClass",
        "metadata": {"name": SNAPSHOT_CLASS, "labels": dict(COMMON)},
        "driver": DRIVER,
        "deletionPolicy": "Retain",
    }


def _store(plan: FleetPlan, region: RegionPlan) -> Manifest:
    """Where External Secrets looks, with the role of its own service account."""
    provider = {"aws": {"service": "SecretsManager", "region": region.made.region.aws_region}}
    return {
        "apiVersion": "external-secrets.io/v1",
        "kind": "SecretStore",
        "metadata": metadata(plan.loaded.stack.namespace, STORE, COMMON),
        "spec": {"provider": provider},
    }


def _external_secret(plan: FleetPlan, secret: str) -> Manifest:
    """Every key of one secret in Secrets Manager, as the Secret that the stack names."""
    spec = {
        "refreshInterval": "1h",
        "secretStoreRef": {"kind": "SecretStore", "name": STORE},
        "target": {"name": secret, "creationPolicy": "Orphan"},
        "dataFrom": [{"extract": {"key": vault_name(plan, secret)}}],
    }
    return {
        "apiVersion": "external-secrets.io/v1",
        "kind": "ExternalSecret",
        "metadata": metadata(plan.loaded.stack.namespace, secret, COMMON),
        "spec": spec,
    }
