"""The image of a ZooKeeper server here: this machine's Java, and the server's jars from Maven in the cache."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from pathlib import Path

from sandbox.errors import SandboxError
from sandbox.pods.image import PATH, Image, machine_image
from sandbox.toolchain import MODULES, Report, cache, locked, run_with_progress

POM = MODULES / "zookeeper" / "pom.xml"
JARS = "/zookeeper/lib"  # inside


def folder() -> Path:
    """Where the jars are: the name changes with the list of them."""
    return cache() / "zookeeper" / hashlib.sha256(POM.read_bytes()).hexdigest()[:16]


def unavailable() -> str | None:
    """Why no server can run here, with the remedy; None if it can."""
    if not shutil.which("java"):
        return "there is no Java on PATH; install Java 17 or later"
    if not folder().is_dir() and not shutil.which("mvn"):
        return "ZooKeeper's jars are not in the cache and there is no Maven on PATH; install Maven 3"
    return None


def ensure(report: Report) -> Image:
    """The image, with the jars fetched where they are missing. Raises SandboxError."""
    if reason := unavailable():
        raise SandboxError(reason)
    if not folder().is_dir():
        with locked(cache() / "zookeeper.lock", report):
            if not folder().is_dir():
                _fetch(folder(), report)
    return image(folder())


def image(jars: Path) -> Image:
    """The image with these jars. Its Java is the one on PATH, wherever it lies."""
    java = Path(shutil.which("java") or "java").resolve().parent.parent
    elsewhere = {} if java.is_relative_to("/usr") else {str(java): str(java)}
    return machine_image({JARS: str(jars), **elsewhere}, {"PATH": f"{java}/bin:{PATH}"})


def _fetch(target: Path, report: Report) -> None:
    report("fetching ZooKeeper's jars")
    target.parent.mkdir(parents=True, exist_ok=True)
    for left in target.parent.glob(".building-*"):  # by a build that was killed: the lock says that none runs
        shutil.rmtree(left, ignore_errors=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".building-") as scratch:
        pom, jars = Path(scratch, "pom.xml"), Path(scratch, "lib")
        shutil.copy(POM, pom)  # Maven may write beside it
        goal = ["dependency:copy-dependencies", "-DincludeScope=runtime", f"-DoutputDirectory={jars}"]
        with Path(scratch, "log").open("w+") as log:
            code = run_with_progress(
                ["mvn", "-B", "-q", "-f", str(pom), *goal], Path(scratch), log.fileno(), "zookeeper", report
            )
            if code != 0:
                log.seek(0)
                errors = [line for line in log.read().splitlines() if line.startswith("[ERROR]")]
                said = " / ".join(errors[:2])
                raise SandboxError(f"fetching ZooKeeper's jars failed: {said}; can Maven reach its repository?")
        jars.rename(target)
