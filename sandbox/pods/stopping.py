"""A container's end: preStop hook, SIGTERM, SIGKILL, all within one grace period."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Callable

from sandbox.pods.bubble import Process

# What is left for SIGTERM at least, when the hook or the wait for other containers took the grace.
# Source: kubernetes pkg/kubelet/kuberuntime/kuberuntime_container.go, minimumGracePeriodInSeconds.
LEAST_SECONDS = 2.0


class Stop:
    """One stop of one container, begun at `now`. Without grace, it is SIGKILL alone."""

    def __init__(
        self,
        process: Process,
        hook: Callable[[], subprocess.Popen[bytes] | None],
        *,
        now: float,
        grace_seconds: float,
        turn: Callable[[], bool] = lambda: True,
    ) -> None:
        self._process = process
        self._deadline = now + grace_seconds
        self._turn = turn
        self._asked = False
        self._hook = hook() if grace_seconds > 0 else None
        self._shortest = LEAST_SECONDS if grace_seconds > 0 else 0.0

    def tick(self, now: float) -> None:
        """Take the next step."""
        late = now >= self._deadline
        if self._asked or not self._shortest:
            if late:
                self._process.kill()
            return
        if (self._hook is None or self._hook.poll() is not None or late) and (late or self._turn()):
            self._asked = True
            self._deadline = max(self._deadline, now + self._shortest)
            self._process.signal(signal.SIGTERM)

    def cancel(self) -> None:
        """End a hook that still runs: its container is gone."""
        if self._hook is not None and self._hook.poll() is None:
            self._hook.kill()
            self._hook.wait()
