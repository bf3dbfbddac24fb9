"""What a release changes on a fleet: which daemons of which chains, which signers, which servers. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from components.manifests import keeper, signer
from config.plan import FleetPlan, RegionPlan
from config.release import DaemonBuild, Release


@dataclass(frozen=True, kw_only=True)
class Image:
    """One image of a pod: the path of its build in the release, and the build."""

    path: str
    build: DaemonBuild

    @property
    def name(self) -> str:
        """What people call the build: of `daemons.komodod` and `masters.komodod`, komodod."""
        return self.path.rpartition(".")[2]


@dataclass(frozen=True, kw_only=True)
class Pod:
    """One pod of the fleet. `name` is that of its set, or Job, in the engine; `chain` and `duty` may be empty."""

    region: str
    name: str
    kind: Literal["daemon", "signer", "server", "keeper"]
    chain: str = ""
    duty: str = ""
    signs: bool = False
    images: Mapping[str, Image]


@dataclass(frozen=True, kw_only=True)
class Change:
    """One image that differs: in a release by the path of its build, in a pod by the container's part."""

    what: str
    before: Image | None
    after: Image | None

    def __str__(self) -> str:
        old, new = (item.build.version if item else "none" for item in (self.before, self.after))
        renamed = self.before and self.after and self.before.path != self.after.path
        paths = [f"{item.name} " if renamed and item else "" for item in (self.before, self.after)]
        return f"{self.what} {paths[0]}{old} -> {paths[1]}{new}{', built anew' if old == new and not renamed else ''}"


@dataclass(frozen=True, kw_only=True)
class PodChange:
    """A pod that starts again, with what differs in it."""

    pod: Pod
    changes: tuple[Change, ...]


def builds_changed(before: Release, after: Release) -> tuple[Change, ...]:
    """The builds that differ between two releases, by their paths."""
    old, new = before.builds, after.builds
    found = [
        Change(what=path, before=_image(path, old), after=_image(path, new))
        for path in sorted({*old, *new})
        if path not in old or path not in new or _runs(old[path]) != _runs(new[path])
    ]
    return tuple(found)


def pods_changed(before: FleetPlan, after: FleetPlan) -> tuple[PodChange, ...]:
    """The pods of a stack that start again when the release of `after` follows that of `before`."""
    old = {pod.name: pod for pod in pods(before)}
    found: list[PodChange] = []
    for pod in pods(after):
        earlier: Mapping[str, Image] = old[pod.name].images if pod.name in old else {}
        changes = [
            Change(what=part, before=earlier.get(part), after=image)
            for part, image in pod.images.items()
            if part not in earlier or earlier[part].build.image != image.build.image
        ]
        if changes:
            found.append(PodChange(pod=pod, changes=tuple(changes)))
    return tuple(found)


def pods(plan: FleetPlan) -> Iterator[Pod]:
    """Every pod that a plan gives to the engine, with its images."""
    release = plan.loaded.release
    for name, region in plan.regions.items():
        yield from _chain_pods(plan, region)
        for server in region.servers:
            images = {"server": Image(path="zookeeper", build=release.zookeeper)}
            yield Pod(region=name, name=f"{name}-{server.name}", kind="server", images=images)
    home = keeper.home(plan)
    images = {"keeper": Image(path="keeper", build=release.keeper)}
    yield Pod(region=home, name=f"{home}-{keeper.KEEPER}", kind="keeper", images=images)


def _chain_pods(plan: FleetPlan, region: RegionPlan) -> Iterator[Pod]:
    release = plan.loaded.release
    for duty in region.duties:
        named, masters = f"{duty.notary}/{duty.shard}", duty.kind == "checkpoint-master"
        if not masters:
            name = f"{region.name}-{signer.name_of(duty)}"
            agent = Image(path=f"signers.{duty.kind}", build=duty.signer)
            yield Pod(region=region.name, name=name, kind="signer", duty=named, signs=True, images={"signer": agent})
        for daemon in region.daemons_of(duty):
            path = f"{'masters' if masters else 'daemons'}.{plan.loaded.daemon_for(daemon.chain.key)}"
            images = {"daemon": Image(path=path, build=daemon.build)}  # a master's watchdog runs the same one
            if not masters and release.gate:
                images["gate"] = Image(path="gate", build=release.gate)
            yield Pod(
                region=region.name,
                name=f"{region.name}-{daemon.name}",
                kind="daemon",
                chain=daemon.chain.key,
                duty=named,
                signs=masters,
                images=images,
            )


def _image(path: str, builds: Mapping[str, DaemonBuild]) -> Image | None:
    return Image(path=path, build=builds[path]) if path in builds else None


def _runs(build: DaemonBuild) -> tuple[str, str]:
    return build.version, build.image
