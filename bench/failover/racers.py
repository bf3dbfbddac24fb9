"""The other contenders: candidates in processes of their own, with the same doubles of daemon and signer."""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

from bench.failover.arena import REGIONS, Arena
from bench.failover.candidate import Given
from bench.failover.contender import FRESH, Contender, Side
from bench.failover.stats import Event
from chaos import layout, stamps
from chaos.certificates import files_in
from chaos.collect import logged
from chaos.fleet import CLIENT
from chaos.possible import Unit
from chaos.processes import Process
from sandbox.network import Host
from sandbox.processes import free_ports

LOGIN = "{RPC_USERNAME}:{RPC_PASSWORD}".format(**layout.LOGIN)
WAITS = stamps.SECOND // 2  # from its word that it waits until it does


@dataclass(frozen=True, kw_only=True)
class Seat:
    """Where one candidate runs; without a host, on this machine's loopback with ports of its own."""

    duty: str
    region: str
    folder: Path
    host: Host | None
    api_port: int
    rpc_port: int

    @property
    def rpc(self) -> str:
        return f"127.0.0.1:{self.rpc_port}"

    @property
    def signer(self) -> tuple[str, ...]:
        """The double's command line, as the fleet's agents have it."""
        program = (sys.executable, "-I", "-S", str(layout.ROOT / "chaos" / "signer.py"))
        names = ("--name", f"{self.duty}/{self.region}", "--api-port", str(self.api_port))
        return (*program, *names, "--rate", str(layout.CALLS_A_SECOND), "--rpc", f"{layout.CHAIN}={self.rpc}")


Command = Callable[[Seat], Sequence[str]]


class Racer(Contender):
    """Two candidates, or one in each of `regions`, by one command line."""

    def __init__(
        self,
        arena: Arena,
        name: str,
        command: Command,
        *,
        slow: bool,
        networks: bool = True,
        regions: Sequence[str] = REGIONS,
    ) -> None:
        self.slow = slow
        self._processes: list[Process] = []
        seats = [_seat(arena, name, region, networks) for region in regions]
        super().__init__(name, [self._side(arena, seat, command) for seat in seats])

    def tend(self) -> None:
        for process in self._processes:
            process.tend()

    def close(self) -> None:
        for side in self.sides:
            side.kill()
        for process in reversed(self._processes):
            process.end()

    def awake(self) -> None:
        for side in self.sides:
            _signal(side.signer(), signal.SIGCONT)

    def quiet(self) -> None:
        for side in self.sides:
            _signal(side.signer(), signal.SIGSTOP)

    def ready(self) -> bool:
        leading = self.leading()
        others = [side for side in self.sides if side is not leading]
        return leading is not None and all(map(_waits, others))

    def hand_over(self, side: Side) -> None:
        side.agent.signal(signal.SIGUSR1)

    def _side(self, arena: Arena, seat: Seat, command: Command) -> Side:
        log = seat.folder / "candidate.log"
        agent = arena.process("candidate", command(seat), log, seat.host)
        unit = Unit(duty=seat.duty, region=seat.region)
        (seat.folder / f"wallet-{layout.CHAIN}.json").write_text(layout.wallet(unit.duty))
        words = layout.daemon_command(unit, seat.folder, seed=1)
        words[words.index("--port") + 1] = str(seat.rpc_port)
        daemon = arena.process("daemon", words, seat.folder / "daemon.log", seat.host)
        self._processes += [daemon, agent]
        return Side(
            name=seat.region,
            stamps=seat.folder / "stamps.jsonl",
            agent=agent,
            beside=(daemon,),
            signer=partial(_child, agent),
            events=partial(_events, log),
        )


def of_zookeeper(
    arena: Arena, name: str, recipe: str, settings: Mapping[str, Any], *, slow: bool, regions: Sequence[str] = REGIONS
) -> Racer:
    """A racer by one of bench.failover.recipes."""
    access, tls = arena.rig.access(CLIENT), files_in(arena.rig.folder / "clients" / CLIENT)

    def command(seat: Seat) -> Sequence[str]:
        given = Given(
            recipe=recipe,
            name=seat.region,
            path=f"/bench/{name}",
            servers=",".join(access.servers.values()) + access.chroot,
            authority_file=tls.authority_file,
            certificate_file=tls.certificate_file,
            key_file=tls.key_file,
            identity=access.identities[0],
            settings=dict(settings),
            signer=seat.signer,
            api_port=seat.api_port,
            rpc=seat.rpc,
            login=LOGIN,
        )
        file = seat.folder / "given.json"
        file.write_text(json.dumps(asdict(given)))
        return [sys.executable, "-m", "bench.failover.candidate", str(file)]

    return Racer(arena, name, command, slow=slow, regions=regions)


def _seat(arena: Arena, name: str, region: str, networks: bool) -> Seat:
    folder = arena.folder / name / region
    folder.mkdir(parents=True)
    host = arena.rig.place(region, f"{name}-{region}") if networks else None
    api_port, rpc_port = (layout.API_PORT, layout.RPC_PORT) if networks else free_ports(2)
    return Seat(duty=name, region=region, folder=folder, host=host, api_port=api_port, rpc_port=rpc_port)


def _events(log: Path) -> list[Event]:
    """By the candidate's own stamps."""
    return [Event(stamp=line["stamp"], what=line["event"]) for _, line in logged(log) if "stamp" in line]


def _waits(side: Side) -> bool:
    events = side.events()
    waiting = bool(events) and events[-1].what == "waiting" and stamps.now() - events[-1].stamp > WAITS
    return side.agent.pid is not None and waiting and stamps.now() - side.last_end() > FRESH


def _child(agent: Process) -> int | None:
    """Its signer: the one process that it has started."""
    for file in Path(f"/proc/{agent.pid}/task").glob("*/children"):
        with suppress(OSError):
            if found := file.read_text().split():
                return int(found[0])
    return None


def _signal(pid: int | None, number: signal.Signals) -> None:
    if pid is not None:
        with suppress(ProcessLookupError):
            os.kill(pid, number)
