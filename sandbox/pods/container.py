"""One container through its life: it waits, starts, is probed, stopped and restarted. Driven by its pod's thread."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from sandbox.pods.bubble import Bubble, Enter, Process, launch
from sandbox.pods.errors import NotYetError
from sandbox.pods.probes import Probe, question
from sandbox.pods.stopping import Stop
from sandbox.pods.values import Manifest, command, expand

RETRY_SECONDS = 0.5
_HEALTHY_SECONDS = 60.0  # after so long a run, the next restart comes as early as the first


@dataclass(frozen=True, kw_only=True)
class Backoff:
    """How long a container that ended waits before it is started again: doubling from `first` to `longest` seconds."""

    first: float = 1.0
    longest: float = 10.0

    def seconds(self, ends: int) -> float:
        """After so many ends in a row."""
        return min(self.first * 2.0 ** (max(1, ends) - 1), self.longest)


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """What a container needs of its pod. `bubble` raises NotYetError while something is missing."""

    enter: Enter
    address: str
    bubble: Callable[[Manifest], Bubble]
    log: Path
    grace_seconds: float
    backoff: Backoff


class Container:
    """A container; `restart` is its restart policy, and `state` what Kubernetes calls it."""

    def __init__(self, spec: Manifest, restart: str, surroundings: Surroundings) -> None:
        self.spec = spec
        self.name: str = spec["name"]
        self.restart = restart
        self.state: Literal["waiting", "running", "terminated"] = "waiting"
        self.reason, self.message = "ContainerCreating", ""
        self.restarts = 0
        self.started_at = self.finished_at = 0.0  # time.time()
        self.exit_code: int | None = None  # of the last run that ended
        self.process: Process | None = None
        self._surroundings = surroundings
        self._ports: Mapping[str, int] = {
            item["name"]: item["containerPort"] for item in spec.get("ports", []) if "name" in item
        }
        self._probes = {
            name: Probe(spec[f"{name}Probe"], self._ask)
            for name in ("startup", "liveness", "readiness")
            if f"{name}Probe" in spec
        }
        self._stop: Stop | None = None
        self._last = False
        self._retry_at = self._began = 0.0
        self._ends_in_a_row = 0

    @property
    def started(self) -> bool:
        """Whether it runs and its startup probe, if it has one, has passed."""
        return self.state == "running" and ("startup" not in self._probes or self._probes["startup"].result is True)

    @property
    def ready(self) -> bool:
        """Whether it has started and its readiness probe, if it has one, says yes."""
        return self.started and ("readiness" not in self._probes or self._probes["readiness"].result is True)

    @property
    def succeeded(self) -> bool:
        """Whether it has ended for good, and well."""
        return self.state == "terminated" and self.exit_code == 0

    @property
    def over(self) -> bool:
        """Whether it has ended for good."""
        return self.state == "terminated"

    def tick(self, now: float) -> None:
        """Take the next step; `now` is time.monotonic()."""
        if self.state == "waiting":
            if self._last:
                self.state, self.reason = "terminated", "Completed"
            elif now >= self._retry_at:
                self._start(now)
        elif self.state == "running" and self.process is not None:
            code = self.process.poll()
            if code is not None:
                self._ended(code, now)
            else:
                self._watch(now)

    def stop(self, now: float, grace_seconds: float, turn: Callable[[], bool] = lambda: True) -> None:
        """End it for good: its preStop hook first, then, when it is its turn, SIGTERM; SIGKILL after the grace."""
        self._last = True
        if self.process is not None and self._stop is None:
            self._stop = Stop(self.process, self._hook, now=now, grace_seconds=grace_seconds, turn=turn)

    def kill(self) -> None:
        """End its processes at once; it stays dead if it is ticked no more."""
        for probe in self._probes.values():
            probe.cancel()
        if self._stop:
            self._stop.cancel()
        if self.process is not None:
            self.process.kill()

    def bury(self) -> None:
        """Wait until nothing of it is left, after a stop or a kill."""
        self._last = True
        if self.process is not None:
            self.process.wait()
        self.tick(time.monotonic())

    def _start(self, now: float) -> None:
        around = self._surroundings
        try:
            bubble = around.bubble(self.spec)
            self.process = Process(bubble, command(self.spec, bubble.environment), around.enter, around.log)
        except NotYetError as error:
            self.reason, self.message = error.reason, error.message
            self._retry_at = now + RETRY_SECONDS
            return
        except OSError as error:
            self.reason, self.message = "CreateContainerError", str(error)
            self._retry_at = now + RETRY_SECONDS
            return
        self.restarts += self.exit_code is not None
        self.state, self.reason, self.message = "running", "", ""
        self.started_at, self._began = time.time(), now
        for probe in self._probes.values():
            probe.start(now)

    def _watch(self, now: float) -> None:
        if self._stop:
            self._stop.tick(now)
        startup, liveness, readiness = (self._probes.get(name) for name in ("startup", "liveness", "readiness"))
        if startup and startup.result is not True:
            self._must_pass(startup, now)
            return
        if liveness:
            self._must_pass(liveness, now)
        if readiness:
            readiness.tick(now)

    def _must_pass(self, probe: Probe, now: float) -> None:
        """A container whose startup or liveness probe fails is stopped, and then started again."""
        if self._stop or self.process is None:
            return
        probe.tick(now)
        if probe.result is False:
            grace = float(probe.grace_seconds or self._surroundings.grace_seconds)
            self._stop = Stop(self.process, self._hook, now=now, grace_seconds=grace)

    def _ended(self, code: int, now: float) -> None:
        for probe in self._probes.values():
            probe.cancel()
        if self._stop:
            self._stop.cancel()
        killed, self._stop = self._stop is not None, None
        self.exit_code, self.finished_at = code, time.time()
        again = self.restart == "Always" or (self.restart == "OnFailure" and (code != 0 or killed))
        if self._last or not again:
            self.state, self.reason = "terminated", "Error" if code else "Completed"
            return
        self._ends_in_a_row = 1 if now - self._began > _HEALTHY_SECONDS else self._ends_in_a_row + 1
        pause = self._surroundings.backoff.seconds(self._ends_in_a_row)
        self.state, self.reason, self._retry_at = "waiting", "CrashLoopBackOff", now + pause
        self.message = f"back-off {pause:g} s restarting failed container={self.name}"

    def _ask(self, handler: Manifest) -> subprocess.Popen[bytes]:
        return self._run(handler, None)

    def _hook(self) -> subprocess.Popen[bytes] | None:
        handler = self.spec.get("lifecycle", {}).get("preStop")
        return self._run(handler, self._surroundings.log.with_suffix(".hook.log")) if handler else None

    def _run(self, handler: Manifest, log: Path | None) -> subprocess.Popen[bytes]:
        around = self._surroundings
        words: Sequence[str] | None = question(handler, around.address, self._ports)
        if words is None:
            try:
                bubble = around.bubble(self.spec)
                asked = [expand(word, bubble.environment) for word in handler.get("exec", {}).get("command", [])]
                words = bubble.command(asked or ["false"])
            except (NotYetError, OSError):
                words = ["false"]
        return launch(around.enter(words), log)
