"""Probes: when they are asked, and after how many answers they count. One question at a time, never waited for."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from sandbox.pods.values import Manifest

Ask = Callable[[Manifest], subprocess.Popen[bytes]]  # starts the process that asks; exit code 0 is success
_ASK = Path(__file__).resolve().parent / "ask.py"


class Probe:
    """One probe of one container. `result` is None until as many answers in a row agree as their threshold says.

    Times are those of time.monotonic(), in seconds.
    """

    def __init__(self, spec: Manifest, ask: Ask) -> None:
        self._spec = spec
        self._ask = ask
        self._delay = float(spec.get("initialDelaySeconds", 0))
        self._period = float(spec.get("periodSeconds", 10))
        self._timeout = float(spec.get("timeoutSeconds", 1))
        self._thresholds = {True: spec.get("successThreshold", 1), False: spec.get("failureThreshold", 3)}
        self.grace_seconds: float | None = spec.get("terminationGracePeriodSeconds")
        self._process: subprocess.Popen[bytes] | None = None
        self.start(0.0)

    def start(self, now: float) -> None:
        """Forget everything: the container has started now."""
        self.cancel()
        self.result: bool | None = None
        self._next = now + self._delay
        self._asked_at = now
        self._last: bool | None = None
        self._in_a_row = 0

    def tick(self, now: float) -> None:
        """Take an answer that has come, count one that is overdue as a failure, and ask when it is time."""
        if self._process is not None:
            code = self._process.poll()
            if code is None and now - self._asked_at < self._timeout:
                return
            self.cancel()
            self._count(code == 0)
        elif now >= self._next:
            self._asked_at = now
            self._next = max(self._next + self._period, now)
            self._process = self._ask(self._spec)

    def cancel(self) -> None:
        """End the question that is under way."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def _count(self, answer: bool) -> None:
        self._in_a_row = self._in_a_row + 1 if answer == self._last else 1
        self._last = answer
        if self._in_a_row >= self._thresholds[answer]:
            self.result = answer


def question(handler: Manifest, address: str, ports: Mapping[str, int]) -> Sequence[str] | None:
    """The command that asks a handler's question from the pod's network; None for exec, which runs in the container."""
    ask = [sys.executable, "-I", "-S", str(_ASK)]
    if get := handler.get("httpGet"):
        scheme, path = get.get("scheme", "HTTP").lower(), get.get("path", "/")
        headers = [f"{item['name']}: {item['value']}" for item in get.get("httpHeaders", [])]
        return [*ask, scheme, get.get("host", address), port_number(get["port"], ports), path, *headers]
    if tcp := handler.get("tcpSocket"):
        return [*ask, "tcp", tcp.get("host", address), port_number(tcp["port"], ports)]
    if sleep := handler.get("sleep"):
        return ["sleep", str(sleep["seconds"])]
    return None


def port_number(port: int | str, ports: Mapping[str, int]) -> str:
    """A port by its number or name; a name that no port has leads nowhere, as a closed port does."""
    return str(ports.get(port, 0) if isinstance(port, str) and not port.isdigit() else port)
