"""A whole fleet on one machine: the ensemble's real servers, and for each candidate an agent, a watchdog and a gate."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
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
    """All processes of one candidate, its gates and daemons by their chains. `folder` holds its files."""

    unit: Unit
    folder: Path
    agent: Process
    watchdog: Process
    gates: Mapping[str, Process]
    daemons: Mapping[str, Process]
    agent_host: Host
    daemon_host: Host

    @property
    def gate(self) -> Process:
        """KMD's."""
        return self.gates[layout.CHAIN]

    @property
    def daemon(self) -> Process:
        """KMD's."""
        return self.daemons[layout.CHAIN]

    @property
    def processes(self) -> tuple[Process, ...]:
        return (*self.daemons.values(), *self.gates.values(), self.watchdog, self.agent)

    @property
    def agent_file(self) -> Path:
        return self.folder / "agent.json"

    def clock_file(self, part: str) -> Path:
        """What libfaketime reads for one of PARTS, all gates included."""
        return self.folder / f"{part}.clock"

    def wallet_file(self, chain: str) -> Path:
        """What a daemon's wallets hold, read when it starts."""
        return self.folder / f"wallet-{chain}.json"


class Fleet:
    """Everything that a fault may be made to. One thread uses it, and lives as long as it."""

    def __init__(
        self,
        rig: Rig,
        folder: Path,
        units: Sequence[Unit],
        seed: int,
        *,
        chains: Sequence[str] = layout.CHAINS,
        rate: float = layout.CALLS_A_SECOND,
    ) -> None:
        """The servers run already. `rate`: signing calls a second and coin."""
        self.rig, self.folder, self.chains, self._rate = rig, folder, tuple(chains), rate
        self.cuts = Cuts(rig.network)
        servers = {number: rig.region_of(number) for number in rig.numbers}
        self.topology = Topology(servers=servers, units=tuple(units), chains=self.chains)
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

    def ordered(self) -> bool:
        """Whether every order that was given has been carried out, or given up."""
        return self._desk.idle

    def serves(self, *numbers: int) -> bool:
        """Whether these servers, or all, are in a quorum."""
        return all(self.rig.mode(number) for number in numbers or tuple(self.rig.numbers))

    def _made(self, unit: Unit, seed: int) -> Member:
        folder = self.folder / "units" / f"{unit.duty}-{unit.region}"
        for name in ("state", "keys", "gate"):
            (folder / name).mkdir(parents=True)
        (folder / "keys" / "passphrase").write_text(f"{layout.passphrase(unit.duty)}\n")
        subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={GATE_DISK_KIBIBYTES}k", "tmpfs", str(folder / "gate")], check=True
        )
        clients = files_in(self.rig.folder / "clients" / CLIENT)
        agent = folder / "agent.json"
        agent.write_text(
            to_json(layout.agent_config(unit, folder, self._access(), clients, chains=self.chains, rate=self._rate))
        )
        signs, serves = (self.rig.place(unit.region, host) for host in (unit.agent_host, unit.daemon_host))
        return Member(
            unit=unit,
            folder=folder,
            agent=self._process(folder, "agent", signs, layout.failover_command("agent", agent)),
            watchdog=self._process(folder, "watchdog", signs, layout.failover_command("watchdog", agent)),
            gates=self._gates(unit, folder, serves),
            daemons={chain: self._daemon(unit, folder, serves, seed, chain) for chain in self.chains},
            agent_host=signs,
            daemon_host=serves,
        )

    def _gates(self, unit: Unit, folder: Path, serves: Host) -> dict[str, Process]:
        ensemble, tls = self._access(), write_gate_files(self.rig, layout.gate_name(unit), folder / "tls")
        made: dict[str, Process] = {}
        for chain in self.chains:
            name = layout.file_name("gate", chain)
            file = folder / f"{name}.json"
            file.write_text(to_json(layout.gate_config(unit, folder, ensemble, tls, chain)))
            command = layout.failover_command("gate", file)
            made[chain] = self._process(folder, name, serves, command, clock="gate")
        return made

    def _daemon(self, unit: Unit, folder: Path, serves: Host, seed: int, chain: str) -> Process:
        (folder / f"wallet-{chain}.json").write_text(layout.wallet(unit.duty))
        command = layout.daemon_command(unit, folder, seed, chain)
        return self._process(folder, layout.file_name("daemon", chain), serves, command)

    def _process(self, folder: Path, name: str, host: Host, command: Sequence[str], *, clock: str = "") -> Process:
        """`clock`: whose wall clock it has, if not its own; a daemon has the machine's."""
        part = clock or name
        file = folder / f"{part}.clock"
        wallclock.put_off(file, 0)
        variables = {
            **environment(),
            **layout.LOGIN,
            **(wallclock.environment(file, self._preloaded) if part in PARTS else {}),
        }
        log = folder / f"{name}.log"
        return Process(name=name, command=host.enter(command), environment=variables, log=log, lines=self._lines)

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
