"""A pod that runs: its containers as processes of this machine, in the order and by the rules of Kubernetes."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from sandbox.pods.container import Backoff
from sandbox.pods.errors import NotYetError
from sandbox.pods.image import Image
from sandbox.pods.lifecycle import Lifecycle
from sandbox.pods.making import Attached, Ground
from sandbox.pods.status import Conditions, Status, moment, pod_status
from sandbox.pods.values import Configs, Manifest

TICK_SECONDS = 0.02
_DEFAULT_BACKOFF = Backoff()


class Pod:
    """One pod, from its manifest (metadata.name, spec), until it is stopped, killed or over.

    `folder` gets NAME/CONTAINER.log and the volumes; claims lie in `claims`, by default `folder`/claims, and outlive
    the pod: mount there what you like. `configs` gives the data of a ConfigMap or Secret by kind and name, `hosts`
    addresses by host name, `images` what a container's image stands for, by a part of its repository's name.

    Not held to: resources, seccomp profiles, sizes of emptyDir, postStart hooks; root is always
    read-only. All files of volumes belong to the container's user, whoever owned them in a cluster.
    """

    def __init__(
        self,
        manifest: Manifest,
        *,
        host: Attached,
        folder: Path,
        configs: Configs,
        hosts: Mapping[str, str],
        images: Mapping[str, Image],
        claims: Path | None = None,
        backoff: Backoff = _DEFAULT_BACKOFF,
    ) -> None:
        self.name: str = manifest["metadata"]["name"]
        self.folder = (folder / self.name).absolute()
        self.host = host
        self._ground = Ground(
            manifest=manifest,
            host=host,
            folder=self.folder,
            claims=(claims or folder / "claims").absolute(),
            configs=configs,
            hosts=hosts,
            images=images,
            backoff=backoff,
        )
        self._volumes = self._ground.volumes()
        first, main = self._ground.containers(self._volumes)
        grace_seconds = self._ground.grace_seconds
        self._life = Lifecycle(first, main, prepare=self._prepare, grace_seconds=grace_seconds)
        self._conditions, self._started = Conditions(), moment()
        self._lock = threading.RLock()
        self._asked_to_stop = threading.Event()
        self._killed = False
        self._thread = threading.Thread(target=self._run, name=f"pod {self.name}", daemon=True)

    def start(self) -> None:
        """Begin; returns at once. A pod is started once: to run it again, make another one of the same name."""
        self._thread.start()

    def stop(self, grace_seconds: float | None = None) -> None:
        """preStop hooks, SIGTERM, SIGKILL, sidecars last; returns when nothing of the pod runs.

        `grace_seconds` replaces the manifest's; 0 is SIGKILL at once.
        """
        self.begin_stop(grace_seconds)
        self.join()

    def begin_stop(self, grace_seconds: float | None = None) -> None:
        """As stop, but returns at once; `ended` says when it is through. The pod's thread runs the hooks."""
        with self._lock:
            self._life.grace_seconds = self._ground.grace_seconds if grace_seconds is None else float(grace_seconds)
        self._asked_to_stop.set()

    def kill(self) -> None:
        """SIGKILL to everything at once, as when its machine fails; returns when nothing of the pod runs."""
        with self._lock:
            self._killed, self._life.phase = True, "Failed"
            for container in self._life.all:
                container.kill()
        self.join()

    def freeze(self) -> None:
        """Stop the main containers' processes where they are, as a long pause would; probes go on, and fail."""
        self._signal_all(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let frozen processes go on."""
        self._signal_all(signal.SIGCONT)

    def refresh(self) -> None:
        """Bring mounted ConfigMaps, Secrets and /etc/hosts up to date. A source that is gone leaves its files."""
        with self._lock:
            if self._life.prepared and not self.ended:
                self._ground.write_hosts()
                with suppress(NotYetError):
                    self._volumes.refresh()

    def join(self, seconds: float | None = None) -> bool:
        """Wait until nothing of the pod runs; whether that is so."""
        if self._thread.ident:
            self._thread.join(seconds)
        return self.ended

    @property
    def ended(self) -> bool:
        """Whether it was started, and nothing of it runs any more."""
        return bool(self._thread.ident) and not self._thread.is_alive()

    @property
    def ready(self) -> bool:
        """Whether all containers are ready, as for the Ready condition."""
        with self._lock:
            return self.phase == "Running" and self._life.ready

    @property
    def main_pid(self) -> int | None:
        """The first container's first process, as this machine counts; None while it doesn't run.

        Killed by this number, the container alone fails, and is restarted.
        """
        with self._lock:
            process = self._life.main[0].process
            return process.pid if process is not None and process.poll() is None else None

    @property
    def restarts(self) -> int:
        """How often containers of the pod were started again, init containers and sidecars included."""
        return sum(item.restarts for item in self._life.all)

    @property
    def phase(self) -> str:
        """Pending, Running, Succeeded or Failed."""
        return self._life.phase

    def log(self, container: str) -> str:
        """What a container has printed, over all its runs and those of earlier pods of this name."""
        path = self.folder / f"{container}.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def status(self) -> Status:
        """The pod's status as Kubernetes has it (PodStatus v1)."""
        with self._lock:
            return pod_status(self._life, self.host.address, self._started, self._conditions)

    def _run(self) -> None:
        """The pod's thread: all its processes are started here, and die with it."""
        try:
            self._work()
        finally:
            with self._lock:
                if not self._life.over:
                    self._life.phase = "Failed"
                    for container in self._life.all:
                        container.kill()
            for container in self._life.all:
                container.bury()

    def _work(self) -> None:
        while not self._life.over:
            with self._lock:
                if self._killed:
                    break
                now = time.monotonic()
                if self._asked_to_stop.is_set() and not self._life.stopping:
                    self._life.stop(now, self._life.grace_seconds)
                self._life.tick(now)
            time.sleep(TICK_SECONDS)

    def _prepare(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self._volumes.prepare()
        self._ground.write_hosts()

    def _signal_all(self, number: signal.Signals) -> None:
        with self._lock:
            for container in self._life.main:
                if container.process is not None and container.state == "running":
                    container.process.signal_all(number)
