"""Run a command to its end and tell what its whole process tree took.

The runner below is a process of its own: the tree's orphans come to it, and it is small, because the kernel counts the
memory of a process that forks as the child's peak.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

TIMEOUT_SECONDS = 900

RUNNER = """
import ctypes, json, os, signal, sys, time
target, group = sys.argv[1], 0
ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)  # PR_SET_CHILD_SUBREAPER
def stop(*_):
    if group: os.killpg(group, signal.SIGKILL)
signal.signal(signal.SIGTERM, stop)
started = time.monotonic()
group = os.fork()
if group == 0:
    os.setpgid(0, 0)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    os.execvp(sys.argv[2], sys.argv[2:])
cpu = peak = 0
wall = code = None
while True:
    try:
        pid, status, usage = os.wait4(-1, 0)
    except ChildProcessError:
        break
    cpu += usage.ru_utime + usage.ru_stime
    peak = max(peak, usage.ru_maxrss)
    if pid == group:
        wall, code = time.monotonic() - started, os.waitstatus_to_exitcode(status)
with open(target, 'w') as out:
    json.dump({'code': code, 'wall_s': wall, 'cpu_s': cpu, 'peak_mib': peak / 1024}, out)
"""


class BenchError(Exception):
    """A contestant did not do its work: the sentence says which and what it said."""


@dataclass(frozen=True, kw_only=True)
class Run:
    """A command that ended well. CPU is user and system time of the whole tree; the peak is its biggest process's."""

    wall_s: float
    cpu_s: float
    peak_mib: float
    out: str

    @property
    def sample(self) -> dict[str, float]:
        return {"wall_s": self.wall_s, "cpu_s": self.cpu_s, "peak_mib": self.peak_mib}


def run(command: Sequence[str | Path], *, cwd: Path, environment: Mapping[str, str], out: Path | None = None) -> Run:
    """Run a command until all of its processes are gone; standard output goes to `out` where that is given.

    Raises BenchError when it fails or takes too long.
    """
    words = [str(word) for word in command]
    with tempfile.TemporaryDirectory() as scratch:
        target, printed, errors = Path(scratch, "usage"), out or Path(scratch, "out"), Path(scratch, "err")
        runner = [sys.executable, "-I", "-S", "-c", RUNNER, str(target), *words]
        with printed.open("wb") as stdout, errors.open("wb") as stderr:
            process = subprocess.Popen(runner, cwd=cwd, env=dict(environment), stdout=stdout, stderr=stderr)
            try:
                process.wait(TIMEOUT_SECONDS)
            except subprocess.TimeoutExpired:
                raise BenchError(f"{_label(words)} took over {TIMEOUT_SECONDS} s") from None
            finally:
                if process.poll() is None:
                    process.terminate()
                    process.wait()
        usage = json.loads(target.read_text()) if target.exists() else {"code": process.returncode}
        text = "" if out else printed.read_text(errors="replace")
        if usage.pop("code") != 0:
            raise BenchError(f"{_label(words)} failed: {_tail(errors.read_text(errors='replace') or text)}")
        return Run(**usage, out=text)


def _label(words: Sequence[str]) -> str:
    """The command's name, and its first words where those are no script."""
    return " ".join([Path(words[0]).name, *(word for word in words[1:3] if "\n" not in word)])


def _tail(text: str) -> str:
    return " / ".join(line.strip() for line in text.strip().splitlines()[-6:])[-900:]
