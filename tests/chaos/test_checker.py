"""The interval checker accepts what may happen and finds what must not."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from chaos.checker import Violation, check
from chaos.stamps import Acquisition, Execution
from tests.chaos.histories import DUTY, GRACE, LEGAL, MILLISECOND, History, acquisition, execution

FIRST = acquisition(5, 0, 10, clean=True)


def rules(executions: list[Execution], acquisitions: list[Acquisition] | None = None) -> set[str]:
    return {found.rule for found in check(executions, acquisitions)}


@given(LEGAL)
def test_holders_one_after_another_are_accepted(history: History) -> None:
    assert check(history.executions, history.acquisitions) == []


def test_calls_of_one_holder_may_overlap_on_any_daemons() -> None:
    assert rules([execution(5, 10, 40), execution(5, 20, 30, daemon="na-east")], [FIRST]) == set()


def test_two_epochs_at_once_are_found_on_different_daemons_too() -> None:
    assert "order" in rules([execution(5, 10, 40), execution(6, 39, 50, daemon="na-east")])


def test_one_call_may_end_at_the_moment_when_the_next_holders_begins() -> None:
    assert rules([execution(5, 10, 40), execution(6, 40, 50)]) == set()


def test_an_epoch_that_comes_back_is_found_though_nothing_overlaps() -> None:
    assert "order" in rules([execution(5, 10, 20), execution(6, 30, 40), execution(5, 50, 60)])


def test_a_long_call_of_the_first_epoch_is_found_under_the_third() -> None:
    done = [execution(5, 10, 100), execution(6, 110, 120), execution(7, 90, 95)]
    assert len([found for found in check(done, None) if found.rule == "order"]) == 2


def test_other_duties_are_others() -> None:
    other = replace(execution(6, 10, 20), duty="bob.main")
    assert rules([execution(5, 10, 40), other]) == set()


def test_two_signers_at_once_are_found_though_their_calls_bear_one_epoch() -> None:
    done = [execution(5, 10, 20, signer="a"), execution(5, 30, 40, signer="b"), execution(5, 50, 60, signer="a")]
    assert rules(done, [FIRST]) == {"signers"}


def test_a_signer_that_goes_on_under_another_epoch_is_found() -> None:
    assert rules([execution(5, 10, 20, signer="a"), execution(6, 30, 40, signer="a")]) == {"signers"}


def test_a_call_without_an_epoch_is_found() -> None:
    assert "known" in rules([execution(None, 10, 20)])


def test_a_call_for_an_epoch_that_is_claimed_later_is_found() -> None:
    assert "known" in rules([execution(6, 10, 20, signer="a")], [FIRST, acquisition(6, 11, 30)])


def test_a_call_that_comes_in_after_the_next_grace_is_stale_though_nobody_else_signs() -> None:
    late = GRACE // MILLISECOND + 101
    assert rules([execution(5, late, late + 1)], [FIRST, acquisition(6, 90, 100)]) == {"stale"}
    assert rules([execution(5, late - 2, late + 9)], [FIRST, acquisition(6, 90, 100)]) == set()


def test_after_a_clean_word_the_last_holders_next_call_is_stale() -> None:
    assert rules([execution(5, 101, 102)], [FIRST, acquisition(6, 90, 100, clean=True)]) == {"stale"}
    assert rules([execution(5, 99, 102)], [FIRST, acquisition(6, 90, 100, clean=True)]) == set()


def test_an_epoch_claimed_twice_is_found() -> None:
    assert rules([], [FIRST, acquisition(5, 50, 60)]) == {"claims"}


def test_a_lower_epoch_claimed_later_is_found_with_others_between() -> None:
    assert rules([], [acquisition(5, 50, 60), acquisition(6, 40, 70), acquisition(7, 10, 20)]) == {"claims"}


def test_a_claim_that_was_used_before_its_answer_counts_from_its_use() -> None:
    claims = [acquisition(6, 0, 100, clean=True), acquisition(5, 50, 60, clean=True)]
    assert rules([], claims) == set()
    assert "claims" in rules([execution(6, 40, 45)], claims)


def test_a_violation_says_who_and_when() -> None:
    found = check([execution(5, 10, 40), execution(6, 1039, 1050), execution(5, 2000, 2010)], None)
    assert found[0] == Violation(
        "order",
        DUTY,
        "a call of signer-5 for epoch 0x5 on eu-west at 2.000 s was not over when"
        " a call of signer-6 for epoch 0x6 on eu-west at 1.039 s began",
    )


@given(LEGAL, st.data())
def test_any_call_moved_behind_the_next_holders_first_is_found(history: History, data: st.DataObject) -> None:
    done = sorted(history.executions, key=lambda item: item.begin)
    moved = data.draw(st.sampled_from(done)) if done else None
    assume(moved is not None)
    assert moved
    later = [item for item in done if (item.epoch or 0) > (moved.epoch or 0)]
    assume(later)
    shift = later[0].begin + 1 - moved.begin
    changed = replace(
        moved, received=moved.received + shift, begin=moved.begin + shift, end=max(moved.end, moved.begin) + shift
    )
    done[done.index(moved)] = changed
    assert "order" in rules(done, history.acquisitions)


@pytest.mark.parametrize("acquisitions", [None, []])
def test_no_calls_are_no_violation(acquisitions: list[Acquisition] | None) -> None:
    assert rules([], acquisitions) == set()
