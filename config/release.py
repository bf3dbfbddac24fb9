"""A release: every image by digest, the daemon of every chain, and what a test stack showed of it."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from config.types import ChainKey, Image, Model, ObjectName, Version, expected

SignerKind = Literal["iguana"]
MOMENT = "%Y-%m-%dT%H:%M:%SZ"


def day(value: str) -> str:
    """A day of the calendar, as ISO 8601 writes it."""
    try:
        return date.fromisoformat(value).isoformat()
    except ValueError:
        raise expected("a day such as 2026-11-21") from None


def moment(value: str) -> datetime:
    """The time that `written` wrote; raises ValueError."""
    return datetime.strptime(value, MOMENT).replace(tzinfo=UTC)


def written(value: datetime) -> str:
    """A time in UTC, to the second."""
    return value.astimezone(UTC).strftime(MOMENT)


def _moment(value: str) -> str:
    try:
        return written(moment(value))
    except ValueError:
        raise expected("a time in UTC such as 2026-11-21T09:30:00Z") from None


def _digest(value: str) -> str:
    if not re.fullmatch(r"sha256:[0-9a-f]{64}", value):
        raise expected("a release's digest, sha256:<64 hex>, as `fleet release show` tells it")
    return value


def _source(value: str) -> str:
    if len(value.split()) < 1 or len(value) > 300:
        raise expected("where it stands, such as GLEECBTC/komodo-daemon 558a174 src/komodo_hardfork.cpp")
    return value


Day = Annotated[str, AfterValidator(day)]
Moment = Annotated[str, AfterValidator(_moment)]
Digest = Annotated[str, AfterValidator(_digest)]
Source = Annotated[str, AfterValidator(_source)]


class DataFormat(Model):
    """What a build writes to its disk. It reads every format of its family up to its own number, and none above."""

    family: ObjectName = Field(description="Whose numbers these are: builds of one project and its forks share one")
    number: int = Field(ge=1, description="Grows with each change after which an older build can't read the data")
    source: Source


class HardFork(Model):
    """A rule that a build follows from a height (blocks) or a time (Unix seconds of a block) on."""

    chain: ChainKey | Literal["assetchains"]
    height: int | None = Field(default=None, ge=1)
    time: int | None = Field(default=None, ge=1)
    source: Source

    @model_validator(mode="after")
    def _at_one_point(self) -> HardFork:
        if (self.height is None) == (self.time is None):
            raise expected("a height or a time, one of them")
        return self

    @property
    def rule(self) -> tuple[str, int | None, int | None]:
        """What makes two builds' forks the same one, wherever each says that it is written."""
        return self.chain, self.height, self.time

    def binds(self, chain: str) -> bool:
        """Whether `chain` follows it; every chain of the registries is an assetchain, coins such as KMD are none."""
        return self.chain == chain or (self.chain == "assetchains" and chain not in ("KMD", "LTC", "BTC"))


class DaemonBuild(Model):
    """One build of a daemon: the version that its project gives it, and the image that carries it.

    Without `data` or `forks` nobody looked; an empty list of forks says that there are none.
    """

    version: Version
    image: Image
    source: Source | None = Field(default=None, description="What it was built from: repository and commit or tag")
    data: DataFormat | None = None
    forks: tuple[HardFork, ...] | None = Field(default=None, strict=False)


class Evidence(Model):
    """What one stack ran, for how long, and what it notarised. Nobody signs it: review is what vouches for it."""

    stack: ObjectName
    stage: Literal["sandbox", "test", "production"]
    release: Digest = Field(description="The digest of the release that ran: another one needs its own evidence")
    updates: tuple[int, ...] = Field(strict=False, min_length=1, description="The engine's numbers of its updates")
    since: Moment = Field(description="The end of the first update to this release that succeeded")
    until: Moment
    builds: tuple[str, ...] = Field(
        strict=False, description="The builds with pods in the stack's state, such as daemons.komodod"
    )
    notarised: Mapping[ChainKey, Annotated[int, Field(ge=0)]] = Field(
        default_factory=dict[str, int], description="Notarisations by chain in that time, as the operator counted them"
    )
    signature: Literal["none"] = "none"


class Release(Model):
    """`releases/<version>.yaml`. A draft plans and renders; only the sandbox may run it."""

    version: Version
    status: Literal["draft", "released"]
    date: Day | None = Field(default=None, description="When it was released; production wants one")
    zookeeper: DaemonBuild
    keeper: DaemonBuild = Field(description="Brings the ensemble's membership to what the stack says")
    gate: DaemonBuild | None = Field(default=None, description="Needed by Iguana notaries")
    signers: Mapping[SignerKind, DaemonBuild] = Field(default_factory=dict[SignerKind, DaemonBuild])
    masters: Mapping[ObjectName, DaemonBuild] = Field(
        default_factory=dict[ObjectName, DaemonBuild],
        description="The agent with a daemon for it to start, by the daemon's name under `daemons`: checkpoint masters",
    )
    daemons: Mapping[ObjectName, DaemonBuild]
    chains: Mapping[ChainKey, ObjectName] = Field(
        default_factory=dict, description="Chains whose daemon is not the usual one, such as MCL: komodod-mcl"
    )
    untested: Mapping[str, Source] = Field(
        default_factory=dict, description="Builds that no test stack can run, such as daemons.litecoind, and why"
    )
    evidence: tuple[Evidence, ...] = Field(default=(), strict=False, description="The last key of the file")

    def daemon_for(self, chain: str, usual: str) -> str:
        """The name of the build that runs `chain`, whose project usually runs `usual`."""
        return self.chains.get(chain, usual)

    def master_with(self, daemon: str) -> DaemonBuild:
        """The checkpoint master's build that starts this daemon. Raises KeyError where the release has none.

        What is said of the daemon's data and forks holds for it too, unless it says something of its own.
        """
        build, same = self.masters[daemon], self.daemons.get(daemon)
        told = {key: getattr(same, key) for key in ("data", "forks") if same and getattr(build, key) is None}
        return build.model_copy(update=told)

    @property
    def builds(self) -> Mapping[str, DaemonBuild]:
        """Every build by its path in the file."""
        return dict(self._builds())

    def _builds(self) -> Iterator[tuple[str, DaemonBuild]]:
        yield "zookeeper", self.zookeeper
        yield "keeper", self.keeper
        if self.gate:
            yield "gate", self.gate
        yield from ((f"signers.{name}", build) for name, build in sorted(self.signers.items()))
        yield from ((f"masters.{name}", build) for name, build in sorted(self.masters.items()))
        yield from ((f"daemons.{name}", build) for name, build in sorted(self.daemons.items()))

    @property
    def digest(self) -> str:
        """Names what runs: the version, each build's version and image, and which daemon each chain has."""
        builds = {name: [build.version, build.image] for name, build in self.builds.items()}
        content = json.dumps([self.version, builds, dict(self.chains)], sort_keys=True)
        return f"sha256:{hashlib.sha256(content.encode()).hexdigest()}"
