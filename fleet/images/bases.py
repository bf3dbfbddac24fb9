"""What images are built on where none is given: Debian from its packages, and this machine's Go."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import tempfile
from pathlib import Path

from fleet.errors import Exit, FleetError
from fleet.images.buildah import Buildah
from fleet.images.commands import INPUTS, PREFIX

SUITE = "bookworm"
DEBIAN, GOLANG = f"{PREFIX}/base-debian:{SUITE}", f"{PREFIX}/base-golang:{SUITE}"
_AUTHORITIES = Path("/usr/local/share/ca-certificates")  # where a machine keeps those that Debian does not bring
_APT = Path("/etc/apt")


def debian(buildah: Buildah) -> str:
    """Debian's smallest system with certificates, from where this machine takes its own packages if it is of the suite.

    Raises FleetError.
    """
    folder = buildah.root / "images" / "base"
    inputs = _name((folder / "debian.Dockerfile").read_bytes(), *_authorities(), str(_sources()).encode())
    if buildah.labels(DEBIAN).get(INPUTS) == inputs:
        return DEBIAN
    with tempfile.TemporaryDirectory(dir=buildah.storage) as scratch:
        context = Path(scratch)
        for part in ("authorities", "apt"):
            (context / part).mkdir()
        for path in _AUTHORITIES.glob("*.crt"):
            shutil.copy(path, context / "authorities")
        if _sources():
            shutil.copytree(_APT / "sources.list.d", context / "apt" / "sources.list.d")
            shutil.copytree(_APT / "apt.conf.d", context / "apt" / "apt.conf.d")
        buildah.report("making the image that the others are built on, from Debian's packages")
        command = ["mmdebstrap", "--variant=minbase", "--include=ca-certificates", SUITE, f"{scratch}/debian.tar"]
        options = [f"--aptopt={path}" for path in sorted((_APT / "apt.conf.d").glob("*"))] if _sources() else []
        told = subprocess.run([*command, *options, *_sources()], capture_output=True, text=True, check=False)
        if told.returncode != 0:
            raise FleetError(f"mmdebstrap failed: {' / '.join(told.stderr.strip().splitlines()[-3:])}")
        _build(buildah, folder / "debian.Dockerfile", DEBIAN, context, inputs)
    return DEBIAN


def golang(buildah: Buildah, base: str) -> str:
    """The same with this machine's Go. Raises FleetError."""
    go = shutil.which("go")
    if not go:
        raise FleetError("there is no Go on PATH; install Go 1.26 or later, or give --go an image", Exit.MISSING)
    told = subprocess.run([go, "env", "GOROOT", "GOVERSION"], capture_output=True, text=True, check=True)
    place, version = told.stdout.split()
    file = buildah.root / "images" / "base" / "golang.Dockerfile"
    inputs = _name(file.read_bytes(), version.encode(), base.encode())
    if buildah.labels(GOLANG).get(INPUTS) != inputs:
        _build(buildah, file, GOLANG, Path(place), inputs, "--build-arg", f"BASE={base}")
    return GOLANG


def _build(buildah: Buildah, file: Path, tag: str, context: Path, inputs: str, *more: str) -> None:
    words = ["build", "--isolation", "chroot", "--layers=false", "--label", f"{INPUTS}={inputs}", *more]
    buildah.run([*words, "--file", str(file), "--tag", tag, str(context)], tag)


def _authorities() -> list[bytes]:
    return [path.read_bytes() for path in sorted(_AUTHORITIES.glob("*.crt"))]


def _sources() -> list[str]:
    """The lists of this machine's own packages, if it is Debian of the same suite."""
    release = Path("/etc/os-release")
    ours = release.is_file() and f"VERSION_CODENAME={SUITE}" in release.read_text()
    return [str(path) for path in sorted((_APT / "sources.list.d").glob("*.sources"))] if ours else []


def _name(*parts: bytes) -> str:
    return hashlib.sha256(b"\0".join(parts)).hexdigest()[:16]
