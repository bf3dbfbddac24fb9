"""Positive controls of liveness: the package under test broken so that nobody signs who could, or not for long."""

from __future__ import annotations

from chaos.mutant import Mutant

TESTS = "tests/failover/"
AGENT = "failover/agent/"
# Each of them by tests of the code; `faults` show it in a run, if any kind does within minutes.
STUCK: tuple[Mutant, ...] = (
    Mutant(
        name="shared-findings-depose",
        file="failover/health.py",
        old="    if daemon.scanning:\n",
        new='    if _old(daemon, limits):\n        found.append(Finding("it stands still"))\n    if daemon.scanning:\n',
        faults=("still-chain", "kill-agent", "kill-signer"),
        tests=TESTS + "test_health.py",
    ),
    Mutant(
        name="lets-go-where-nobody-is-fit",
        file="failover/decide.py",
        old="    return None if seen.activated else Leaving(reason=_nobody(me, view), sick=True)\n",
        new="    return Leaving(reason=_nobody(me, view), sick=True)\n",
        faults=("busy-daemon", "late-daemon", "kill-daemon"),
        tests=TESTS + "test_decide.py",
    ),
    Mutant(
        name="nobody-who-failed-takes-over",
        file="failover/decide.py",
        old="fit = seen.me, sorted(_fit(seen.me, view), key=rank)\n",
        new="fit = seen.me, sorted(_takers(seen.me, view), key=rank)\n",
        faults=("die-at-dpow", "kill-signer", "black-hole-gate", "kill-daemon"),
        tests=TESTS + "test_decide.py",
    ),
    Mutant(
        name="no-candidate-signs-more-than-another",
        file="failover/fitness.py",
        old="    return _reach(one.signs) > _reach(other.signs)\n",
        new="    return _reach(one.signs) > _reach(one.signs)\n",
        faults=("kill-daemon", "late-daemon", "warm-daemon"),
        tests=TESTS + "test_fitness.py",
    ),
    Mutant(
        name="one-chain-stops-all",
        file="failover/fitness.py",
        old="    if KMD not in ready:\n",
        new="    if not set(chains) <= set(ready):\n",
        faults=("kill-daemon", "lose-key", "busy-daemon"),
        tests=TESTS + "test_fitness.py",
    ),
    Mutant(
        name="silence-of-one-is-silence-of-all",
        file="failover/health.py",
        old="        if not _counts(before, chain, found, bad, before is None or chain in before.ready)\n",
        new="        if not any(_counts(before, one, chains[one], bad, True) for one in chains)\n",
        faults=("freeze-daemon", "kill-daemon", "warm-daemon"),
        tests=TESTS + "test_health.py",
    ),
    Mutant(
        name="readings-wait-for-a-silent-daemon",
        file="failover/observers.py",
        old="READING_SECONDS = 2.0 ",
        new="READING_SECONDS = 300.0 ",
        faults=("freeze-daemon", "scan-daemon"),
        tests=TESTS + "test_observers.py",
    ),
    Mutant(
        name="chains-never-join",
        file=AGENT + "keeper.py",
        old="        if self.ready and not busy and not activating and ",
        new="        if self.ready and not busy and not activating and not self._active and ",
        faults=("warm-daemon", "kill-daemon", "kill-agent"),
        tests=TESTS + "test_keeper.py",
    ),
    Mutant(
        name="a-failed-activation-has-no-penalty",
        file=AGENT + "keeper.py",
        old="        self._penalised_until, self.failure = self._clock() + self._penalty, why\n",
        new="        self._penalised_until, self.failure = self._clock(), why\n",
        faults=("refuse-dpow", "die-at-dpow"),
        tests=TESTS + "test_keeper.py",
    ),
    Mutant(
        name="a-handover-order-is-never-used-up",
        file="failover/decide.py",
        old="orders.handover_to == seen.me.candidate:\n        return Decision(act=Act.F",
        new="orders.handover_to is seen:\n        return Decision(act=Act.F",
        faults=("handover", "kill-daemon"),
        tests=TESTS + "test_decide.py",
    ),
    Mutant(
        name="an-order-that-is-done-cuts-the-activation-off",
        file=AGENT + "acting.py",
        old=" or act is Act.FULFIL:\n",
        new=":\n",
        faults=("handover", "kill-daemon"),
        tests=TESTS + "test_acting.py",
    ),
    Mutant(
        name="lost-calls-are-waited-for",
        file=AGENT + "tenure.py",
        old="        self.lost += 1\n        self.answered(number)\n",
        new="        self.lost += 1\n",
        faults=("kill-daemon", "kill-gate", "black-hole-gate"),
        tests=TESTS + "test_acting.py",
    ),
    Mutant(
        name="a-frozen-signers-round-is-waited-for",
        file="failover/decide.py",
        old="            and not leaving.sick\n",
        new="",
        faults=("freeze-signer", "kill-daemon"),
        tests=TESTS + "test_decide.py",
    ),
)
