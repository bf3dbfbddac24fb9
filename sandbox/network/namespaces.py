"""Nameless network namespaces: what they need of the machine, the process that holds them, commands run in them."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from sandbox.errors import SandboxError
from sandbox.network.layout import enter
from sandbox.processes import die_with_parent

_TOOLS = {"ip": "iproute2", "nft": "nftables", "nsenter": "util-linux"}
_CAP_NET_ADMIN, _CAP_SYS_ADMIN = 12, 21
_GRACE_SECONDS = 5.0
_START_AGAIN = "close it and make a new one"


def unavailable() -> str | None:
    """Why this machine or this user can't have namespaces, and the remedy; None if nothing seems to be missing."""
    for tool, package in _TOOLS.items():
        if shutil.which(tool) is None:
            return f"Regions as network namespaces need `{tool}`, which is not in PATH; install the package {package}."
    status = Path("/proc/self/status").read_text()
    effective = int(status.partition("CapEff:")[2].split()[0], 16)
    if not (effective >> _CAP_NET_ADMIN) & (effective >> _CAP_SYS_ADMIN) & 1:
        return (
            "Regions as network namespaces need CAP_NET_ADMIN and CAP_SYS_ADMIN, which this process lacks;"
            " run it as root, in a container with `--privileged`."
        )
    if not Path("/dev/net/tun").exists():
        return "Regions that are slowed need /dev/net/tun, which is not there; load the kernel's module tun."
    return None


class Namespaces:
    """The keeper, from the outside. Its methods raise SandboxError with the kernel's reason."""

    def __init__(self) -> None:
        # By its file, isolated and without site-packages: it needs none, and starts in a fraction of the time.
        self._keeper = subprocess.Popen(
            [sys.executable, "-I", "-S", str(Path(__file__).with_name("keeper.py"))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,
            start_new_session=True,
            preexec_fn=die_with_parent,
        )
        self._turn = threading.Lock()

    def make(self, region: int = 0) -> str:
        """The path of a new namespace: a router's with its TUN device, or a host's where the region is 0."""
        return f"/proc/{self._keeper.pid}/fd/{self._ask({'make': region})['fd']}"

    def drop(self, namespace: str) -> None:
        """Let a namespace go; it lasts as long as a process is in it."""
        self._ask({"drop": int(namespace.rpartition("/")[2])})

    def delay(self, one_way_seconds: Mapping[tuple[int, int], float]) -> None:
        """How long packets that pass the TUN devices are held, by source and target region."""
        self._ask({"delays": [[source, target, seconds] for (source, target), seconds in one_way_seconds.items()]})

    def close(self) -> None:
        """End the keeper, and all that nobody else holds. May be called again."""
        for pipe in (self._keeper.stdin, self._keeper.stdout):
            if pipe:
                pipe.close()
        try:
            self._keeper.wait(_GRACE_SECONDS)
        except subprocess.TimeoutExpired:  # frozen, perhaps
            self._keeper.kill()
            self._keeper.wait()

    def _ask(self, request: dict[str, Any]) -> dict[str, Any]:
        stdin, stdout = self._keeper.stdin, self._keeper.stdout
        assert stdin
        assert stdout
        try:
            with self._turn:
                stdin.write(json.dumps(request).encode() + b"\n")
                answer = json.loads(stdout.readline() or b'{"error": "its process has ended"}')
        except (OSError, ValueError) as error:  # a ValueError where it was closed
            answer = {"error": str(error)}
        if "error" in answer:
            raise SandboxError(f"The sandbox's network can't go on: {answer['error']}; {_START_AGAIN}.")
        return answer


def run(jobs: Iterable[tuple[str, Sequence[str], str]]) -> None:
    """Run commands side by side, each in its namespace with its text as input.

    Raises SandboxError with what the first one to fail says, when all have ended.
    """
    started: list[tuple[subprocess.Popen[str], str]] = []
    for namespace, command, text in jobs:
        process = subprocess.Popen(
            enter(namespace, command),
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append((process, command[0]))
        assert process.stdin
        with suppress(BrokenPipeError):  # it has failed already, and says why below
            process.stdin.write(text)
            process.stdin.close()
        process.stdin = None
    results = [(process.communicate()[1], process.returncode, tool) for process, tool in started]
    for said, code, tool in results:
        if code != 0:
            first = said.strip().partition("\n")[0] or f"exit code {code}"
            raise SandboxError(f"`{tool}` failed in the sandbox's network: {first}; {_START_AGAIN}.")
