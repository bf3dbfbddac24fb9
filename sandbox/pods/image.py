"""What a container's image becomes here: folders of this machine, seen read-only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/etc")


@dataclass(frozen=True, kw_only=True)
class Image:
    """A container's root: `binds` are paths inside by paths of this machine, `environment` what an image sets."""

    binds: Mapping[str, str]
    environment: Mapping[str, str] = field(default_factory=lambda: {"PATH": PATH})


def machine_image(binds: Mapping[str, str] | None = None, environment: Mapping[str, str] | None = None) -> Image:
    """This machine's own programs, and what else is given. No file of a user is in it, nor any key."""
    system = {path: path for path in _SYSTEM if Path(path).exists()}
    return Image(binds={**system, **(binds or {})}, environment={"PATH": PATH, **(environment or {})})


def find_image(reference: str, images: Mapping[str, Image]) -> Image | None:
    """The image whose key is part of the repository's name, registry, tag and digest aside; None for a stranger."""
    repository = reference.partition("@")[0]
    head, slash, last = repository.rpartition("/")
    name = f"{head}{slash}{last.partition(':')[0]}"
    return next((image for key, image in images.items() if key in name), None)


def unpacked_image(root: Path, environment: Mapping[str, str]) -> Image:
    """The image whose files lie below `root`, as a builder of images unpacks them, but for what containers mount."""
    mounted = {"dev", "proc", "sys", "tmp"}
    return Image(
        binds={f"/{path.name}": str(path) for path in root.iterdir() if path.name not in mounted},
        environment=environment,
    )
