"""Notaries, their duties, and the candidates for each duty."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from config.region import Area
from config.types import (
    ChainKey,
    HostAddress,
    Model,
    NotaryName,
    ObjectName,
    Pubkey,
    RegionName,
    SecretKey,
    ShardName,
    expected,
)


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


class IguanaCandidate(Candidate):
    """One whose Iguana talks to the other notaries' over a bus."""

    bus_address: HostAddress | None = Field(
        default=None, description="Where other notaries reach the bus; Iguana opens none without it"
    )


class _DutyBase(Model):
    pubkey: Pubkey
    keys: SecretSource


class IguanaDuty(_DutyBase):
    """A shard of an elected notary: Iguana signs for all of its chains."""

    chains: tuple[ChainKey, ...] = Field(strict=False, min_length=1, max_length=200)
    candidates: Mapping[RegionName, IguanaCandidate] = Field(min_length=1)
    bus_notaries: tuple[HostAddress, ...] = Field(
        default=(), strict=False, max_length=64, description="Other notaries whose bus Iguana calls first"
    )
    bus_port: int = Field(
        description="Iguana's bus: 13848 for Main, 13845 for 3P, 17762 on the testnet (KomodoPlatform/dPoW 2f846c0)",
        ge=1024,
        le=65_535,
    )

    @model_validator(mode="after")
    def _called_by_somebody(self) -> Self:
        if self.bus_notaries and not all(candidate.bus_address for candidate in self.candidates.values()):
            raise expected("busAddress for each candidate beside busNotaries: without it Iguana opens no bus")
        return self


class CheckpointDuty(_DutyBase):
    """The checkpoint master of one chain: its daemon is the signer."""

    chain: ChainKey
    candidates: Mapping[RegionName, Candidate] = Field(min_length=1)


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
