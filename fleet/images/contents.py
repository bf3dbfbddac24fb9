"""What an image's files say they are: packages of Debian, Python, Java and Go. Nothing is changed; only Go is run."""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import Message
from email.parser import HeaderParser
from pathlib import Path
from urllib.parse import quote

from fleet.errors import Exit, FleetError

_GO_MARK = b"\xff Go buildinf:"  # debug/buildinfo: what Go writes before the list of a program's modules
_JAR = re.compile(r"(?P<name>.+?)-(?P<version>\d[\w.-]*)\.jar")


@dataclass(frozen=True, kw_only=True)
class Package:
    """Something an image has. `purl` names it everywhere; `license` and `sha256` where its own files tell."""

    name: str
    version: str
    purl: str
    license: str | None = None
    sha256: str | None = None


def packages(root: Path) -> list[Package]:
    """All that is found below an image's root, each once, by purl. Raises FleetError where Go is needed and missing."""
    found = [*debian(root), *python(root), *java(root), *go(root)]
    return sorted({package.purl: package for package in found}.values(), key=lambda package: package.purl)


def debian(root: Path) -> Iterator[Package]:
    """From the records that `images/rootfs.sh` keeps of each package."""
    for path in sorted((root / "var/lib/dpkg/status.d").glob("*")):
        told = _headers(path)
        name, version = told["Package"], told["Version"]
        purl = f"pkg:deb/debian/{_word(name)}@{_word(version)}?arch={told['Architecture']}"
        yield Package(name=name, version=version, purl=purl)


def python(root: Path) -> Iterator[Package]:
    """From each distribution's metadata; the license where it is an SPDX expression."""
    for path in sorted(root.rglob("*.dist-info/METADATA")):
        told = _headers(path)
        name, version = told["Name"], told["Version"]
        purl = f"pkg:pypi/{_word(re.sub(r'[-_.]+', '-', name).lower())}@{_word(version)}"
        yield Package(name=name, version=version, purl=purl, license=told["License-Expression"])


def java(root: Path) -> Iterator[Package]:
    """From jars: by Maven's own record where there is one, else by their names; and the Java that runs them."""
    yield from (_jar(path) for path in sorted(root.rglob("*.jar")) if path.name != "jrt-fs.jar")  # which is Java's own
    for path in sorted(root.rglob("release")):
        told = dict(line.split("=", 1) for line in path.read_text(errors="replace").splitlines() if "=" in line)
        if version := told.get("JAVA_VERSION", "").strip('"'):
            yield Package(name="openjdk", version=version, purl=f"pkg:generic/openjdk@{_word(version)}")


def go(root: Path) -> Iterator[Package]:
    """From the list of modules that Go writes into what it builds. Raises FleetError without Go on PATH."""
    for path in sorted(root.rglob("*bin/*")):
        if path.is_symlink() or not path.is_file() or _GO_MARK not in path.read_bytes():
            continue
        tool = shutil.which("go")
        if not tool:
            raise FleetError(f"to tell what {path.name} is made of needs Go on PATH; install it", Exit.MISSING)
        told = subprocess.run([tool, "version", "-m", str(path)], capture_output=True, text=True, check=True).stdout
        yield from _modules(told)


def _modules(told: str) -> Iterator[Package]:
    """`FILE: goVERSION`, then `mod` and `dep` lines with a module and its version; `=>` replaces the one before."""
    first, *lines = told.splitlines()
    found = [("stdlib", first.rpartition(" go")[2])]
    for line in lines:
        kind, *words = line.split()
        if kind == "=>":
            found.pop()
        if kind in ("mod", "dep", "=>") and len(words) >= 2:
            found.append((words[0], words[1]))
    for name, version in found:
        yield Package(name=name, version=version, purl=f"pkg:golang/{quote(name, safe='/')}@{_word(version)}")


def _jar(path: Path) -> Package:
    content = path.read_bytes()
    sha256 = hashlib.sha256(content).hexdigest()
    with zipfile.ZipFile(path) as opened:
        records = [name for name in opened.namelist() if re.fullmatch(r"META-INF/maven/.+/pom\.properties", name)]
        # A jar that holds other jars has their records too.
        for name in records:
            lines = opened.read(name).decode().splitlines()
            told = dict(line.split("=", 1) for line in lines if "=" in line)
            whole = f"{told.get('artifactId')}-{told.get('version')}"
            if path.stem == whole or path.stem.startswith(f"{whole}-"):
                group, artifact, version = told["groupId"], told["artifactId"], told["version"]
                more = f"?classifier={_word(path.stem.removeprefix(whole)[1:])}" if path.stem != whole else ""
                purl = f"pkg:maven/{_word(group)}/{_word(artifact)}@{_word(version)}{more}"
                return Package(name=f"{group}:{artifact}", version=version, purl=purl, sha256=sha256)
    said = _JAR.fullmatch(path.name)
    name, version = (said["name"], said["version"]) if said else (path.stem, "unknown")
    purl = f"pkg:generic/{_word(name)}@{_word(version)}?checksum=sha256:{sha256}"
    return Package(name=name, version=version, purl=purl, sha256=sha256)


def _headers(path: Path) -> Message:
    return HeaderParser().parsestr(path.read_text(errors="replace"))


def _word(text: str) -> str:
    return quote(text, safe="")
