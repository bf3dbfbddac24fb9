"""The whole of one stack's configuration, as in Pulumi.<stack>.yaml."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pydantic import Field

from config.aws.cloud import Cloud
from config.ensemble import Ensemble
from config.fencing import Failover
from config.notary import Notaries, SecretSource
from config.region import Regions
from config.types import ChainKey, Cpu, Model, ObjectName, ProjectPath, Quantity, Registry


class ChainSize(Model):
    """What one daemon of a chain asks for."""

    storage: Quantity = "20Gi"
    memory: Quantity = "2Gi"
    cpu: Cpu = "500m"


class ImageBuilds(Model):
    """Images that a test stack builds from its checkout and pushes. A release then names them by digest."""

    registry: Registry = Field(description="A registry and a path, such as registry.example.net/notary")
    names: tuple[ObjectName, ...] = Field(strict=False, min_length=1, description="Of images/images.yaml")
    platforms: tuple[Literal["linux/amd64", "linux/arm64"], ...] = Field(
        default=("linux/amd64",), strict=False, min_length=1
    )
    replicas: tuple[Registry, ...] = Field(
        default=(), strict=False, description="The registry's copies in other regions, which must have the same digests"
    )


class Stack(Model):
    """`notary:<key>` of a stack file for each field; secrets are keys of their own beside them."""

    stage: Literal["sandbox", "test", "production"] = Field(description="What the stack may run: drafts, tests, money")
    release: ProjectPath = Field(description="The release file, such as releases/2026.11.yaml")
    registries: tuple[ProjectPath, ...] = Field(
        strict=False, min_length=1, description="Files of ac_* objects, as operators know them"
    )
    namespace: ObjectName = "notary"
    rpc: SecretSource = Field(description="username and password of the daemons' wallet RPC, inside their pods")
    regions: Regions = Field(min_length=1)
    aws: Cloud | None = Field(default=None, description="The account of regions with `provider: eks`")
    ensemble: Ensemble = Field(default_factory=lambda: Ensemble())
    failover: Failover = Field(default_factory=lambda: Failover())
    sizes: Mapping[ChainKey, ChainSize] = Field(default_factory=dict, description="Sizes by chain; the rest is small")
    notaries: Notaries = Field(min_length=1)
    canary: ChainKey | None = Field(
        default=None, description="The chain whose daemon changes first in an update; all others wait until it is up"
    )
    images: ImageBuilds | None = Field(default=None, description="What this stack builds itself; never in production")
