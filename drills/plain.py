"""Plain ZooKeeper servers on loopback, as zoo_sample.cfg has them: no TLS, no namespaces, no pods.

    python -m drills.plain --jars DIR [--servers N]

prints the clients' endpoints and runs until its stdin is closed. DIR holds the jars of zookeeper and what it needs.
"""

from __future__ import annotations

import argparse
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from failover.access import Access
from sandbox.processes import free_ports, freeze, spawn, stop_all

SAMPLE = {"tickTime": "2000", "initLimit": "10", "syncLimit": "5"}  # the values of zoo_sample.cfg
_JAVA = ("java", "-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Dzookeeper.admin.enableServer=false")
_LOGBACK = """<configuration>
  <appender name="STDOUT" class="ch.qos.logback.core.ConsoleAppender"><encoder>
    <pattern>%d{ISO8601} %-5level %logger{0} %msg%n</pattern>
  </encoder></appender>
  <root level="INFO"><appender-ref ref="STDOUT"/></root>
</configuration>
"""  # as the distribution's; without any, each request is logged several times
_MAIN = "org.apache.zookeeper.server.quorum.QuorumPeerMain"  # with a single member it runs standalone


@dataclass(frozen=True)
class Ports:
    client: int
    peer: int
    election: int


class Server:
    """One server process over a folder of its own. Signals go to this process alone."""

    def __init__(self, number: int, folder: Path, jars: Path, ensemble: Mapping[int, Ports]) -> None:
        self.number, self.ports = number, ensemble[number]
        self._folder, self._jars, self._ensemble = folder, jars, dict(ensemble)
        self._process: subprocess.Popen[bytes] | None = None
        self.settings = dict(SAMPLE)

    @property
    def endpoint(self) -> str:
        return f"127.0.0.1:{self.ports.client}"

    def start(self, members: Mapping[int, Ports] | None = None) -> None:
        """Start on what data there is. `members` misleads it about who the ensemble is, for controls."""
        data = self._folder / "data"
        data.mkdir(parents=True, exist_ok=True)
        (data / "myid").write_text(str(self.number))
        known = members or self._ensemble
        lines = [f"{name}={value}" for name, value in self.settings.items()]
        lines += [f"dataDir={data}", f"clientPort={self.ports.client}", "clientPortAddress=127.0.0.1"]
        lines += [f"server.{number}=127.0.0.1:{at.peer}:{at.election}" for number, at in known.items()]
        file = self._folder / "zoo.cfg"
        file.write_text("\n".join(lines) + "\n")
        (self._folder / "logback.xml").write_text(_LOGBACK)
        self._process = spawn([*_JAVA, "-cp", f"{self._folder}:{self._jars}/*", _MAIN, str(file)], self._folder / "log")

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    def stop(self) -> None:
        """SIGTERM, SIGKILL after 5 s."""
        stop_all([self._process] if self._process else [], 5)
        self._process = None

    def kill(self) -> None:
        if self._process:
            self._process.kill()
            self._process.wait()
        self._process = None

    def freeze(self) -> None:
        if self._process:
            freeze(self._process.pid)

    def thaw(self) -> None:
        if self._process:
            self._process.send_signal(signal.SIGCONT)

    def wipe(self) -> None:
        """Delete the data; the server must not run."""
        shutil.rmtree(self._folder / "data")

    def mode(self) -> str | None:
        """leader, follower or standalone; None where it does not serve (within half a second)."""
        try:
            with socket.create_connection(("127.0.0.1", self.ports.client), 0.5) as connection:
                connection.settimeout(0.5)
                connection.sendall(b"srvr")
                told = b"".join(iter(lambda: connection.recv(4096), b"")).decode()
        except OSError:
            return None
        return next((line.removeprefix("Mode: ") for line in told.splitlines() if line.startswith("Mode: ")), None)


class Ensemble:
    """`count` servers that know one another."""

    def __init__(self, jars: Path, folder: Path, count: int = 3) -> None:
        ports = free_ports(3 * count)
        known = {number: Ports(*ports[3 * number - 3 : 3 * number]) for number in range(1, count + 1)}
        self.servers = [Server(number, folder / str(number), jars.resolve(), known) for number in known]

    def access(self) -> Access:
        return Access(servers={f"zk-{server.number}": server.endpoint for server in self.servers})

    def wait(self, seconds: float = 30) -> Server:
        """Until there is a leader and all others follow: the leader. TimeoutError tells who is not there."""
        deadline = time.monotonic() + seconds
        while True:
            modes = {server.number: server.mode() for server in self.servers}
            if sorted(map(str, modes.values())) == ["follower"] * (len(modes) - 1) + ["leader"]:
                return next(server for server in self.servers if modes[server.number] == "leader")
            if time.monotonic() > deadline:
                raise TimeoutError(f"no ensemble within {seconds:.0f} s: {modes}")
            time.sleep(0.05)

    def stop(self) -> None:
        for server in self.servers:
            server.kill()


@contextmanager
def running(jars: Path, folder: Path, count: int = 3) -> Iterator[Ensemble]:
    """An ensemble that serves, over an empty folder; it is killed at the end, its data stay."""
    ensemble = Ensemble(jars, folder, count)
    try:
        for server in ensemble.servers:
            server.start()
        ensemble.wait()
        yield ensemble
    finally:
        ensemble.stop()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m drills.plain", description=__doc__)
    parser.add_argument("--jars", type=Path, required=True)
    parser.add_argument("--servers", type=int, default=3)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, running(given.jars, Path(folder), given.servers) as ensemble:
        sys.stdout.write(",".join(server.endpoint for server in ensemble.servers) + "\n")
        sys.stdout.flush()
        sys.stdin.read()


if __name__ == "__main__":
    main()
