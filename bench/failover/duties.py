"""The part `duties`: a thousand duties on one ensemble, and half of their holders lost at once."""

from __future__ import annotations

import json
import signal
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from bench.ensembles import cpu_seconds, server_pids
from bench.failover.arena import Arena
from bench.failover.holders import Crowd
from bench.failover.stats import Spread, spread
from bench.process import BenchError
from chaos import stamps
from chaos.collect import logged
from chaos.fleet import CLIENT
from chaos.processes import Process
from chaos.stamps import SECOND

DUTIES, FEW = 1_000, 100
# Twenty ticks, the longest session that is granted, and the longest heartbeat that config.checks lets it have: two
# cores have to play a thousand machines.
SESSION_MS, HEARTBEAT_MS = 10_000, 2_000
OPEN_SECONDS, STEADY_SECONDS, TAKEN_SECONDS = 150, 10.0, 60
NOTES = [
    "Each candidate is the fleet's own selector with a session of its own, two a duty; 4 processes with a quarter of "
    "them each. Agents, gates and signers are left out, and the standbys look when they are told of a change, not at "
    "each heartbeat besides.",
    f"Sessions of {SESSION_MS} ms, a heartbeat of {HEARTBEAT_MS} ms, on a machine whose two cores are the servers' and "
    "the clients' alike.",
]


@dataclass(frozen=True, kw_only=True)
class Group:
    """One process of candidates."""

    name: str
    process: Process

    def lines(self, key: str, since: int = 0) -> dict[str, int]:
        """What it said by that key, and when."""
        found = [line for _, line in logged(self.process.log) if key in line]
        return {str(line[key]): line.get("stamp", 0) for line in found if line.get("stamp", since) >= since}

    def tend(self) -> None:
        if not self.process.starts:
            self.process.tend()  # once: what was killed stays away

    def close(self) -> None:
        self.process.end()


def tools() -> dict[str, str]:
    """What is measured."""
    return {"zookeeper": "3.9.5"}


def measure(arena: Arena, _pairs: int, quick: bool) -> dict[str, Any]:
    """Once: rounds do not matter here. BenchError where candidates do not even come up."""
    count = FEW if quick else DUTIES
    names = [f"n{number:04}.main" for number in range(count)]
    half = count // 2
    groups = {
        name: _group(arena, name, names[:half] if name.endswith("one") else names[half:])
        for name in ("holders-one", "holders-two", "standby-one", "standby-two")
    }
    for name, group in groups.items():
        arena.tended.append(group)
        arena.report(f"  {name}: opening {half} sessions")
        arena.need(OPEN_SECONDS, lambda group=group: bool(group.lines("open")), f"{name}, all sessions open")
    usage = _steady(arena, groups)
    lost, standby = groups["holders-one"], groups["standby-one"]
    before = cpu_seconds(server_pids(arena.rig))
    begun, struck = time.monotonic(), stamps.now()
    lost.process.signal(signal.SIGKILL)
    taken = arena.work(TAKEN_SECONDS, lambda: len(standby.lines("claimed", struck)) == half)
    servers = (cpu_seconds(server_pids(arena.rig)) - before) / (time.monotonic() - begun)
    times = [(stamp - struck) / SECOND for stamp in standby.lines("claimed", struck).values()]
    if not times:
        raise BenchError(f"no duty of {half} was taken over within {TAKEN_SECONDS} s")
    found = spread(times)
    arena.report(f"  {len(times)} of {half} taken over: p50 {found.p50:.2f} s, all after {found.most:.2f} s")
    others = len(groups["holders-two"].lines("lost", struck))
    return {
        "comparisons": {},
        "spreads": {f"{half} of {count} duties taken over at once": {"fleet": {"taken_s": _rounded(found)}}},
        "notes": [*NOTES, *usage, *outcome(len(times), half, others, found, servers, taken)],
    }


def outcome(taken: int, half: int, others: int, found: Spread, servers: float, whole: bool) -> list[str]:
    """What came of it, in sentences."""
    past = [value - SESSION_MS / 1000 for value in (found.p50, found.p99, found.most)]
    after = (
        f"beyond the session of {SESSION_MS / 1000:g} s: p50 {past[0]:.2f} s, p99 {past[1]:.2f} s, all {past[2]:.2f} s"
    )
    return [
        f"{taken} of {half} duties were taken over{'' if whole else ', not all'}; {after}.",
        f"{others} of the other {half} duties were lost meanwhile; the three servers took {servers:.2f} cores.",
    ]


def _steady(arena: Arena, groups: Mapping[str, Group]) -> list[str]:
    """What it costs while nothing happens."""
    pids = {name: [group.process.pid] for name, group in groups.items()}
    watched: dict[str, Sequence[int]] = {name: [pid for pid in found if pid] for name, found in pids.items()}
    watched["servers"] = server_pids(arena.rig)
    before, begun = {name: cpu_seconds(found) for name, found in watched.items()}, time.monotonic()
    arena.work(STEADY_SECONDS)
    passed = time.monotonic() - begun
    cores = {name: (cpu_seconds(found) - before[name]) / passed for name, found in watched.items()}
    told = ", ".join(f"{name} {value:.2f}" for name, value in cores.items())
    arena.report(f"  steady, cores: {told}")
    return [f"While nothing happens, in cores: {told}."]


def _group(arena: Arena, name: str, duties: Sequence[str]) -> Group:
    access = replace(arena.rig.access(CLIENT), session_timeout_ms=SESSION_MS)
    takes = name.startswith("holders")
    crowd = Crowd(candidate=name, duties=tuple(duties), takes=takes, heartbeat_ms=HEARTBEAT_MS, access=access)
    file = arena.folder / f"{name}.json"
    file.write_text(json.dumps(asdict(crowd)))
    command = [sys.executable, "-m", "bench.failover.holders", str(file)]
    host = arena.rig.place("eu-west" if name.endswith("one") else "eu-central", name)
    return Group(name=name, process=arena.process(name, command, arena.folder / f"{name}.log", host))


def _rounded(found: Spread) -> dict[str, float]:
    return {key: round(value, 3) for key, value in asdict(found).items()}
