"""The sandbox's tools, built from their Go modules into a cache outside the checkout."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sandbox.errors import SandboxError
from sandbox.processes import die_with_parent

Report = Callable[[str], None]
MODULES = Path(__file__).resolve().parent / "tools"
ENGINE = "v3.250.0"
KUBERNETES = "v1.36.3"
PROGRESS_SECONDS = 20


@dataclass(frozen=True, kw_only=True)
class Tool:
    """A Go module with the packages to build from it. `minutes` is what a cold build takes on two cores."""

    name: str
    packages: tuple[str, ...]
    variables: tuple[str, ...] = ()
    minutes: float

    @property
    def binaries(self) -> tuple[str, ...]:
        """What the build gives: etcd's server is called after its module's folder otherwise."""
        return tuple("etcd" if path.startswith("go.etcd.io") else path.rsplit("/", 1)[-1] for path in self.packages)


_ENGINE_VERSION = f"github.com/pulumi/pulumi/sdk/v3/go/common/version.Version={ENGINE}"
_KUBE = "k8s.io/component-base/version"
TOOLS = {
    tool.name: tool
    for tool in (
        Tool(
            name="pulumi",
            packages=("github.com/pulumi/pulumi/pkg/v3/cmd/pulumi",),
            variables=(_ENGINE_VERSION,),
            minutes=5,
        ),
        Tool(
            name="kubernetes",
            packages=tuple(
                f"k8s.io/kubernetes/cmd/kube-{part}" for part in ("apiserver", "controller-manager", "scheduler")
            ),
            variables=(f"{_KUBE}.gitVersion={KUBERNETES}", f"{_KUBE}.gitMajor=1", f"{_KUBE}.gitMinor=36"),
            minutes=6,
        ),
        Tool(name="etcd", packages=("go.etcd.io/etcd/server/v3",), minutes=0.5),
        Tool(name="kwok", packages=("sigs.k8s.io/kwok/cmd/kwok",), minutes=1),
        # What bench/ compares with. kustomize's binary takes the name v5 from its module's path.
        Tool(name="helm", packages=("helm.sh/helm/v3/cmd/helm",), minutes=2),
        Tool(name="kustomize", packages=("sigs.k8s.io/kustomize/kustomize/v5",), minutes=0.5),
        # A real node of Bitcoin's family, for the tests of gates.
        Tool(name="btcd", packages=("github.com/btcsuite/btcd",), minutes=0.5),
        # What tests/scanners checks the rendered manifests with, and tests/policy the workflows.
        Tool(name="kube-score", packages=("github.com/zegl/kube-score/cmd/kube-score",), minutes=1),
        Tool(name="actionlint", packages=("github.com/rhysd/actionlint/cmd/actionlint",), minutes=0.5),
    )
}


SANDBOX_TOOLS = ("pulumi", "kubernetes", "etcd", "kwok")


def cache() -> Path:
    """The folder of everything that is built: $FLEET_CACHE, or notary-fleet in the user's cache."""
    if chosen := os.environ.get("FLEET_CACHE"):
        return Path(chosen)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "notary-fleet"


def folder(tool: Tool) -> Path:
    """Where a tool's binaries are: the name changes with whatever changes the build."""
    module = MODULES / tool.name
    parts = [(module / "go.mod").read_bytes(), (module / "go.sum").read_bytes(), repr(tool).encode()]
    return cache() / tool.name / hashlib.sha256(b"\0".join(parts)).hexdigest()[:16]


def is_built(tool: Tool) -> bool:
    """Whether every binary of the tool is in the cache."""
    return all((folder(tool) / binary).is_file() for binary in tool.binaries)


def ensure(names: Sequence[str], report: Report) -> dict[str, Path]:
    """The binaries of these tools by name, built where they are missing. Raises SandboxError."""
    found: dict[str, Path] = {}
    for name in names:
        tool = TOOLS[name]
        installed = _installed_engine() if name == "pulumi" else None
        if installed:
            found[name] = installed
            continue
        if not is_built(tool):
            _build_once(tool, report)
        found.update({binary: folder(tool) / binary for binary in tool.binaries})
    return found


def _installed_engine() -> Path | None:
    """The engine on PATH, if it is the very version that the program's SDK is pinned to."""
    path = shutil.which("pulumi")
    if not path:
        return None
    answer = subprocess.run([path, "version"], capture_output=True, text=True, check=False, timeout=20)
    return Path(path) if answer.stdout.strip() == ENGINE else None


def _build_once(tool: Tool, report: Report) -> None:
    """Build a tool, or wait for another checkout that is building it."""
    if not shutil.which("go"):
        raise SandboxError(f"{tool.name} is not built yet and there is no Go on PATH; install Go 1.26 or later")
    with locked(cache() / f"{tool.name}.lock", report):
        if is_built(tool):
            return
        target = folder(tool)
        target.parent.mkdir(parents=True, exist_ok=True)
        for left in target.parent.glob(".building-*"):  # by a build that was killed: the lock says that none runs
            shutil.rmtree(left, ignore_errors=True)
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=".building-") as scratch:
            _build(tool, Path(scratch), report)
            shutil.rmtree(target, ignore_errors=True)
            Path(scratch, "done").mkdir()
            for binary in tool.binaries:
                Path(scratch, binary).rename(Path(scratch, "done", binary))
            Path(scratch, "done").rename(target)


def _build(tool: Tool, scratch: Path, report: Report) -> None:
    report(f"building {tool.name}, about {tool.minutes:g} min when nothing is cached")
    flags = " ".join(["-s -w", *(f"-X {variable}" for variable in tool.variables)])
    with (scratch / "log").open("w+") as log:
        for package, binary in zip(tool.packages, tool.binaries, strict=True):
            command = [
                "go",
                "build",
                "-mod=readonly",
                "-trimpath",
                "-ldflags",
                flags,
                "-o",
                str(scratch / binary),
                package,
            ]
            code = run_with_progress(command, MODULES / tool.name, log.fileno(), binary, report)
            if code != 0:
                log.seek(0)
                last = " / ".join(log.read().strip().splitlines()[-3:])
                raise SandboxError(f"building {tool.name} failed: {last}; see whether `go env GOPROXY` can be reached")


def run_with_progress(command: list[str], directory: Path, log: int, what: str, report: Report) -> int:
    """A build's exit code. Its output goes to the descriptor `log`; every so often, `report` hears that it goes on."""
    environment = {**os.environ, "CGO_ENABLED": "0", "GOFLAGS": "-buildvcs=false"}
    started = time.monotonic()
    process = subprocess.Popen(
        command,
        cwd=directory,
        env=environment,
        stdout=log,
        stderr=log,
        start_new_session=True,
        preexec_fn=die_with_parent,
    )
    try:
        while True:
            try:
                code = process.wait(PROGRESS_SECONDS)
                report(f"{what}: built in {time.monotonic() - started:.0f} s")
                return code
            except subprocess.TimeoutExpired:
                report(f"{what}: still building, {time.monotonic() - started:.0f} s")
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


@contextmanager
def locked(path: Path, report: Report) -> Iterator[None]:
    """One builder at a time, of all checkouts: the others wait."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            report(f"another process builds {path.stem}: waiting for it")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield
