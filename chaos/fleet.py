"""A whole fleet on one machine: the ensemble's real servers, and for each candidate an agent, a watchdog and a gate."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from chaos import layout, wallclock
from chaos.certificates import files_in, write_gate_files
from chaos.cuts import Cuts
from chaos.desk import Desk
from chaos.possible import Topology, Unit
from chaos.processes import Lines, Process
from config.failover import EnsembleAccess, to_json, to_lines
from drills.rig import Rig
from sandbox.network import Host

GATE_DISK_KIBIBYTES = 64
PARTS = ("agent", "watchdog", "gate")
# The stack of the drills has clients in two regions; here one certificate serves all.
CLIENT = "eu-west"


@dataclass(frozen=True, kw_only=True)
class Member:
    """All processes of one candidate. `folder` holds its files."""

    unit: Unit
    folder: Path
    agent: Process
    watchdog: Process
    gate: Process
    daemon: Process
    agent_host: Host
    daemon_host: Host

    @property
    def processes(self) -> tuple[Process, ...]:
        return (self.daemon, self.gate, self.watchdog, self.agent)

    @property
    def agent_file(self) -> Path:
        return self.folder / "agent.json"

    def clock_file(self, part: str) -> Path:
        """What libfaketime reads for one of PARTS."""
        return self.folder / f"{part}.clock"


class Fleet:
    """Everything that a fault may be made to. One thread uses it, and lives as long as it."""

    def __init__(self, rig: Rig, folder: Path, units: Sequence[Unit], seed: int) -> None:
        """The servers run already."""
        self.rig, self.folder = rig, folder
        self.cuts = Cuts(rig.network)
        self.topology = Topology(servers={number: rig.region_of(number) for number in rig.numbers}, units=tuple(units))
        self._lines = Lines()
        self._preloaded = wallclock.preload()
        self._desk = Desk(folder / "commands.log", environment())
        self.members = [self._made(unit, seed * 100 + number) for number, unit in enumerate(units)]
        self._name_hosts()

    def of(self, duty: str) -> list[Member]:
        """A duty's candidates."""
        return [member for member in self.members if member.unit.duty == duty]

    def tend(self) -> None:
        """Start what is to run and does not; to be called often."""
        for member in self.members:
            for process in member.processes:
                process.tend()
        self._desk.tend()

    def close(self) -> None:
        """Kill all that runs, agents first: so that none of them starts another signer."""
        for member in self.members:
            for process in reversed(member.processes):
                process.end()
            subprocess.run(["umount", "-l", str(member.folder / "gate")], check=False, capture_output=True)
        self._desk.close()

    def order(self, member: Member, what: str, *more: str, undoes: bool = False) -> None:
        """Queue an operator's command, given where this candidate's agent is; its output is in commands.log."""
        command = layout.failover_command(what, member.agent_file, *more)
        self._desk.give(member.agent_host.enter(command), undoes=undoes)

    def _made(self, unit: Unit, seed: int) -> Member:
        folder = self.folder / "units" / f"{unit.duty}-{unit.region}"
        for name in ("state", "keys", "gate"):
            (folder / name).mkdir(parents=True)
        (folder / "keys" / "passphrase").write_text(f"words of {unit.duty}\n")
        subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={GATE_DISK_KIBIBYTES}k", "tmpfs", str(folder / "gate")], check=True
        )
        ensemble, gates = self._access(), write_gate_files(self.rig, layout.gate_name(unit), folder / "tls")
        clients = files_in(self.rig.folder / "clients" / CLIENT)
        agent, gate = folder / "agent.json", folder / "gate.json"
        agent.write_text(to_json(layout.agent_config(unit, folder, ensemble, clients)))
        gate.write_text(to_json(layout.gate_config(unit, folder, ensemble, gates)))
        signs, serves = (self.rig.place(unit.region, host) for host in (unit.agent_host, unit.daemon_host))
        daemon = layout.daemon_command(unit, folder, seed)
        return Member(
            unit=unit,
            folder=folder,
            agent=self._process(folder, "agent", signs, layout.failover_command("agent", agent)),
            watchdog=self._process(folder, "watchdog", signs, layout.failover_command("watchdog", agent)),
            gate=self._process(folder, "gate", serves, layout.failover_command("gate", gate)),
            daemon=self._process(folder, "daemon", serves, daemon),
            agent_host=signs,
            daemon_host=serves,
        )

    def _process(self, folder: Path, part: str, host: Host, command: Sequence[str]) -> Process:
        clock = folder / f"{part}.clock"
        wallclock.put_off(clock, 0)
        variables = {
            **environment(),
            **layout.LOGIN,
            **(wallclock.environment(clock, self._preloaded) if part in PARTS else {}),
        }
        log = folder / f"{part}.log"
        return Process(name=part, command=host.enter(command), environment=variables, log=log, lines=self._lines)

    def _access(self) -> EnsembleAccess:
        access, tls = self.rig.access(CLIENT), files_in(self.rig.folder / "clients" / CLIENT)
        servers = self.folder / "servers"
        ports = {item.host: self.rig.endpoint(item.number).rpartition(":")[2] for item in self.rig.plan.servers}
        servers.write_text(to_lines(f"{host}:{port}" for host, port in ports.items()))
        return EnsembleAccess(
            servers_file=str(servers),
            chroot=access.chroot,
            session_timeout_ms=access.session_timeout_ms,
            identity=access.identities[0],
            authority_file=tls.authority_file,
            certificate_file=tls.certificate_file,
            key_file=tls.key_file,
        )

    def _name_hosts(self) -> None:
        """Servers and gates by their names, in this process's own /etc/hosts and its children's."""
        names = {item.host: self.rig.host(item.number).address for item in self.rig.plan.servers}
        names |= {layout.gate_name(member.unit): member.daemon_host.address for member in self.members}
        file = self.folder / "hosts"
        file.write_text("127.0.0.1 localhost\n" + "".join(f"{address} {name}\n" for name, address in names.items()))
        subprocess.run(["mount", "--bind", str(file), "/etc/hosts"], check=True)


def environment() -> dict[str, str]:
    """For all: a mutated copy of the package under test, in $FAILOVER_PATH, comes before this project's."""
    paths = [os.environ.get("FAILOVER_PATH", ""), str(layout.ROOT)]
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return {**kept, "PYTHONPATH": os.pathsep.join(filter(None, paths)), "PYTHONSAFEPATH": "1", "PYTHONUNBUFFERED": "1"}
