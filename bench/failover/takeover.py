"""The part `takeover`: who signs is lost in five ways, beside kazoo's recipes, Patroni's race and client-go's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.metadata import version
from typing import Any

from bench.failover import clientgo
from bench.failover.arena import SESSION_MS, TICK_MS, Arena
from bench.failover.ours import DEFAULT
from bench.failover.stats import Target, medians
from bench.failover.takeovers import KINDS, Rounds, Takeovers, contenders
from bench.process import BenchError
from bench.ratios import comparison

WHAT = {
    "signer": "signer process dies",
    "agent": "agent dies",
    "host": "host lost",
    "handover": "planned handover",
    "leader": "the ensemble's leader dies",
}
GRACE, SESSION, TICK = DEFAULT.grace_ms / 1000, SESSION_MS / 1000, TICK_MS / 1000
ALLOWED = 0.250  # seconds beyond what the protocol itself takes
SAME_SESSION = "kazoo-lock-fast"
NOTES = [
    "Each time is from the last executed signing call of the signer before to the first of the next; the doubles make "
    "25 calls a second. `election_s`: from the strike, or from the beginning of the release, to the claim; `start_s`: "
    "from the claim to the first executed call.",
    "The fleet's signer is Iguana's double, which is unlocked and told of KMD as the real one is, by ten calls to "
    "its daemons; the others' signs at a word. `activated` is no signature yet: see failover-first.",
    "All stand on one machine. Each contender has two candidates, a signer started beforehand in each, and its own "
    "daemon; the fleet's calls go through its gates, the others' straight to the daemon.",
    f"The ensemble is the fleet's own (three servers, TLS, tick {TICK_MS} ms) and grants 20 ticks at most.",
    "kazoo with its default timeout of 10 s and, as -fast, with the fleet's session: it documents no safe least. As "
    "its documentation asks, users stand still while suspended and end when the session is lost; nothing fences them.",
    "Patroni needs PostgreSQL for its HA loop: what races is its class patroni.dcs.zookeeper.ZooKeeper "
    "(get_cluster, attempt_to_acquire_leader, update_leader, delete_leader, watch) in the order of that loop. Its "
    "session is its ttl, 30 s, and 20 s (with loop_wait 1 and retry_timeout 3, its least) as -fast; this ensemble "
    "grants 10 s to both, which flatters it. It looks once a loop_wait whether its signer lives.",
    "client-go runs on one API server with one etcd of the sandbox's kind, with a Lease of 15/10/2 s (core clients' "
    "defaults) and 2/1/0.25 s: whole seconds in the ratio that its documentation gives. ReleaseOnCancel is set. It has "
    "no ensemble whose leader could die.",
    "Ten handovers of each contender come before the first round and are not counted: the servers' code is cold. For "
    "the same reason their leader is killed after all other rounds.",
    "After the loss of an agent or a host, contenders whose own timeouts are longer than the fleet's session are "
    "struck at the beginning of the round and waited for together, behind the others.",
]


def tools() -> dict[str, str]:
    """What is measured."""
    return {
        "zookeeper": "3.9.5",
        "patroni": version("patroni"),
        "kazoo": version("kazoo"),
        "client-go": clientgo.VERSION,
    }


def measure(
    arena: Arena, pairs: int, _quick: bool, *, against: Sequence[str] = (), kinds: Sequence[str] = ()
) -> dict[str, Any]:
    """All rounds. BenchError where nothing at all was measured."""
    run = Takeovers(arena, contenders(arena, against))
    run.go(pairs, kinds or KINDS)
    if not run.rounds:
        raise BenchError("; ".join(run.failed) or "nothing was measured")
    return {
        "comparisons": compared(run.rounds),
        "spreads": spreads(run.rounds),
        "verdicts": [target.as_dict() for target in targets(run.rounds)],
        "notes": [*NOTES, *(f"Failed: {sentence}." for sentence in run.failed)],
    }


def compared(rounds: Rounds) -> dict[str, object]:
    """The fleet beside each other, by the rounds that both came through."""
    found: dict[str, object] = {}
    for kind, measured in rounds.items():
        ours = measured.get("fleet", {})
        for other, theirs in measured.items():
            both = sorted(ours.keys() & theirs.keys())
            if other != "fleet" and both:
                samples = {"fleet": [ours[n] for n in both], other: [theirs[n] for n in both]}
                found[f"{WHAT[kind]}, {other}"] = comparison(samples, "fleet", other)
    return found


def spreads(rounds: Rounds) -> dict[str, dict[str, dict[str, dict[str, float]]]]:
    """p50 and p99 of each measure, by what was done and to whom."""
    return {
        WHAT[kind]: {name: medians([*found.values()]) for name, found in measured.items()}
        for kind, measured in rounds.items()
    }


def targets(rounds: Rounds) -> list[Target]:
    """What was promised, as far as it was measured."""
    found: list[Target] = []
    for kind in ("signer", "agent"):
        if beyond := _spread(rounds, kind, "fleet", "beyond_s"):
            what = f"{WHAT[kind]}: p99 in s, less the grace where the end was unclean"
            found.append(Target(what=what, found=beyond["p99"], at_most=ALLOWED))
    gap, other = _spread(rounds, "host", "fleet", "gap_s"), _spread(rounds, "host", SAME_SESSION, "gap_s")
    if gap:
        limit = SESSION + TICK + GRACE + ALLOWED
        found.append(Target(what="host lost: p99 in s, session, tick, grace, 0.25", found=gap["p99"], at_most=limit))
    if gap and other:
        what = "host lost: p50 in s, 1.05 of kazoo's with the same session, and the grace"
        found.append(Target(what=what, found=gap["p50"], at_most=1.05 * other["p50"] + GRACE))
    return found + _of_handover(rounds)


def _of_handover(rounds: Rounds) -> list[Target]:
    found: list[Target] = []
    ours, other = (_spread(rounds, "handover", name, "election_s") for name in ("fleet", SAME_SESSION))
    if ours and other:
        what = "planned handover, from release to claim: p99 in s, twice kazoo's median"
        found.append(Target(what=what, found=ours["p99"], at_most=2 * other["p50"]))
    if refused := _spread(rounds, "handover", "fleet", "refused"):
        what = "planned handover: most calls that the gates refused"
        found.append(Target(what=what, found=refused["most"], at_most=0))
    return found


def _spread(rounds: Rounds, kind: str, name: str, measure: str) -> Mapping[str, float] | None:
    measured = rounds.get(kind, {}).get(name, {})
    return medians([*measured.values()]).get(measure) if measured else None
