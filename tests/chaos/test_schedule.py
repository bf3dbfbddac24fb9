"""Schedules come from their seed alone, and hold all that a run is to see."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from chaos.liveness import BOUND_SECONDS
from chaos.nemeses import KINDS as KINDS_OF_CHAOS
from chaos.schedule import LONG_BEGIN_SECONDS, LONG_SECONDS, QUIET, SHARED_SECONDS, plan

KINDS = {"kill": (0.1, 1.0), "freeze": (1.0, 4.0), "cut": (2.0, 6.0), "stop": (0.5, 0.5)}
SEEDS = st.integers(0, 1 << 32)


@given(SEEDS)
def test_a_seed_gives_the_same_faults_again(seed: int) -> None:
    assert plan(seed, 100, KINDS) == plan(seed, 100, KINDS)
    assert plan(seed, 100, KINDS) != plan(seed + 1, 100, KINDS)


@given(SEEDS, st.floats(0, 200))
def test_a_longer_run_only_goes_on(seed: int, seconds: float) -> None:
    short, long = plan(seed, seconds, KINDS), plan(seed, seconds + 50, KINDS)
    assert long[: len(short)] == short


@given(SEEDS)
def test_all_faults_are_over_in_time_and_last_as_long_as_their_kind_may(seed: int) -> None:
    for fault in plan(seed, 100, KINDS):
        assert fault.until <= 100
        low, high = KINDS[fault.kind]
        assert low <= fault.seconds <= high


@given(SEEDS)
def test_never_are_there_more_than_two_at_once_and_then_a_quiet_time(seed: int) -> None:
    faults = plan(seed, 300, KINDS)
    assert [fault.number for fault in faults] == list(range(len(faults)))
    end = 0.0
    for fault in faults:
        if fault.pair is None:
            assert fault.at >= end + QUIET[0] - 0.01
        else:
            first = faults[fault.pair]
            assert first.pair is None
            assert first.number == fault.number - 1
            assert first.at <= fault.at <= first.until + 0.01
        end = max(end, fault.until)


@given(SEEDS)
def test_kinds_come_evenly_alone_and_in_pairs(seed: int) -> None:
    faults = plan(seed, 600, KINDS)
    counts = Counter(fault.kind for fault in faults)
    assert max(counts.values()) - min(counts.values()) <= 2
    assert 0.1 < sum(fault.pair is not None for fault in faults) / len(faults) < 0.6


def test_pairs_are_of_many_combinations() -> None:
    faults = plan(1, 2000, KINDS)
    pairs = {(faults[fault.pair].kind, fault.kind) for fault in faults if fault.pair is not None}
    assert len(pairs) >= 12


def test_a_single_kind_makes_no_pairs() -> None:
    assert all(fault.pair is None for fault in plan(1, 100, {"kill": (1, 2)}))


@given(SEEDS)
def test_long_faults_leave_a_duty_more_time_than_it_may_take(seed: int) -> None:
    faults = plan(seed, 300, KINDS, lasting=("kill", "freeze", "cut"))
    long = [fault for fault in faults if fault.seconds > max(high for _, high in KINDS.values())]
    assert len(long) >= 3
    for first in (fault for fault in long if fault.pair is None):
        together = [first, *(fault for fault in faults if fault.pair == first.number)]
        assert all(abs(fault.until - first.until) < 0.01 for fault in together)
        begun = max(fault.at for fault in together)
        assert begun - first.at <= LONG_BEGIN_SECONDS
        assert first.until - begun > BOUND_SECONDS
        assert len({fault.kind for fault in together}) == len(together)
    assert max(fault.seconds for fault in faults) <= LONG_SECONDS[1]


@given(SEEDS)
def test_shared_faults_come_beside_all_others_one_at_a_time(seed: int) -> None:
    bare = plan(seed, 300, KINDS)
    faults = plan(seed, 300, KINDS, shared=("coins", "still"))
    beside = [fault for fault in faults if fault.kind in ("coins", "still")]
    assert [fault for fault in faults if fault not in beside] == bare
    assert len(beside) >= 2
    assert all(before.until <= after.at for before, after in pairwise(beside))
    assert all(SHARED_SECONDS[0] <= fault.seconds <= SHARED_SECONDS[1] for fault in beside)
    assert len({fault.number for fault in faults}) == len(faults)


def test_sixteen_seeds_of_five_minutes_make_a_thousand_faults() -> None:
    times = {name: kind.seconds for name, kind in KINDS_OF_CHAOS.items()}
    lasting = tuple(name for name, kind in KINDS_OF_CHAOS.items() if kind.lasts)
    shared = tuple(name for name, kind in KINDS_OF_CHAOS.items() if kind.shared)
    plans = [plan(seed, 300, times, lasting, shared) for seed in range(1, 17)]
    assert sum(map(len, plans)) >= 1000
    assert {fault.kind for faults in plans for fault in faults} == set(KINDS_OF_CHAOS)
