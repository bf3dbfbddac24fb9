"""The two ensembles that are compared: the fleet's own, from its manifests, and ZooKeeper as it is shipped."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Protocol

from bench.process import BenchError
from drills import plain
from drills.client import Config
from drills.history import statistics
from drills.rig import Rig
from drills.stacks import ROOT, Shape
from drills.workload import Workload
from failover.access import Access
from sandbox.pods import zookeeper_image

TICKS = os.sysconf("SC_CLK_TCK")


class Ensemble(Protocol):
    """What the benchmark does with either."""

    name: str

    def access(self) -> Access: ...
    def enter(self, command: list[str]) -> list[str]: ...
    def kill_leader(self) -> Callable[[], None]: ...
    def roll(self) -> None: ...
    def pids(self) -> list[int]: ...
    def close(self) -> None: ...


class Ours:
    """Three servers, or five, as the fleet deploys them: TLS, pods, networks of their own."""

    name = "fleet"

    def __init__(self, folder: Path, shape: Shape) -> None:
        self.rig = Rig(folder, shape, {"zookeeper": zookeeper_image.ensure(lambda _: None)}, memory="512Mi")
        self.rig.start(*self.rig.numbers)
        self.rig.wait_ready()

    def access(self) -> Access:
        return self.rig.access("eu-west")

    def enter(self, command: list[str]) -> list[str]:
        return self.rig.place("eu-west", "client").enter(command)

    def kill_leader(self) -> Callable[[], None]:
        leader = self.rig.known_leader()
        self.rig.kill(leader)

        def back() -> None:
            self.rig.start(leader)
            self.rig.wait_serving()

        return back

    def roll(self) -> None:
        self.rig.roll()

    def pids(self) -> list[int]:
        return server_pids(self.rig)

    def close(self) -> None:
        self.rig.close()


class Sample:
    """Three servers with the sample configuration, on loopback without TLS."""

    name = "sample configuration"

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self._ensemble = plain.Ensemble(zookeeper_image.folder(), folder)
        for server in self._ensemble.servers:
            server.settings["maxClientCnxns"] = "0"  # its 60 per address would turn the sessions away
            server.start()
        self._ensemble.wait()

    def access(self) -> Access:
        return self._ensemble.access()

    def enter(self, command: list[str]) -> list[str]:
        return command

    def kill_leader(self) -> Callable[[], None]:
        leader = self._ensemble.wait()
        leader.kill()

        def back() -> None:
            leader.start()
            self._ensemble.wait()

        return back

    def roll(self) -> None:
        """As most do it: by number, each when the one before serves."""
        for server in self._ensemble.servers:
            server.stop()
            server.start()
            self._ensemble.wait()
            time.sleep(2)

    def pids(self) -> list[int]:
        return [server.pid for server in self._ensemble.servers if server.pid]

    def close(self) -> None:
        self._ensemble.stop()


def server_pids(rig: Rig) -> list[int]:
    """The servers' own processes: what the pods' first ones started."""
    found: list[int] = []
    for pod in rig.pods.values():
        pid = pod.main_pid
        listed = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        found += [int(listed[0])] if listed and not _is_java(pid) else [pid] if pid else []
    return found


def cpu_seconds(pids: Iterable[int]) -> float:
    """User and system time that these processes have taken since their start."""

    def one(pid: int) -> int:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return int(fields[11]) + int(fields[12])

    return sum(one(pid) for pid in pids) / TICKS


def _is_java(pid: int | None) -> bool:
    return Path(f"/proc/{pid}/comm").read_text().strip() == "java"


def ask(module: str, ensemble: Ensemble, folder: Path, **more: Any) -> subprocess.Popen[str]:
    """Start one of the benchmark's clients where the ensemble's clients stand."""
    path = folder / f"{module}.json"
    path.write_text(json.dumps({**asdict(ensemble.access()), **more}))
    command = ensemble.enter([sys.executable, "-m", f"bench.{module}", str(path)])
    return subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def answer(process: subprocess.Popen[str]) -> dict[str, float]:
    """The line that it prints next. Raises BenchError where it ends without one."""
    assert process.stdout
    line = process.stdout.readline()
    if not line:
        raise BenchError("a client of the benchmark ended without a result")
    return json.loads(line)


def gap_during(ensemble: Ensemble, folder: Path, act: Callable[[], object]) -> float:
    """The longest time without an acknowledged write while something is done, of three clients."""
    folder.mkdir(parents=True)
    workload = Workload(folder)
    names: Sequence[str] = ("one", "two", "three")
    for number, name in enumerate(names):
        config = Config(
            client=name, region="eu-west", history="", access=ensemble.access(), seed=number, root=f"/{folder.name}"
        )
        workload.start(config, ensemble.enter)
    workload.wait_for_writes(names, 20)
    begun = time.monotonic_ns()
    act()
    time.sleep(1)
    return statistics(workload.stop(), begun, time.monotonic_ns()).longest_gap_s
