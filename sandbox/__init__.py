"""Three regions on one machine: real Kubernetes control planes, started and stopped by us.

Their nodes are simulated, but for ZooKeeper's servers, which really run where the machine can (sandbox/pods).
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sandbox import toolchain
from sandbox.errors import SandboxError
from sandbox.pods import running, zookeeper_image
from sandbox.processes import freeze

Report = Callable[[str], None]
START_SECONDS = 180
STOP_SECONDS = 15


@dataclass(frozen=True, kw_only=True)
class RegionStatus:
    """A region: its state (starting, serving, ready, failed), API server and process ids by name."""

    state: str
    reason: str
    server: str
    pids: dict[str, int]


class Sandbox:
    """The sandbox of one project's folder; two folders' sandboxes run side by side."""

    def __init__(self, root: Path, regions: Sequence[str], *, simulated: bool | None = None) -> None:
        """`simulated`: no pod really runs; by default as $FLEET_SIMULATED says. A sandbox that runs stays as it is."""
        self.folder = root / ".sandbox"
        self.regions = sorted(regions)
        self.simulated = bool(os.environ.get("FLEET_SIMULATED")) if simulated is None else simulated

    def start(self, report: Report) -> None:
        """Start what does not run yet, and wait until every region is ready. Raises SandboxError.

        One starter at a time: a second one waits, and then finds a sandbox that runs, or starts it itself.
        """
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with (self.folder / "starting").open("w") as turn:
            try:
                fcntl.flock(turn, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                report("another process starts the sandbox: waiting for it")
                fcntl.flock(turn, fcntl.LOCK_EX)
            self._start(report)

    def _start(self, report: Report) -> None:
        running = self.status()
        if running and set(self.regions) <= set(running) and self._wait_until_ready(None, report):
            return
        self.regions = sorted({*self.regions, *running})
        self.stop()
        binaries = toolchain.ensure(["kubernetes", "etcd", "kwok"], report)
        (self.folder / "status.json").unlink(missing_ok=True)  # a killed supervisor leaves its last word
        paths = {name: str(path) for name, path in binaries.items()}
        request = {"regions": self.regions, "binaries": paths, "jars": self._jars(report)}
        (self.folder / "request.json").write_text(json.dumps(request))
        report(f"starting the regions {', '.join(self.regions)}")
        with self._supervisor() as supervisor:
            assert supervisor.stdin is not None
            self._wait_until_ready(supervisor, report)
            supervisor.stdin.write(b"keep\n")
            supervisor.stdin.flush()
            # The supervisor stays; without this, leaving the block would wait for it.
            supervisor.returncode = 0

    def _jars(self, report: Report) -> str | None:
        """Where ZooKeeper's jars are; None where its servers are to be simulated, or can't run, which is told."""
        if self.simulated:
            return None
        try:
            if reason := running.unavailable():
                raise SandboxError(reason)
            zookeeper_image.ensure(report)
        except SandboxError as error:
            report(f"ZooKeeper's servers are simulated, and don't run: {error}")
            return None
        return str(zookeeper_image.folder())

    def stop(self) -> None:
        """Stop everything, and return when no process is left. Nothing is done where nothing runs."""
        pid = self._supervisor_pid()
        if pid is None:
            return
        os.kill(pid, signal.SIGTERM)
        deadline = time.monotonic() + STOP_SECONDS
        while self._locked():
            if time.monotonic() > deadline:
                os.kill(pid, signal.SIGKILL)  # its children die with it
                deadline += STOP_SECONDS
            time.sleep(0.1)

    def remove(self) -> None:
        """Stop everything and forget the clusters."""
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def status(self) -> dict[str, RegionStatus]:
        """How each running region is; nothing when the sandbox does not run."""
        if not self._locked():
            return {}
        return {name: RegionStatus(**region) for name, region in self._status().get("regions", {}).items()}

    def kubeconfig(self, region: str) -> Path:
        """The administrator's kubeconfig of a region."""
        return self.folder / region / "kubeconfig"

    def down(self, region: str) -> None:
        """Kill a region's API server and keep it down."""
        (self.folder / region / "held").touch()
        self._signal(region, signal.SIGKILL)

    def up(self, region: str) -> None:
        """Let a region's API server come back; returns at once."""
        (self.folder / region / "held").unlink(missing_ok=True)

    def pause(self, region: str) -> None:
        """Freeze a region's API server: it accepts connections and never answers. SandboxError where it doesn't run."""
        pid = self._api_server(region)
        if pid is None:
            raise SandboxError(f"The API server of {region} does not run, and can't be frozen.")
        freeze(pid)

    def resume(self, region: str) -> None:
        """Let a frozen API server go on."""
        self._signal(region, signal.SIGCONT)

    def _api_server(self, region: str) -> int | None:
        return self.status()[region].pids.get("kube-apiserver")

    def _signal(self, region: str, number: signal.Signals) -> None:
        pid = self._api_server(region)
        with suppress(ProcessLookupError):  # it has just ended
            if pid is not None:
                os.kill(pid, number)

    def _supervisor(self) -> subprocess.Popen[bytes]:
        package = Path(__file__).resolve().parent.parent
        environment = {**os.environ, "PYTHONPATH": str(package)}
        with (self.folder / "supervisor.log").open("ab") as log:
            command = [sys.executable, "-m", "sandbox.supervisor", str(self.folder.resolve())]
            return subprocess.Popen(
                command, env=environment, stdin=subprocess.PIPE, stdout=log, stderr=log, start_new_session=True
            )

    def _wait_until_ready(self, supervisor: subprocess.Popen[bytes] | None, report: Report) -> bool:
        """Whether all became ready. False if they ended, as after a start that was cut off; raises where they fail."""
        started, told = time.monotonic(), ""
        while True:
            regions = self.status()
            states = ", ".join(f"{name} {region.state}" for name, region in regions.items())
            if states != told:
                report(f"{time.monotonic() - started:4.0f} s  {states}")
                told = states
            failed = [f"region {name}: {region.reason}" for name, region in regions.items() if region.state == "failed"]
            if failed:
                raise SandboxError("; ".join(failed))
            if regions and all(region.state == "ready" for region in regions.values()):
                return True
            if supervisor is None and not regions:
                return False
            ended = supervisor is not None and supervisor.poll() is not None
            if ended or time.monotonic() - started > START_SECONDS:
                log = self.folder / "supervisor.log"
                raise SandboxError(f"the sandbox did not start ({states or 'no region yet'}); see {log}")
            time.sleep(0.2)

    def _status(self) -> dict[str, Any]:
        try:
            return json.loads((self.folder / "status.json").read_text())
        except (OSError, ValueError):
            return {}

    def _supervisor_pid(self) -> int | None:
        """The supervisor's process, where one holds the lock; a start that is not through yet is waited for."""
        deadline = time.monotonic() + STOP_SECONDS
        while self._locked() and time.monotonic() < deadline:
            if pid := self._status().get("pid"):
                return int(pid)
            time.sleep(0.1)
        return None

    def _locked(self) -> bool:
        """Whether a supervisor lives: it alone holds the lock, and the kernel takes it away with the process."""
        try:
            with (self.folder / "lock").open("r+") as lock:
                fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        except OSError:
            return False
        return False
