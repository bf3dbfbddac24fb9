"""A release: every image by digest, and the daemon of every chain."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pydantic import Field

from config.types import ChainKey, Image, Model, ObjectName, Version

SignerKind = Literal["iguana", "checkpoint-master"]


class DaemonBuild(Model):
    """One build of a daemon: the version that its project gives it, and the image that carries it."""

    version: Version
    image: Image


class Release(Model):
    """`releases/<version>.yaml`. A draft plans and renders; only the sandbox may run it."""

    version: Version
    status: Literal["draft", "released"]
    zookeeper: DaemonBuild
    keeper: DaemonBuild = Field(description="Brings the ensemble's membership to what the stack says")
    gate: DaemonBuild | None = Field(default=None, description="Needed by Iguana notaries")
    signers: Mapping[SignerKind, DaemonBuild] = Field(default_factory=dict[SignerKind, DaemonBuild])
    daemons: Mapping[ObjectName, DaemonBuild]
    chains: Mapping[ChainKey, ObjectName] = Field(
        default_factory=dict, description="Chains whose daemon is not the usual one, such as MCL: komodod-mcl"
    )

    def daemon_for(self, chain: str, usual: str) -> str:
        """The name of the build that runs `chain`, whose project usually runs `usual`."""
        return self.chains.get(chain, usual)
