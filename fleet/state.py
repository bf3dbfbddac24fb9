"""The stack's state, read and mended: what is protected, what an interrupted update left behind."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from config.each import at

Deployment = Mapping[str, Any]


def name_of(urn: str) -> str:
    """A resource's logical name, the last part of its URN."""
    return urn.rsplit("::", 1)[-1]


def resources(deployment: Deployment) -> list[dict[str, Any]]:
    """Every resource of a state, those about to be deleted among them."""
    return list(deployment.get("resources") or [])


def protected(deployment: Deployment) -> dict[str, str]:
    """The names of what the engine may not delete, by URN."""
    return {
        item["urn"]: name_of(item["urn"])
        for item in resources(deployment)
        if item.get("protect") and item.get("custom") and not item.get("delete")
    }


def lost(deployment: Deployment, planned: Collection[str]) -> dict[str, str]:
    """What carries data and is no longer planned: URN to name. `planned` are logical names."""
    return {urn: name for urn, name in protected(deployment).items() if name not in planned}


def recovered(deployment: Deployment) -> tuple[dict[str, Any], list[str]]:
    """A state without pending operations, and the URNs that must be read from their clusters.

    A pending create may or may not have happened. It becomes a resource with the error "interrupted", under the id that
    Kubernetes gives it; reading then fills it in, or drops it. The error makes the next update apply it in any case.
    """
    kept = resources(deployment)
    pending: list[dict[str, Any]] = deployment.get("pending_operations") or []
    known = {item["urn"] for item in kept if not item.get("delete")}
    doubtful: list[str] = []
    for operation in pending:
        resource: dict[str, Any] = operation["resource"]
        identity = _kubernetes_id(resource)
        if operation["type"] == "creating" and identity and resource["urn"] not in known:
            made = {**resource, "id": identity, "outputs": resource.get("inputs", {})}
            kept.append({**made, "initErrors": ["the update was interrupted while it made this"]})
            doubtful.append(resource["urn"])
    mended = {**deployment, "resources": kept}
    mended.pop("pending_operations", None)
    return mended, doubtful


def orphans(deployment: Deployment) -> list[str]:
    """The names of what an interrupted update may have made on AWS without keeping its id: no state leads to it.

    An object of Kubernetes is found again by its name, and a provider is nothing outside the state.
    """
    pending: list[dict[str, Any]] = deployment.get("pending_operations") or []
    made = [item["resource"] for item in pending if item["type"] == "creating"]
    known = {item["urn"] for item in resources(deployment) if not item.get("delete")}
    return sorted(name_of(item["urn"]) for item in made if item["type"].startswith("aws:") and item["urn"] not in known)


def _kubernetes_id(resource: Mapping[str, Any]) -> str | None:
    """`namespace/name` of an object of Kubernetes, or `name` where it has no namespace."""
    if not str(resource.get("type", "")).startswith("kubernetes:"):
        return None
    name, namespace = at(resource, "inputs", "metadata", "name"), at(resource, "inputs", "metadata", "namespace")
    if not isinstance(name, str):
        return None
    return f"{namespace}/{name}" if namespace else name


def broken_sidecars(state_folder: Path) -> Iterator[Path]:
    """Attribute files that a kill cut short. The engine fails on half of one and does without any.

    It replaces a state as a whole, but writes the attributes beside it in place (gocloud.dev's fileblob).
    """
    for path in (state_folder / ".pulumi").glob("**/*.attrs"):
        try:
            json.loads(path.read_text())
        except (OSError, ValueError):
            yield path


def locks(state_folder: Path, stack: str) -> list[Path]:
    """The locks of a stack in a state folder of this machine."""
    return sorted((state_folder / ".pulumi" / "locks").glob(f"**/{stack}/*.json"))


def dead_locks(found: Iterable[Path]) -> Iterator[Path]:
    """Locks that a process of this machine left when it died."""
    for lock in found:
        try:
            owner = json.loads(lock.read_text())
        except (OSError, ValueError):
            continue
        if owner.get("hostname") == socket.gethostname() and not _alive(int(owner.get("pid", 0))):
            yield lock


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return not Path(f"/proc/{pid}/stat").exists() or ") Z " not in Path(f"/proc/{pid}/stat").read_text()
