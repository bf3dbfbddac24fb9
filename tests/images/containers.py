"""Containers of an image: no container engine, but a read-only root and any user."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from sandbox.pods.bubble import Bubble, Process
from sandbox.pods.image import Image
from sandbox.pods.volumes import Mount

ANYBODY = 1_234_567_890  # OpenShift gives users such numbers


def container(
    image: Image, folder: Path, *, mounts: Sequence[Mount] = (), environment: Mapping[str, str] | None = None
) -> Bubble:
    """A container whose home and /tmp are folders below `folder`; all else is read-only."""
    for name in ("home", "tmp"):
        (folder / name).mkdir(exist_ok=True)
        (folder / name).chmod(0o777)
    for name in ("hosts", "resolv.conf"):
        (folder / name).touch()
    return Bubble(
        image=image,
        mounts=[
            Mount(outside=folder / "home", inside="/home/notary", read_only=False),
            Mount(outside=folder / "tmp", inside="/tmp", read_only=False),
            *mounts,
        ],
        hosts=folder / "hosts",
        resolver=folder / "resolv.conf",
        host_name="container",
        user=ANYBODY,
        group=0,
        environment={**image.environment, **(environment or {})},
        directory="/home/notary",
    )


def run(image: Image, words: Sequence[str], folder: Path) -> subprocess.CompletedProcess[str]:
    """A command to its end, in a network of its own, where every port is free."""
    made = container(image, folder).command(words)
    return subprocess.run(
        [made[0], "--unshare-net", *made[1:]], capture_output=True, text=True, check=False, timeout=60
    )


@contextmanager
def started(bubble: Bubble, words: Sequence[str], log: Path) -> Iterator[Process]:
    """A command as the first process of a container on this machine's loopback; it is killed at the end."""
    process = Process(bubble, words, list, log)
    try:
        yield process
    finally:
        process.kill()
        process.wait()
