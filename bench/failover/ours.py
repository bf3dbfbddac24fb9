"""The fleet's own failover as a contender: agents, watchdogs, gates, with a stack's default times."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from datetime import datetime
from functools import partial

from bench.failover.arena import REGIONS, Arena
from bench.failover.contender import Contender, Side
from bench.failover.stats import Event
from chaos import stamps
from chaos.collect import logged
from chaos.fleet import Fleet, Member
from chaos.layout import file_name
from chaos.possible import Unit
from chaos.strikes import signer_pid
from config.fencing import Failover

SETTLED = 1  # seconds: the target of a handover must be settled
DEFAULT = Failover()
CHAINS = ("KMD", "LTC")  # the least that is signed for: KMD and its anchor, so one coin, as the other contenders have
BOOTED = stamps.now() - time.time_ns()  # from the wall clock to that of the stamps


class Ours(Contender):
    """One duty and its two candidates, hot standby both."""

    def __init__(self, arena: Arena, folder_name: str = "fleet", duty: str = "alice.main") -> None:
        folder = arena.folder / folder_name
        folder.mkdir()
        units = [Unit(duty=duty, region=region) for region in REGIONS]
        self.fleet = Fleet(arena.rig, folder, units, seed=1, chains=CHAINS)
        for member in self.fleet.members:
            tune(member)
        self._cleared = 0
        super().__init__("fleet", [_side(member) for member in self.fleet.members])

    def tend(self) -> None:
        self.fleet.tend()

    def close(self) -> None:
        self.fleet.close()

    def ready(self) -> bool:
        """Whether one signs, and the other would take the duty at once."""
        leading = self.leading()
        if leading is None:
            return False
        if self._commands().count("no handover is ordered") < self._cleared:
            return False
        return all(_stands_by(member) for member in self.fleet.members if member.unit.region != leading.name)

    def hand_over(self, side: Side) -> None:
        other = next(item for item in self.sides if item is not side)
        member = next(item for item in self.fleet.members if item.unit.region == side.name)
        self.fleet.order(member, "handover", "--to", other.name)

    def order_back(self) -> None:
        """An order is a preference from then on: the duty would come back after each takeover."""
        self.fleet.order(self.fleet.members[0], "handover", "--clear", undoes=True)
        self._cleared += 1

    def _commands(self) -> str:
        log = self.fleet.folder / "commands.log"
        return log.read_text(errors="replace") if log.exists() else ""

    def grace(self, since: int) -> float:
        """What the newest claim had yet to wait: nothing after a clean end."""
        lines = [item for member in self.fleet.members for item in logged(member.folder / "agent.log")]
        claims = [(stamp, line["waits"]) for stamp, line in lines if line.get("event") == "acquired" and stamp > since]
        return max(claims)[1] if claims else 0.0

    def refusals(self, since: int, until: int) -> int:
        """By the gates: what the agent itself holds back while it drains is not sent at all."""
        lines = [item for member in self.fleet.members for item in logged(member.folder / "gate.log")]
        return sum(line.get("outcome") == "refused" for stamp, line in lines if since <= stamp <= until)


def tune(member: Member, *, drain_seconds: int = 2, rate: float | None = None) -> None:
    """A stack's own default times instead of those of chaos, and no library before libc that sets clocks."""
    values = DEFAULT.model_dump()
    for name in ("agent", *(file_name("gate", chain) for chain in member.gates)):
        file = member.folder / f"{name}.json"
        found = json.loads(file.read_text())
        found["timing"] |= {"tick_time_ms": 500, "grace_ms": DEFAULT.grace_ms}
        found["timing"] |= {key: values[key] for key in ("heartbeat_ms", "staleness_ms")}
        if name == "agent":
            found["health"]["settle_seconds"] = SETTLED
            found["priority"] = 1  # for both: nobody takes over by priority in the middle of a measurement
            found["signer"]["drain_seconds"] = drain_seconds
            command = found["signer"]["command"]
            if rate is not None:
                command[command.index("--rate") + 1] = str(rate)
        file.write_text(json.dumps(found))
    for process in member.processes:
        kept = {key: value for key, value in process.environment.items() if not key.startswith(("LD_", "FAKETIME"))}
        process.environment = kept


def _side(member: Member) -> Side:
    return Side(
        name=member.unit.region,
        stamps=member.folder / "stamps.jsonl",
        agent=member.agent,
        beside=(member.watchdog, *member.gates.values(), *member.daemons.values()),
        signer=partial(signer_pid, member),
        events=partial(_events, member),
    )


def _events(member: Member) -> Sequence[Event]:
    """By their own times, to the millisecond. A release begins when it is decided; its line comes with the answer."""
    found: list[Event] = []
    for _, line in logged(member.folder / "agent.log"):
        stamp = BOOTED + int(datetime.fromisoformat(line["time"]).timestamp() * 1000) * 1_000_000
        if line.get("event") == "acquired":
            found.append(Event(stamp=stamp, what="acquired"))
        if line.get("event") == "decided" and str(line.get("act")).startswith("release "):
            found.append(Event(stamp=stamp, what="released"))
    return found


def _stands_by(member: Member) -> bool:
    """As its last decision says: whoever is not fit gives that as the reason."""
    decided = [line for _, line in logged(member.folder / "agent.log") if line.get("event") == "decided"]
    return bool(decided) and member.agent.pid is not None and str(decided[-1]["reason"]).endswith(" holds the duty")
