"""The kubelet from outside: whether pods can run on this machine, and the process that runs them."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from pathlib import Path

from sandbox.network import unavailable as network_unavailable
from sandbox.pods import zookeeper_image
from sandbox.processes import spawn, stop_all

SELECTOR = "notary-fleet.dev/role in (zookeeper,keeper)"  # the pods that run; kwok plays all others
_REVIVE_SECONDS = 1.0
_STOP_SECONDS = 5.0


def unavailable() -> str | None:
    """Why no pod can run on this machine, with the remedy; None if it can."""
    if reason := network_unavailable():
        return reason
    if not shutil.which("bwrap"):
        return "there is no bwrap on PATH; install bubblewrap"
    bubble = ["bwrap", "--unshare-user", "--unshare-pid", "--ro-bind", "/", "/", "true"]
    tried = subprocess.run(bubble, capture_output=True, text=True, check=False, timeout=20)
    if tried.returncode != 0:
        return f"bwrap can't make a container here ({tried.stderr.strip()}); allow user namespaces"
    return zookeeper_image.unavailable()


class KubeletProcess:
    """The kubelet as the supervisor runs it; started again when it ends."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        self._started_at = 0.0

    @property
    def pid(self) -> int | None:
        """Its process, where it was running when last looked at."""
        return self._process.pid if self._process is not None and self._process.returncode is None else None

    def tick(self) -> bool:
        """Start it, or start it again. Returns whether something changed."""
        ended = self._process is None or self._process.poll() is not None
        if not ended or time.monotonic() - self._started_at < _REVIVE_SECONDS:
            return False
        command = [sys.executable, "-m", "sandbox.pods.kubelet", str(self._folder)]
        self._process, self._started_at = spawn(command, self._folder / "pods.log"), time.monotonic()
        return True

    def stop(self) -> None:
        """End it and all pods, without their grace: what they have acknowledged is on disk."""
        if self._process is not None:
            stop_all([self._process], _STOP_SECONDS)
