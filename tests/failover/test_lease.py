"""A holder counts on nothing but its own clock and what a quorum acknowledged."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from failover.agent.tenure import Tenure
from failover.lease import Beat, Lease, Timing, may_activate_at
from failover.model import Claim

TIMING = Timing(session_timeout=4.0, tick=0.5, heartbeat=0.5, staleness=1.0, grace=1.5, apart=0.2)
MOMENTS = st.floats(0, 1e6)


def claim(*, clean: bool, doubted_at: float = math.inf) -> Claim:
    return Claim(duty="alice.main", candidate="eu-west", epoch=7, term=1, clean=clean, doubted_at=doubted_at)


def beat(sent_at: float, answered_at: float | None = None) -> Beat:
    return Beat(sent_at=sent_at, answered_at=sent_at if answered_at is None else answered_at)


def test_a_lease_counts_from_a_beat_that_was_answered_a_tick_before_a_later_one_was_sent() -> None:
    lease = Lease(timing=TIMING, counted_from=10.0).renewed(beat(11.0, 11.1))
    assert lease.ends_at == 14.0  # nobody but a follower knows of the beat yet
    lease = lease.renewed(beat(11.5, 11.6))
    assert lease.ends_at == 14.0  # sent before the follower must have told of the first
    lease = lease.renewed(beat(12.0, 12.1))
    assert lease.ends_at == 15.0
    assert lease.held(14.999)
    assert not lease.held(15.0)


def test_after_a_pause_a_single_answer_renews_nothing() -> None:
    lease = Lease(timing=TIMING, counted_from=10.0).renewed(beat(10.5)).renewed(beat(13.9))
    assert lease.ends_at == 14.5  # as of the beat before the pause, which the leader knows of


def test_a_claim_begins_with_a_look_that_was_answered_a_tick_before_it_was_sent() -> None:
    looks = Lease.of_looks(TIMING).renewed(beat(9.0, 9.1)).renewed(beat(9.5, 9.6))
    assert looks.begun(beat(10.0, 10.2)).ends_at == 13.0
    assert looks.begun(beat(10.1, 10.2)).ends_at == 13.5


def test_a_claim_after_a_long_silence_is_over_at_once() -> None:
    assert not Lease.of_looks(TIMING).begun(beat(10.0)).held(10.0)
    before_the_pause = Lease.of_looks(TIMING).renewed(beat(5.0))
    assert not before_the_pause.renewed(beat(10.0)).begun(beat(10.1)).held(10.1)


def test_the_acquisition_itself_is_the_first_beat_of_a_claim() -> None:
    lease = Lease.of_looks(TIMING).renewed(beat(9.0)).begun(beat(10.0, 10.1))
    assert lease.renewed(beat(10.6)).ends_at == 14.0


@given(st.lists(st.tuples(MOMENTS, st.floats(0, 10)), min_size=1, max_size=8))
def test_an_answer_that_overtakes_another_shortens_nothing(beats: list[tuple[float, float]]) -> None:
    lease = Lease(timing=TIMING, counted_from=0.0)
    for sent_at, took in beats:
        renewed = lease.renewed(beat(sent_at, sent_at + took))
        assert renewed.ends_at >= lease.ends_at
        assert renewed.counted_from in {0.0, *(sent for sent, _ in beats)}
        lease = renewed


@given(MOMENTS)
def test_only_a_word_spares_the_grace(acquired_at: float) -> None:
    assert may_activate_at(TIMING, acquired_at, claim(clean=True)) == acquired_at
    assert may_activate_at(TIMING, acquired_at, claim(clean=False)) == acquired_at + 1.5


@given(MOMENTS, st.floats(0, 20))
def test_the_grace_counts_from_a_doubt_that_the_claim_ended_but_for_what_keeps_two_leases_apart(
    acquired_at: float, doubted: float
) -> None:
    doubting = claim(clean=False, doubted_at=acquired_at - doubted)
    begins = may_activate_at(TIMING, acquired_at, doubting)
    assert begins == pytest.approx(acquired_at + max(1.5 - doubted, 0.2))
    assert may_activate_at(replace(TIMING, fenced=False), acquired_at, doubting) == acquired_at + 1.5


@given(MOMENTS, MOMENTS)
def test_a_doubt_never_makes_anybody_wait_longer_than_without_it(acquired_at: float, doubted_at: float) -> None:
    assert may_activate_at(TIMING, acquired_at, claim(clean=False, doubted_at=doubted_at)) <= acquired_at + 1.5


@pytest.mark.parametrize(
    ("clean", "ends_at", "now", "patience"),
    [
        (False, 20.0, 10.2, 0.5),  # a heartbeat
        (False, 20.0, 11.3, 0.2),  # the grace is over at 11.5: nobody signs until then
        (False, 20.0, 11.5, 0.5),
        (True, 20.0, 11.3, 0.5),
        (True, 11.5, 11.3, 0.2),  # the lease ends
        (True, 11.5, 11.6, 0.5),
    ],
)
def test_a_tenure_is_looked_at_again_when_something_is_due(
    clean: bool, ends_at: float, now: float, patience: float
) -> None:
    lease = Lease(timing=TIMING, counted_from=ends_at - TIMING.session_timeout)
    tenure = Tenure(claim=claim(clean=clean), acquired_at=10.0, lease=lease)
    assert tenure.patience(TIMING, now) == pytest.approx(patience)
