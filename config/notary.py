"""Notaries, their duties, and the candidates for each duty."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from config.region import Area
from config.types import ChainKey, Model, NotaryName, ObjectName, Pubkey, RegionName, SecretKey, ShardName, expected


class SecretSource(Model):
    """Where a secret lies; never the secret itself."""

    secret_name: ObjectName | None = Field(
        default=None, description="A Kubernetes Secret that the operator makes in each region"
    )
    config: SecretKey | None = Field(default=None, description="A secret key of this stack, set by `fleet secret set`")

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        if (self.secret_name is None) == (self.config is None):
            raise expected("exactly one of secretName, config, such as {secretName: alice-eu-main}")
        return self


class Candidate(Model):
    """A signer of the duty in one region. A lower number is a better priority."""

    priority: int = Field(ge=1, le=100)
    standby: Literal["hot", "cold"] = "hot"


class _DutyBase(Model):
    pubkey: Pubkey
    keys: SecretSource
    candidates: Mapping[RegionName, Candidate] = Field(min_length=1)


class IguanaDuty(_DutyBase):
    """A shard of an elected notary: Iguana signs for all of its chains."""

    chains: tuple[ChainKey, ...] = Field(strict=False, min_length=1, max_length=200)
    bus_port: int = Field(
        description="Iguana's bus: 13848 for Main, 13845 for 3P, 17762 on the testnet (KomodoPlatform/dPoW 2f846c0)",
        ge=1024,
        le=65_535,
    )


class CheckpointDuty(_DutyBase):
    """The checkpoint master of one chain: its daemon is the signer."""

    chain: ChainKey


class _NotaryBase(Model):
    elected_region: Area


class IguanaNotary(_NotaryBase):
    """An elected seat that notarises through Iguana."""

    kind: Literal["iguana"]
    shards_apart: bool = Field(default=True, description="Main and 3P never on one node")
    duties: Mapping[ShardName, IguanaDuty] = Field(min_length=1)


class CheckpointNotary(_NotaryBase):
    """The holder of checkpoint master keys (Komodo since January 2026)."""

    kind: Literal["checkpoint-master"]
    duties: Mapping[ShardName, CheckpointDuty] = Field(min_length=1)


Notary = Annotated[IguanaNotary | CheckpointNotary, Field(discriminator="kind")]
Notaries = Mapping[NotaryName, Notary]


def chains_of(duty: IguanaDuty | CheckpointDuty) -> tuple[str, ...]:
    """The chains that a duty's daemons run, in the order of the configuration."""
    return duty.chains if isinstance(duty, IguanaDuty) else (duty.chain,)
