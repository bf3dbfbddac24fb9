"""Pods of small shell containers for tests, in a network that is this machine's own."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from sandbox.pods import Backoff, Pod, machine_image

FOREVER = "trap 'exit 0' TERM; while :; do sleep 0.05; done"
NOTES = {"name": "notes", "persistentVolumeClaim": {"claimName": "notes"}}


class Machine:
    """This machine's own network in place of a host's."""

    address = "127.0.0.1"

    def enter(self, command: Sequence[str]) -> list[str]:
        return list(command)


def shell(script: str, name: str = "main", **more: Any) -> dict[str, Any]:
    return {"name": name, "image": "registry.invalid/tools/shell:1", "command": ["bash", "-c", script], **more}


def mounted(volume: str, path: str, **more: Any) -> list[dict[str, Any]]:
    return [{"name": volume, "mountPath": path, **more}]


def probe(script: str, **more: Any) -> dict[str, Any]:
    return {"exec": {"command": ["bash", "-c", script]}, "periodSeconds": 0.05, "timeoutSeconds": 5, **more}


class Maker:
    """Makes and starts pods, and kills them all in the end. `sources` are ConfigMaps and Secrets by kind and name."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.sources: dict[tuple[str, str], dict[str, str | bytes]] = {}
        self._made: list[Pod] = []

    def __call__(self, *containers: dict[str, Any], **spec: Any) -> Pod:
        pod = Pod(
            {"metadata": {"name": "pod-0"}, "spec": {"containers": list(containers), **spec}},
            host=Machine(),
            folder=self.folder,
            configs=lambda kind, name: self.sources.get((kind, name)),
            hosts={"zk-2.example.invalid": "10.77.2.2"},
            images={"tools/shell": machine_image()},
            backoff=Backoff(first=0.05, longest=0.1),
        )
        self._made.append(pod)
        pod.start()
        return pod

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for pod in self._made:
            pod.kill()


def notes(pod: Pod) -> Path:
    """Where the claim `notes` lies."""
    return pod.folder.parent / "claims" / "notes"


def done(pod: Pod) -> str:
    """What the main container printed, once the pod is over."""
    assert pod.join(20)
    return pod.log("main")


def within(pid: int) -> list[int]:
    """All processes that share their numbers with this one."""
    own = Path(f"/proc/{pid}/ns/pid").readlink()
    found: list[int] = []
    for path in Path("/proc").glob("[0-9]*"):
        try:
            if (path / "ns" / "pid").readlink() == own:
                found.append(int(path.name))
        except OSError:
            continue
    return found


def descendants(pid: int) -> list[int]:
    """All processes that come from this one."""
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in (task / "children").read_text().split():
            found += [int(child), *descendants(int(child))]
    return found
