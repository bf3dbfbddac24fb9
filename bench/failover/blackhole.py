"""The part `blackhole`: agents and gates under steady traffic lose the ensemble without a word, again and again.

No packet between their region and any server arrives any more, and no connection is closed; they still reach each
other. Beside them a user of kazoo's lock: its flags, and what its signer goes on to do.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bench.failover.arena import SESSION_MS, Arena
from bench.failover.contender import tail
from bench.failover.ours import CHAINS, DEFAULT, tune
from bench.failover.racers import Racer, of_zookeeper
from bench.failover.stats import Target, medians
from bench.process import BenchError
from chaos import stamps
from chaos.fleet import Fleet, Member
from chaos.possible import Unit
from chaos.stamps import SECOND
from chaos.strikes import told_to_watchdog

REGION = "eu-west"
TRIALS, DUTIES, FEW = 100, 10, 2
RATE = 5.0  # calls a second and duty: ten of them share two cores with everything else
READY_SECONDS, LOOK_SECONDS, LINGER_SECONDS = 180, 1.0, 1.0
SESSION = SESSION_MS / 1000
NOTES = [
    f"A trial is one duty with its agent, watchdog, gate and daemon; {DUTIES} of them are struck at once. A gate "
    "counts as closed in time when its daemon executed no call after its agent's lease ended and its signer tried on.",
    f"{RATE:g} calls a second and duty; sessions of {SESSION_MS} ms, staleness of {DEFAULT.staleness_ms} ms.",
]


@dataclass(frozen=True, kw_only=True)
class Trial:
    """One duty's black hole. Seconds from its beginning: to the last executed call, to the lease's end."""

    open_s: float
    lease_s: float
    attempts: int

    @property
    def closed(self) -> bool:
        """ValueError where nobody tried: such a trial shows nothing."""
        if not self.attempts:
            raise ValueError("no call was tried after the last that was executed")
        return self.open_s <= self.lease_s


def tools() -> dict[str, str]:
    """What is measured."""
    return {"zookeeper": "3.9.5"}


def measure(arena: Arena, _pairs: int, quick: bool) -> dict[str, Any]:
    """As many black holes as make TRIALS. BenchError where the fleet does not come up, or back."""
    fleet = _fleet(arena, FEW if quick else DUTIES)
    racer = of_zookeeper(arena, "kazoo-steady", "steady", {"timeout": SESSION}, slow=False, regions=[REGION])
    arena.tended.append(racer)
    rounds = 1 if quick else TRIALS // DUTIES
    trials, beside = list[Trial](), list[dict[str, float]]()
    for number in range(1, rounds + 1):
        if not arena.work(READY_SECONDS, lambda: _all_sign(fleet, racer)):
            raise BenchError(f"not every duty was signed for within {READY_SECONDS} s before black hole {number}")
        made, kazoo = _strike(arena, fleet, racer)
        trials += made
        beside.append(kazoo)
        told = f"gates closed after {max(trial.open_s for trial in made):.2f} s at most, {SESSION:g} s allowed"
        arena.report(f"  {number}/{rounds} {told}; kazoo: {kazoo}")
    return result(trials, beside)


def result(trials: Sequence[Trial], beside: Sequence[Mapping[str, float]]) -> dict[str, Any]:
    """What came of them all."""
    late = sum(not trial.closed for trial in trials)
    flags = sum(found["flag_open"] for found in beside)
    calls = sum(found["calls_after"] for found in beside)
    what = f"black hole: gates of {len(trials)} that were open after the lease's end"
    return {
        "comparisons": {},
        "spreads": {"black hole under steady traffic": {"fleet": medians([{"open_s": t.open_s} for t in trials])}},
        "verdicts": [Target(what=what, found=late, at_most=0).as_dict()],
        "notes": [
            *NOTES,
            f"kazoo's own flags (connected, lock.is_acquired) were still set after the session's end in {flags:g} of "
            f"{len(beside)} black holes; its signer, which nothing fences, made {calls:g} calls after it.",
        ],
    }


def _fleet(arena: Arena, duties: int) -> Fleet:
    folder = arena.folder / "fleet"
    folder.mkdir()
    units = [Unit(duty=f"n{number}.main", region=REGION) for number in range(duties)]
    fleet = Fleet(arena.rig, folder, units, seed=1, chains=CHAINS, rate=RATE)
    arena.tended.append(fleet)
    for member in fleet.members:
        tune(member, rate=RATE)
    return fleet


def _all_sign(fleet: Fleet, racer: Racer) -> bool:
    """Whether everybody has executed a call just now, and all three servers serve."""
    since = stamps.now() - SECOND
    ends = [stamps.last_end(member.folder / "stamps.jsonl") or 0 for member in fleet.members]
    ends += [side.last_end() for side in racer.sides]
    return min(ends) > since and all(fleet.rig.mode(number) for number in fleet.rig.numbers)


def _strike(arena: Arena, fleet: Fleet, racer: Racer) -> tuple[list[Trial], dict[str, float]]:
    """One black hole, until the last lease is over and a moment longer; then all is healed."""
    network, own = fleet.rig.network, fleet.rig.in_region(REGION)
    struck = stamps.now()
    network.isolate(REGION)
    for number in own:
        network.cut_host(fleet.rig.host(number))
    cut = stamps.now()  # the kernel was told of it in between: what was executed so far is nobody's fault
    arena.work(LOOK_SECONDS)
    leases = [_lease_end(member) for member in fleet.members]
    over = max(*leases, struck / SECOND + SESSION)
    arena.work(over - stamps.now() / SECOND + LINGER_SECONDS)
    trials = [_trial(member, cut, lease) for member, lease in zip(fleet.members, leases, strict=True)]
    beside = _beside(racer, struck)
    network.heal()
    return trials, beside


def _lease_end(member: Member) -> float:
    """In seconds of the stamps' clock, as the agent told its watchdog last. BenchError where it signs no more."""
    found = told_to_watchdog(member).get("ends_at")
    if not isinstance(found, float):
        raise BenchError(f"{member.unit.duty}: no lease {LOOK_SECONDS:g} s after the black hole began")
    return found


def _trial(member: Member, cut: int, lease: float) -> Trial:
    done = tail(member.folder / "stamps.jsonl", (member.folder / "stamps.jsonl").stat().st_size)
    last = max(item.end for item in done)
    tried = [int(line.split()[1]) for line in (member.folder / "attempts").read_text().splitlines()]
    attempts = sum(last < stamp <= lease * SECOND for stamp in tried)
    return Trial(open_s=(last - cut) / SECOND, lease_s=lease - cut / SECOND, attempts=attempts)


def _beside(racer: Racer, struck: int) -> dict[str, float]:
    """Whether kazoo's flags are open now, and how many calls its signer made after the session must have ended."""
    side = racer.sides[0]
    over = struck + SESSION_MS * SECOND // 1000
    flags = [event for event in side.events() if event.what in ("open", "closed")]
    done = tail(side.stamps, side.stamps.stat().st_size)
    late = sum(item.begin > over for item in done)
    return {"flag_open": float(bool(flags) and flags[-1].what == "open"), "calls_after": float(late)}
