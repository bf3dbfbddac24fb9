"""client-go's leader election as a contender, on an API server of the sandbox's kind."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import httpx

from bench.failover.arena import Arena, Report
from bench.failover.racers import LOGIN, Racer, Seat
from sandbox import api, toolchain
from sandbox.errors import SandboxError
from sandbox.region import RunningRegion

SOURCE = Path(__file__).resolve().parent / "clientgo"
VERSION = "v0.36.3"
START_SECONDS = 120
# Core clients' defaults; and the smallest whole seconds, in which a Lease counts, that keep the ratio of 2 to 1 which
# its package documentation gives for clocks that run apart (leaderelection.go); the retry is a quarter of the deadline.
SETTINGS: Mapping[str, Mapping[str, str]] = {
    "client-go": {"lease-duration": "15s", "renew-deadline": "10s", "retry-period": "2s"},
    "client-go-fast": {"lease-duration": "2s", "renew-deadline": "1s", "retry-period": "250ms"},
}


class ApiServer:
    """etcd and an API server, and nothing else of a control plane."""

    def __init__(self, arena: Arena) -> None:
        """Serving. Raises SandboxError."""
        binaries = toolchain.ensure(["kubernetes", "etcd", "kwok"], arena.report)
        self._region = RunningRegion(name="bench", folder=arena.folder / "api", binaries=binaries)
        self._region.start()
        arena.tended.append(self)
        arena.need(START_SECONDS, self._serves, "the API server")

    @property
    def kubeconfig(self) -> Path:
        """The administrator's."""
        return self._region.plane.kubeconfig

    def tend(self) -> None:
        """It is not killed here, so nothing is started again."""

    def close(self) -> None:
        self._region.stop()

    def _serves(self) -> bool:
        try:
            with api.client(self.kubeconfig, timeout_seconds=1.0) as client:
                return client.get("/api/v1/namespaces/default").status_code == httpx.codes.OK
        except (httpx.HTTPError, OSError):
            return False


def binary(report: Report) -> Path:
    """The candidate's program, built once. Raises SandboxError."""
    parts = [(SOURCE / name).read_bytes() for name in ("main.go", "go.mod", "go.sum")]
    target = toolchain.cache() / "bench-clientgo" / hashlib.sha256(b"\0".join(parts)).hexdigest()[:16]
    with toolchain.locked(toolchain.cache() / "bench-clientgo.lock", report), tempfile.TemporaryFile("w+") as log:
        if target.is_file():
            return target
        made = target.with_suffix(".building")
        command = ["go", "build", "-mod=readonly", "-trimpath", "-o", str(made), "."]
        try:
            code = toolchain.run_with_progress(command, SOURCE, log.fileno(), "client-go's candidate", report)
        except FileNotFoundError:
            raise SandboxError("client-go's candidate needs Go, and there is none on PATH; install Go 1.26") from None
        if code != 0:
            log.seek(0)
            raise SandboxError(f"building client-go's candidate failed: {log.read().strip()[-300:]}")
        made.rename(target)
    return target


def contenders(arena: Arena) -> list[Racer]:
    """Both settings on one API server. Their handover and a signer's end release the Lease (ReleaseOnCancel)."""
    program, server = binary(arena.report), ApiServer(arena)

    def racer(name: str, settings: Mapping[str, str]) -> Racer:
        def command(seat: Seat) -> Sequence[str]:
            told = {
                "kubeconfig": str(server.kubeconfig),
                "lease": name,
                "identity": seat.region,
                "api": f"127.0.0.1:{seat.api_port}",
                "rpc": seat.rpc,
                "login": LOGIN,
                **settings,
            }
            return [str(program), *(f"-{key}={value}" for key, value in told.items()), "--", *seat.signer]

        return Racer(arena, name, command, slow=name == "client-go", networks=False)

    return [racer(name, settings) for name, settings in SETTINGS.items()]
