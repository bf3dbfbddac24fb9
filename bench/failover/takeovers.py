"""Five ways to lose who signs, done to all contenders in turns, round by round: how long nobody signs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from contextlib import suppress

from bench.failover import clientgo
from bench.failover.arena import SESSION_MS, Arena
from bench.failover.contender import Contender, Trial
from bench.failover.ours import Ours
from bench.failover.racers import of_zookeeper
from bench.failover.stats import Takeover, longest_gap, sample
from bench.process import BenchError
from chaos import stamps

KINDS = ("signer", "agent", "host", "handover", "leader")
READY_SECONDS, OVER_SECONDS, LEADER_SECONDS, LINGER_SECONDS, LATEST_SECONDS = 60.0, 60.0, 3.0, 0.3, 5.0
WARM_UPS = 10  # the ensemble's first writes take thrice as long as those after them: its code is not compiled yet
Rounds = dict[str, dict[str, dict[int, dict[str, float]]]]  # by kind, contender and number of the round


def contenders(arena: Arena, chosen: Sequence[str] = ()) -> list[Contender]:
    """All that race, or whose name begins so; the fleet always. SandboxError where something is missing."""
    same = {"timeout": SESSION_MS / 1000}
    wanted = [
        ("kazoo-lock", "lock", {}, True),
        ("kazoo-lock-fast", "lock", same, False),
        ("kazoo-election", "election", {}, True),
        ("kazoo-election-fast", "election", same, False),
        ("patroni", "patroni", {"ttl": 30, "loop_wait": 10, "retry_timeout": 10}, True),
        ("patroni-fast", "patroni", {"ttl": 20, "loop_wait": 1, "retry_timeout": 3}, True),
    ]
    found: list[Contender] = []

    def add(contender: Contender) -> None:
        found.append(contender)
        arena.tended.append(contender)  # from its beginning on it holds mounts and processes

    add(Ours(arena))
    for name, recipe, settings, slow in wanted:
        if not chosen or name.startswith(tuple(chosen)):
            add(of_zookeeper(arena, name, recipe, settings, slow=slow))
    if not chosen or "client-go".startswith(tuple(chosen)):
        for contender in clientgo.contenders(arena):
            add(contender)
    return found


class Takeovers:
    """The rounds of one run. `failed` has a sentence for each takeover that did not come."""

    def __init__(self, arena: Arena, racing: Sequence[Contender]) -> None:
        self._arena, self._racing = arena, list(racing)
        self.rounds: Rounds = defaultdict(lambda: defaultdict(dict))
        self._number = 0
        self.failed: list[str] = []

    def go(self, pairs: int, kinds: Sequence[str]) -> None:
        """All rounds. Who does not come up is left out; BenchError where that is the fleet."""
        for contender in list(self._racing):
            try:
                self._prepare(contender, "at the start")
            except BenchError as error:
                if isinstance(contender, Ours):
                    raise
                self._fail(str(error))
                self._racing.remove(contender)
        self._warm_up()
        # A server that was killed comes back cold: the leader is, once all else is measured.
        for some in ([kind for kind in kinds if kind != "leader"], [kind for kind in kinds if kind == "leader"]):
            for self._number in range(1, pairs + 1):
                for kind in some:
                    self._arena.report(f"round {self._number}/{pairs}, {kind}")
                    self._leader() if kind == "leader" else self._round(kind)

    def _warm_up(self) -> None:
        """Handovers that don't count."""
        failed = list(self.failed)
        for number in range(1, WARM_UPS + 1):
            self._arena.report(f"warming up {number}/{WARM_UPS}")
            self._round("handover")
        self.rounds.clear()
        self.failed = failed

    def _round(self, kind: str) -> None:
        """After a loss, those with long timeouts are waited for all at once, behind the others."""
        waits = kind in ("agent", "host")
        slow = [item for item in self._racing if item.slow] if waits else []
        trials = [trial for item in slow if (trial := self._strike(item, kind))]
        for contender in self._racing:
            if contender not in slow and (trial := self._strike(contender, kind)):
                self._finish([trial])
        self._finish(trials)

    def _strike(self, contender: Contender, kind: str) -> Trial | None:
        try:
            self._prepare(contender, f"before {kind}")
            return Trial.begin(contender, kind)
        except (BenchError, TimeoutError, ValueError) as error:
            self._fail(str(error))
            return None

    def _finish(self, trials: list[Trial]) -> None:
        waiting = list(trials)
        self._arena.work(OVER_SECONDS, lambda: self._take(waiting))
        for trial in waiting:
            self._fail(f"{trial.contender.name}: nobody took over within {OVER_SECONDS:.0f} s after {trial.kind}")
            trial.heal()

    def _take(self, waiting: list[Trial]) -> bool:
        for trial in [trial for trial in waiting if trial.over()]:
            waiting.remove(trial)
            self._arena.work(LINGER_SECONDS)  # for the last moments' lines and stamps
            self._arena.work(LATEST_SECONDS, lambda trial=trial: trial.result() is not None)
            self._note(trial, trial.result())
            trial.heal()
            trial.contender.quiet()
        return not waiting

    def _note(self, trial: Trial, found: Takeover | None) -> None:
        name = trial.contender.name
        if found is None:
            self._fail(f"{name}: who took over after {trial.kind} can't be told")
            return
        measured = sample(found)
        refused = trial.contender.refusals(trial.struck, stamps.now())
        if trial.kind == "handover" and refused is not None:
            measured["refused"] = refused
        self.rounds[trial.kind][name][self._number] = measured
        if (grace := trial.contender.grace(trial.struck)) is not None:
            measured["beyond_s"] = measured["gap_s"] - grace
        told = ", ".join(f"{key} {value:.3f}" for key, value in measured.items())
        self._arena.report(f"  {name}: {told}")

    def _prepare(self, contender: Contender, when: str) -> None:
        contender.awake()
        if not self._arena.work(READY_SECONDS, contender.ready):
            raise BenchError(f"{contender.name}: not ready within {READY_SECONDS:.0f} s {when}")
        if when == "before signer":
            self._arena.need(READY_SECONDS, contender.steady, f"{contender.name}: an activation that has lasted")

    def _leader(self) -> None:
        """The ensemble's leader is killed once, for all that use it: nobody is to lose the duty by that."""
        racing = [item for item in self._racing if not item.name.startswith("client-go")]
        trials: list[Trial] = []
        for contender in racing:
            with suppress(BenchError, ValueError):
                self._prepare(contender, "before leader")
                trials.append(Trial.begin(contender, "leader"))
        rig = self._arena.rig
        leader, struck = rig.known_leader(), stamps.now()
        rig.kill(leader)
        self._arena.work(LEADER_SECONDS)
        self._arena.work(OVER_SECONDS / 2, lambda: all(trial.contender.leading() for trial in trials))
        until = stamps.now()
        rig.start(leader)
        for trial in trials:
            gap = longest_gap(trial.executions(), struck, until)
            self.rounds["leader"][trial.contender.name][self._number] = {"gap_s": gap}
            self._arena.report(f"  {trial.contender.name}: gap_s {gap:.3f}")
            trial.contender.quiet()
        self._arena.need(READY_SECONDS, lambda: all(rig.mode(number) for number in rig.numbers), "the ensemble")

    def _fail(self, sentence: str) -> None:
        self.failed.append(sentence)
        self._arena.report(f"  FAILED {sentence}")
