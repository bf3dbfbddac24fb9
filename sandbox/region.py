"""One region as the supervisor runs it: its processes, and how far it has come."""

from __future__ import annotations

import shutil
import subprocess
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from sandbox import api
from sandbox.certificates import make_certificates
from sandbox.control_plane import NODES_PER_REGION, ControlPlane
from sandbox.processes import free_ports, spawn, stop_all
from sandbox.volumes import provide_volumes

FIRST = ("etcd", "kube-apiserver")
RESTARTS_ALLOWED = 20
RESTART_AFTER_SECONDS = 1.0


@dataclass(kw_only=True)
class RunningRegion:
    """`state` goes from starting through serving (its API server answers) to ready; or it is failed."""

    name: str
    folder: Path
    binaries: Mapping[str, Path]
    real: str = ""  # label selector of the pods that really run
    state: str = "starting"
    reason: str = ""
    restarts: int = 0
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    died_at: dict[str, float] = field(default_factory=dict)
    taken_down: set[str] = field(default_factory=set)
    stopped: threading.Event = field(default_factory=threading.Event)

    def start(self) -> None:
        """Start the first processes on fresh ports; data of an earlier run is kept, but nothing is held down."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        (self.folder / "held").unlink(missing_ok=True)
        make_certificates(self.folder / "pki")
        ports = free_ports(4)
        self.plane = ControlPlane(
            name=self.name,
            folder=self.folder,
            binaries=self.binaries,
            ports=(ports[0], ports[1], ports[2], ports[3]),
            real=self.real,
        )
        self.plane.write_kubeconfig()
        for name in FIRST:
            self._spawn(name)

    @property
    def held(self) -> bool:
        """Whether a person holds the API server down, by a file of this name."""
        return (self.folder / "held").exists()

    @property
    def pids(self) -> dict[str, int]:
        """The processes that were running when last looked at; the number of a dead one may be another's by now."""
        return {name: process.pid for name, process in self.processes.items() if process.returncode is None}

    def tick(self) -> bool:
        """Watch the processes and take the next step of the start. Returns whether something changed."""
        before = (self.state, self.pids)
        self._revive()
        if self.state in ("starting", "serving"):
            with suppress(httpx.HTTPError, OSError):  # not there yet: asked again at the next tick
                self._advance()
        return before != (self.state, self.pids)

    def stop(self) -> None:
        """End all processes. The API server gets no time: it would keep its port for twenty seconds."""
        self.stopped.set()
        server = self.processes.get("kube-apiserver")
        if server and server.poll() is None:
            server.kill()
        stop_all(self.processes.values(), grace_seconds=2.0)

    def _advance(self) -> None:
        with api.client(self.plane.kubeconfig, timeout_seconds=1.0) as server:
            if self.state == "starting" and server.get("/readyz").status_code == httpx.codes.OK:
                for node in self.plane.nodes():
                    api.apply(server, "/api/v1/nodes", node)
                api.apply(server, "/apis/storage.k8s.io/v1/storageclasses", self.plane.storage_class())
                for name in self.plane.commands():
                    if name not in self.processes:
                        self._spawn(name)
                arguments = (self.plane.kubeconfig, self.stopped)
                threading.Thread(target=provide_volumes, args=arguments, daemon=True).start()
                self.state = "serving"
            elif self.state == "serving" and self._complete(server):
                self.state = "ready"

    def _complete(self, server: httpx.Client) -> bool:
        """Whether nodes are ready and the controllers work: they have made the default service account."""
        nodes = server.get("/api/v1/nodes").json().get("items", [])
        conditions = [item for node in nodes for item in node.get("status", {}).get("conditions", [])]
        ready = [item for item in conditions if item["type"] == "Ready" and item["status"] == "True"]
        account = server.get("/api/v1/namespaces/default/serviceaccounts/default")
        return len(ready) == NODES_PER_REGION and account.status_code == httpx.codes.OK

    def _revive(self) -> None:
        """Start again what died unasked, or what a person lets up again."""
        for name, process in self.processes.items():
            if process.poll() is None or self.state == "failed":
                continue
            if name == "kube-apiserver" and self.held:
                self.taken_down.add(name)
                continue
            self.died_at.setdefault(name, time.monotonic())
            if time.monotonic() - self.died_at[name] < RESTART_AFTER_SECONDS:
                continue
            self.restarts += name not in self.taken_down
            if self.restarts > RESTARTS_ALLOWED:
                self.state, self.reason = "failed", f"{name} keeps ending; see {self.folder / f'{name}.log'}"
                return
            del self.died_at[name]
            self.taken_down.discard(name)
            self._spawn(name)

    def _spawn(self, name: str) -> None:
        log = self.folder / f"{name}.log"
        if log.exists() and log.stat().st_size > 20_000_000:
            shutil.move(log, log.with_suffix(".log.1"))
        self.processes[name] = spawn(self.plane.commands()[name], log)
