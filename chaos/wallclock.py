"""Wall clocks of single processes, set at will: libfaketime, held to CLOCK_REALTIME."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from pathlib import Path

from sandbox import toolchain
from sandbox.errors import SandboxError

LIBRARY = Path("/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1")
SOURCE = Path(__file__).resolve().parent / "clocks" / "waits.c"


def preload() -> str:
    """What LD_PRELOAD is to be. Raises SandboxError where the package faketime or a C compiler is missing."""
    if not LIBRARY.exists():
        raise SandboxError("clock jumps need libfaketime, which is not there; install the package faketime")
    return f"{_waits()} {LIBRARY}"


def environment(clock: Path, preloaded: str) -> dict[str, str]:
    """For a process whose wall clock is off by what the file `clock` says, read again each second."""
    return {
        "LD_PRELOAD": preloaded,
        "FAKETIME_TIMESTAMP_FILE": str(clock),
        "FAKETIME_CACHE_DURATION": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }


def put_off(clock: Path, seconds: float) -> None:
    """Set it off by that much from now on; replaced as a whole, for it may be read at any moment."""
    new = clock.with_suffix(".new")
    new.write_text(f"{seconds:+g}\n")
    new.replace(clock)


def _waits() -> Path:
    """The small library that mends libfaketime's waits, built once."""
    target = toolchain.cache() / "faketime-waits" / f"{hashlib.sha256(SOURCE.read_bytes()).hexdigest()[:16]}.so"
    if target.is_file():
        return target
    compiler = shutil.which("cc")
    if not compiler:
        raise SandboxError("clock jumps need a C compiler once, and there is no `cc` on PATH; install the package gcc")
    with toolchain.locked(toolchain.cache() / "faketime-waits.lock", lambda _: None):
        target.parent.mkdir(parents=True, exist_ok=True)
        made = target.with_suffix(".building")
        command = [compiler, "-shared", "-fPIC", "-O2", "-o", str(made), str(SOURCE)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise SandboxError(f"building {SOURCE.name} failed: {done.stderr.strip()[-300:]}")
        made.rename(target)
    return target
