"""Images that a test stack builds and pushes, for a release to name. Production takes releases alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pulumi
import pulumi_docker as docker
import pulumi_docker_build as docker_build

from config.images import ImageSource, dockerfile, load_images, needed
from config.stack import ImageBuilds


@dataclass(frozen=True, kw_only=True)
class ImagesArgs:
    """What to build and where to push it; `root` is the repository, which all is built from."""

    builds: ImageBuilds
    root: Path


class Images(pulumi.ComponentResource):
    """`references` are the pushed images by name and digest, each the same in every replica of the registry.

    Nothing is built in a preview. What was pushed stays in the registry when it leaves the stack: releases name it.
    """

    references: dict[str, pulumi.Output[str]]

    def __init__(self, args: ImagesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("notary:images:Images", "images", {}, opts)
        listed = load_images(args.root)
        made: dict[str, docker_build.Image] = {}
        for name in needed(listed, args.builds.names):
            made[name] = self._build(args, name, listed[name], made)
        self.references = {
            name: _verified(args.builds, name, listed[name], image)
            for name, image in made.items()
            if name in args.builds.names
        }
        self.register_outputs({"references": self.references})

    def _build(
        self, args: ImagesArgs, name: str, source: ImageSource, made: Mapping[str, docker_build.Image]
    ) -> docker_build.Image:
        builds, place = args.builds, f"{args.builds.registry}/{name}"
        cache = docker_build.CacheToRegistryArgs(ref=f"{place}:cache", mode=docker_build.CacheMode.MAX)
        on = {argument: made[other].ref for argument, other in source.on.items()}
        return docker_build.Image(
            f"image-{name}",
            context=docker_build.BuildContextArgs(location=str(args.root)),
            dockerfile=docker_build.DockerfileArgs(location=str(args.root / dockerfile(name, source))),
            build_args={**source.arguments, **on},
            labels={"org.opencontainers.image.title": name, "org.opencontainers.image.version": source.version},
            platforms=[docker_build.Platform(item) for item in builds.platforms],
            cache_from=[docker_build.CacheFromArgs(registry=docker_build.CacheFromRegistryArgs(ref=f"{place}:cache"))],
            cache_to=[docker_build.CacheToArgs(registry=cache)],
            tags=[f"{place}:{source.version}"],
            push=True,
            build_on_preview=False,
            opts=pulumi.ResourceOptions(parent=self, retain_on_delete=True),
        )


def _verified(builds: ImageBuilds, name: str, source: ImageSource, image: docker_build.Image) -> pulumi.Output[str]:
    """The image by its digest, once every replica of the registry gives its tag the same one."""
    asked = [
        docker.get_registry_image_output(
            name=f"{replica}/{name}:{source.version}", opts=pulumi.InvokeOutputOptions(depends_on=[image])
        ).sha256_digest
        for replica in builds.replicas
    ]

    def reference(found: list[str]) -> str:
        digest, *copies = found
        for replica, copy in zip(builds.replicas, copies, strict=True):
            if copy != digest:
                raise pulumi.RunError(
                    f"{replica}/{name}:{source.version} is {copy}, and {digest} was pushed to {builds.registry}: wait "
                    "until the registry has copied it, then update once more"
                )
        return f"{builds.registry}/{name}@{digest}"

    return pulumi.Output.all(image.digest, *asked).apply(reference)
