"""A second opinion on a history: porcupine's, a linearizability checker, with a model of its own (chaos/porcupine)."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from chaos.stamps import Acquisition, Execution
from sandbox import toolchain
from sandbox.errors import SandboxError

MODULE = Path(__file__).resolve().parent / "porcupine"
_NAME = "porcupine"


def verdicts(
    executions: Sequence[Execution], acquisitions: Sequence[Acquisition], picture: Path | None = None
) -> dict[str, str]:
    """By duty: ok, illegal or unknown (too long). `picture`.html becomes picture-DUTY.html. Raises SandboxError."""
    binary = ensure(lambda _: None)
    history = {
        "executions": [asdict(item) for item in executions],
        "acquisitions": [asdict(item) for item in acquisitions],
    }
    with tempfile.TemporaryDirectory(prefix="porcupine-") as folder:
        path = Path(folder) / "history.json"
        path.write_text(json.dumps(history))
        command = [str(binary), str(path), *([str(picture)] if picture else [])]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SandboxError(f"porcupine gave no verdict: {done.stderr.strip()}")
    return json.loads(done.stdout)


def ensure(report: toolchain.Report) -> Path:
    """The binary, built once for each state of its sources. Raises SandboxError."""
    target = toolchain.cache() / _NAME / _fingerprint()
    binary = target / _NAME
    if binary.is_file():
        return binary
    if not shutil.which("go"):
        raise SandboxError("porcupine is not built yet and there is no Go on PATH; install Go 1.26 or later")
    with toolchain.locked(toolchain.cache() / f"{_NAME}.lock", report):
        if not binary.is_file():
            target.mkdir(parents=True, exist_ok=True)
            _build(target / ".building", report)
            (target / ".building").rename(binary)
    return binary


def _fingerprint() -> str:
    sources = [MODULE / "go.mod", MODULE / "go.sum", *sorted(MODULE.glob("*.go"))]
    return hashlib.sha256(b"\0".join(path.read_bytes() for path in sources)).hexdigest()[:16]


def _build(binary: Path, report: toolchain.Report) -> None:
    command = ["go", "build", "-mod=readonly", "-trimpath", "-o", str(binary), "."]
    with tempfile.TemporaryFile("w+") as log:
        if toolchain.run_with_progress(command, MODULE, log.fileno(), _NAME, report) != 0:
            log.seek(0, os.SEEK_SET)
            last = " / ".join(log.read().strip().splitlines()[-3:])
            raise SandboxError(f"building porcupine failed: {last}; see whether `go env GOPROXY` can be reached")
