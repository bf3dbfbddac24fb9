"""Positive controls: the package under test broken on purpose, each in one place; a run under faults must notice.

`faults` are the kinds that bring a mutant out soonest, for `--only`. `model` is the same weakness in models/, if it is
one there; a model knows nothing of the code, so `tests` fail with such a mutant (`make test-long`). A mutant of what
stands before the gates (agent, watchdog) is to be caught by the rule `apart`, one of a gate, of the grace or of the
word `clean` by the others. Those of chaos/stuck.py are of liveness: nobody signs twice, and nobody signs.
"""

from __future__ import annotations

from chaos.mutant import Mutant
from chaos.stuck import STUCK

CUT = ("cut-region", "black-hole-agent", "black-hole-gate", "cut-all")
AGENT, GATE, SELECTOR = "failover/agent/", "failover/gate/", "failover/selector/"
TESTS = "tests/failover/"
SAFETY: tuple[Mutant, ...] = (
    Mutant(
        name="trust-client-state",
        file=SELECTOR + "candidate.py",
        old="            await session.commit(lambda transaction: self._beat(transaction, claim))\n",
        # Not LOST, which it is only when a server has said so: with whom there is no connection may have expired it.
        new='            if session.over:\n                raise NoQuorumError("lost")\n',
        faults=("cut-region", "cut-deaf"),  # the others keep their quorum, and its signer reaches its gate: it calls on
    ),
    Mutant(
        name="trust-is-acquired",
        file=AGENT + "heartbeat.py",
        old="        except SelectorError:\n            return\n        before",
        new="        except SelectorError:\n            sent_at = self._clock()\n        before",
        faults=CUT,
    ),
    Mutant(
        name="confirmation-by-a-plain-read",
        file=SELECTOR + "verifier.py",
        old="            await session.commit(build)\n",
        new="            if (await session.stat(paths.holder(duty))) is None:\n                return None\n",
        faults=("cut-region", "cut-pair", "black-hole-server", "freeze-follower"),
        model="CONFIRM_BY_READ",
        tests=TESTS + "test_zookeeper_outages.py -k without_its_leader",
    ),
    Mutant(
        name="wall-clock-for-deadlines",
        file="failover/clock.py",
        old="return time.clock_gettime(time.CLOCK_BOOTTIME)",
        new="return time.time()",
        faults=("jump-clock", "cut-region", "black-hole-agent", "freeze-agent"),
    ),
    Mutant(
        name="no-gate",
        file=GATE + "fence.py",
        old="            if denial := self._denial(epoch):\n",
        new="            if (denial := self._denial(epoch)) and not epoch:\n",
        faults=("freeze-host", "black-hole-agent", "freeze-watchdog"),
    ),
    Mutant(
        name="sequence-suffix-as-epoch",
        file=SELECTOR + "reading.py",
        # As such a suffix, it counts from the beginning of something that may begin anew: here, of a leader's time.
        old="    return holder.czxid\n",
        new="    return holder.czxid & 0xFFFFFFFF\n",
        faults=("kill-leader", "lose-quorum", "kill-agent"),
    ),
    Mutant(
        name="no-grace",
        file="failover/lease.py",
        old="    return max(acquired_at + timing.apart, min(acquired_at, claim.doubted_at) + timing.grace)",
        new="    return acquired_at",
        faults=("expire", "freeze-host", "black-hole-gate", "cut-region"),
        model="NO_GRACE",
        tests=TESTS + "test_decide.py",
    ),
    Mutant(
        name="confirms-in-doubt",
        file=SELECTOR + "verifier.py",
        old="            transaction.check(paths.doubt(duty), known.doubt)\n",
        new="",
        faults=("black-hole-agent", "freeze-host", "kill-host"),
        model="CONFIRMS_IN_DOUBT",
        tests=TESTS + "test_zookeeper_gate.py -k in_doubt",
    ),
    Mutant(
        name="doubt-not-compared",
        file=SELECTOR + "doubts.py",
        old="        self._end(transaction, version)\n",
        new="        self._end(transaction, -1)\n",
        faults=("slow", "freeze-agent", "cut-one-way"),
        model="DOUBT_NOT_CHECKED",
        tests=TESTS + "test_zookeeper_selector.py -k saw_and_no_other",
    ),
    Mutant(
        name="word-of-any-term",
        file=SELECTOR + "candidate.py",
        old="stat.version == version and ",
        new="",
        faults=("handover", "expire", "kill-agent"),
        model="WORD_NOT_PROVED",
        tests=TESTS + "test_zookeeper_news.py -k another_term",
    ),
    Mutant(
        name="holder-asked-before-the-term",
        file=SELECTOR + "session.py",
        old="            return await self._got(path)  #",
        new="            return await asyncio.create_task(self._got(path))  #",
        faults=("handover", "expire", "slow"),
        model="READ_EPOCH_FIRST",
        tests=TESTS + "test_reading.py",
    ),
    Mutant(
        name="no-staleness-bound",
        file=GATE + "admission.py",
        old="    if not 0 <= age < staleness:\n",
        new="    if age < 0:\n",
        faults=("black-hole-gate", "cut-region", "expire", "freeze-host"),
        model="NO_STALENESS",
        tests=TESTS + "test_gate_admission.py",
    ),
    Mutant(
        name="staleness-from-the-answer",
        file=SELECTOR + "verifier.py",
        old="        return Confirmation(epoch=known.epoch, sent_at=sent_at)\n",
        new="        return Confirmation(epoch=known.epoch, sent_at=self._clock())\n",
        faults=("slow", "black-hole-server", "freeze-leader", "expire", "freeze-gate"),
        model="STALENESS_FROM_ANSWER",
        tests=TESTS + "test_zookeeper_gate.py -k age_counts",
    ),
    Mutant(
        name="lease-from-the-answer",
        file=SELECTOR + "candidate.py",
        old="        return sent_at\n",
        new="        return self._clock() + 2.0\n",
        faults=("slow", *CUT, "freeze-leader"),
        model="COUNT_FROM_LATEST",  # it is later than all that was sent; how much later, the grace covers
        tests=TESTS + "test_zookeeper_selector.py -k lease_counts",
    ),
    Mutant(
        name="no-high-water-file",
        file=GATE + "admission.py",
        old="    if epoch < highest:\n",
        new="    if epoch < 0:\n",
        faults=("kill-gate", "roll-gates", "lose-quorum"),
        model="NO_HIGHWATER",
        tests=TESTS + "test_gate_admission.py",
    ),
    Mutant(
        name="epoch-not-compared",
        file=GATE + "admission.py",
        old="    if epoch < confirmation.epoch:\n",
        new="    if epoch < 0:\n",
        faults=("freeze-host", "black-hole-agent", "expire"),
        model="NO_EPOCH_CHECK",
        tests=TESTS + "test_gate_admission.py",
    ),
    Mutant(
        name="release-without-stopping-the-signer",
        file=AGENT + "acting.py",
        old="            Act.STOP: self._signer.stop,\n",
        # Not `_release`, which does nothing while the signer is up.
        new="            Act.STOP: lambda: self._selector.release(self._hand.tenure.claim, clean=True),\n",
        faults=("handover", "drain", "roll-agents"),
        model="RELEASE_BEFORE_STOP",
        tests=TESTS + "test_agent_lives.py -k all_stop",
    ),
    Mutant(
        name="clean-with-an-unanswered-call",
        file="failover/decide.py",
        old="    if seen.pending or seen.forfeited:\n        flaw",
        new="    if seen.pending < 0:\n        flaw",
        faults=("kill-signer", "freeze-gate", "black-hole-gate", "handover"),
        model="CLEAN_WITH_UNANSWERED",
        tests=TESTS + "test_decide.py",
    ),
    Mutant(
        name="watch-only",
        file=SELECTOR + "candidate.py",
        old="        sent_at = self._clock()\n        try:\n            await session.commit(lambda transaction: self.",
        new="        sent_at = self._clock()\n"
        "        if await session.stat(self._holder):\n            return sent_at\n"
        "        try:\n            await session.commit(lambda transaction: self.",
        faults=("cut-region", "cut-pair", "black-hole-server"),
        model="CONFIRM_BY_READ",  # a real follower that is cut off ends within the grace
        tests=TESTS + "test_zookeeper_outages.py -k without_its_leader",
    ),
    Mutant(
        name="adopt-an-old-sessions-node",
        file=SELECTOR + "candidate.py",
        old="        if self._held is None or self._held != (claim, session):\n",
        new="        if self._held is None:\n",
        faults=("expire", "freeze-agent", "black-hole-agent"),
        model="BEAT_OF_ANOTHER_SESSION",
        tests=TESTS + "test_zookeeper_selector.py -k another_session",
    ),
    Mutant(
        name="watchdog-fed-by-the-wrong-clock",
        file="failover/watchdog.py",
        old="clock: Clock = boottime",
        new="clock: Clock = __import__('time').process_time",
        faults=("freeze-agent",),
    ),
    Mutant(
        name="no-watchdog",
        file="failover/watchdog.py",
        old="        if reason and self._kill(told, reason):\n",
        new="        if reason and not reason:\n",
        faults=("freeze-agent", "kill-agent"),
    ),
)
MUTANTS = (*SAFETY, *STUCK)
