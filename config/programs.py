"""What each image of the fleet runs, in one place: Dockerfiles, releases and manifests are held against it by tests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

PYTHON = "python3"  # the failover image, and what is made of it, has no other name for it
FAILOVER = (PYTHON, "-m", "failover")


@dataclass(frozen=True, kw_only=True)
class Program:
    """`entrypoint` is the image's; a container's `args` come behind it.

    `starts` is the one program that the agent finds in the image to start, by its name on PATH.
    """

    entrypoint: tuple[str, ...]
    starts: str | None = None


# By the folder of images/ that holds the Dockerfile.
PROGRAMS: Mapping[str, Program] = {
    "failover": Program(entrypoint=FAILOVER),
    "zookeeper": Program(entrypoint=()),
    "iguana": Program(entrypoint=FAILOVER, starts="iguana"),
    "iguana-double": Program(entrypoint=FAILOVER, starts="iguana"),
    "checkpoint-master": Program(entrypoint=FAILOVER, starts="komodod"),
    "komodod": Program(entrypoint=("komodod",)),
    "core-daemon": Program(entrypoint=("daemon",)),
    "debian-daemon": Program(entrypoint=("daemon",)),
    "btcd": Program(entrypoint=("btcd",)),
}
# The folders of the images that a release may name for a build, by the first word of the build's path.
_FOLDERS: Mapping[str, tuple[str, ...]] = {
    "zookeeper": ("zookeeper",),
    "keeper": ("failover",),
    "gate": ("failover",),
    "signers": ("iguana",),
    "masters": ("checkpoint-master",),
    "daemons": ("komodod", "core-daemon", "debian-daemon"),
}


def folders_for(build: str) -> tuple[str, ...]:
    """The folders of images that run what a release's build is for, such as `daemons.komodod`.

    Raises KeyError for a path that no release has.
    """
    return _FOLDERS[build.partition(".")[0]]


def image_name(reference: str) -> str:
    """An image's own name in a reference such as `registry.example.net/notary/komodod:v1@sha256:…`: komodod."""
    return reference.partition("@")[0].rpartition("/")[2].partition(":")[0]
