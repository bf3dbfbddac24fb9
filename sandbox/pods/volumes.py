"""A pod's volumes as folders; ConfigMaps and Secrets laid out and replaced as the real kubelet does it."""

from __future__ import annotations

import datetime
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sandbox.pods.errors import NotYetError
from sandbox.pods.values import Configs, Manifest, expand

_SOURCES = {"configMap": ("ConfigMap", "name"), "secret": ("Secret", "secretName")}
_PLAIN = {"emptyDir", "persistentVolumeClaim"}
_Files = dict[str, tuple[bytes, int]]  # content and mode by path


@dataclass(frozen=True, kw_only=True)
class Mount:
    """A folder or file of this machine at a path of the container."""

    inside: str
    outside: Path
    read_only: bool


class Volumes:
    """The volumes of one pod below `folder`; its claims lie in `claims`, and outlive it."""

    def __init__(self, spec: Manifest, folder: Path, claims: Path, configs: Configs) -> None:
        self._volumes: dict[str, dict[str, Any]] = {item["name"]: item for item in spec.get("volumes", [])}
        self._folder = folder
        self._claims = claims
        self._configs = configs

    def prepare(self) -> None:
        """Make every volume anew but for the claims. Raises NotYetError where a source is missing."""
        shutil.rmtree(self._folder, ignore_errors=True)
        for name, volume in self._volumes.items():
            self._path(name).mkdir(parents=True, exist_ok=True)
            parts = volume["projected"]["sources"] if "projected" in volume else [volume]
            unknown = {kind for part in parts for kind in part} - {"name", "projected", *_SOURCES, *_PLAIN}
            if unknown:
                kinds = ", ".join(sorted(unknown))
                raise NotYetError("ContainerCreating", f"the sandbox has no volumes of the kind {kinds}, as {name} is")
        self.refresh()

    def refresh(self) -> None:
        """Bring ConfigMaps and Secrets up to date. Raises NotYetError where one is missing."""
        for name, volume in self._volumes.items():
            found = self._contents(volume)
            if found is not None:
                write_atomically(self._path(name), found)

    def _contents(self, volume: Manifest) -> _Files | None:
        """The files of a volume that is made of objects of the cluster; None of another."""
        if "projected" in volume:
            whole: _Files = {}
            for part in volume["projected"]["sources"]:
                for key, (kind, _) in _SOURCES.items():
                    if key in part:
                        mode = {"defaultMode": volume["projected"].get("defaultMode", 0o644)}
                        whole |= _files({**part[key], **mode}, kind, part[key]["name"], self._configs)
            return whole
        for key, (kind, field) in _SOURCES.items():
            if key in volume:
                return _files(volume[key], kind, volume[key][field], self._configs)
        return None

    def mounts(self, container: Manifest, variables: Mapping[str, str]) -> list[Mount]:
        """What a container sees of them now; the outer paths come first."""
        found: list[Mount] = []
        for item in container.get("volumeMounts", []):
            if item["name"] not in self._volumes:
                raise NotYetError("CreateContainerConfigError", f"there is no volume {item['name']}")
            outside = self._path(item["name"])
            below = item.get("subPath") or expand(item.get("subPathExpr", ""), variables)
            if below:
                outside = _sub_path(outside, below)
            source = bool({"projected", *_SOURCES} & self._volumes[item["name"]].keys())
            found.append(
                Mount(inside=item["mountPath"], outside=outside, read_only=source or item.get("readOnly", False))
            )
        return sorted(found, key=lambda mount: len(Path(mount.inside).parts))

    def _path(self, name: str) -> Path:
        claim = self._volumes[name].get("persistentVolumeClaim")
        return self._claims / claim["claimName"] if claim else self._folder / name


def _sub_path(volume: Path, below: str) -> Path:
    """What a subPath is now: a link is followed once, so that the mount doesn't follow later changes."""
    path = volume / below
    if not path.exists():
        path.mkdir(parents=True)
    found = path.resolve()
    if not found.is_relative_to(volume.resolve()):
        raise NotYetError("CreateContainerConfigError", f"the subPath {below} leads out of its volume")
    return found


def _files(source: Manifest, kind: str, name: str, configs: Configs) -> _Files:
    data = configs(kind, name)
    if data is None:
        if source.get("optional"):
            return {}
        raise NotYetError("ContainerCreating", f"{kind} {name} not found")
    mode: int = source.get("defaultMode", 0o644)
    items: list[Any] = source.get("items") or [{"key": key, "path": key} for key in data]
    missing = [item["key"] for item in items if item["key"] not in data]
    if missing and not source.get("optional"):
        raise NotYetError("ContainerCreating", f"{kind} {name} has no key {', '.join(missing)}")
    return {item["path"]: (_bytes(data[item["key"]]), item.get("mode", mode)) for item in items if item["key"] in data}


def _bytes(value: str | bytes) -> bytes:
    return value.encode() if isinstance(value, str) else value


def write_atomically(target: Path, files: _Files) -> None:
    """The kubelet's atomic writer: a folder named by the time, `..data` to it swapped in one step, links for names.

    Nothing is touched where nothing changed. Source: kubernetes pkg/volume/util/atomic_writer.go, Write.
    """
    data = target / "..data"
    before = data.resolve() if data.is_symlink() else None
    if before and _content(before) == files:
        return
    stamp = datetime.datetime.now(datetime.UTC).strftime("..%Y_%m_%d_%H_%M_%S.")
    made = Path(tempfile.mkdtemp(prefix=stamp, dir=target))
    made.chmod(0o755)
    for path, (content, mode) in files.items():
        file = made / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
        file.chmod(mode)
    scratch = target / "..data_tmp"
    scratch.unlink(missing_ok=True)
    scratch.symlink_to(made.name)
    scratch.replace(data)
    names = {Path(path).parts[0] for path in files}
    for name in names:
        if not (target / name).is_symlink():
            (target / name).symlink_to(f"..data/{name}")
    for link in target.iterdir():
        if not link.name.startswith("..") and link.name not in names:
            link.unlink()
    if before:
        shutil.rmtree(before)


def _content(folder: Path) -> _Files:
    found = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): (path.read_bytes(), path.stat().st_mode & 0o777) for path in found}
