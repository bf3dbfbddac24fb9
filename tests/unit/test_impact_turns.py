"""Who holds a duty while its candidates change one after another."""

from __future__ import annotations

import pytest

from fleet.impact.turns import simulate

TWO = {"west": 1, "central": 2}


@pytest.mark.parametrize(
    ("before", "after", "restarting", "away", "back", "successor"),
    [
        (TWO, TWO, set(), 0, 0, ""),
        (TWO, TWO, {"central"}, 0, 0, ""),  # a standby
        (TWO, TWO, {"west"}, 1, 1, "central"),
        (TWO, TWO, {"west", "central"}, 1, 1, "central"),  # the standby first
        ({**TWO, "east": 3}, {**TWO, "east": 3}, {"west", "central", "east"}, 1, 1, "central"),
        # Priorities change places: the holder is now the worse one, restarts first, and the other one after it.
        (TWO, {"west": 2, "central": 1}, {"west", "central"}, 2, 1, "central"),
        (TWO, {"west": 1, "central": 2, "east": 3}, set(), 0, 0, ""),
        (TWO, {"west": 2, "central": 3, "east": 1}, set(), 0, 1, "east"),
        (TWO, {"central": 2}, set(), 1, 0, "central"),  # the holder leaves
        ({"west": 1}, {"east": 1}, set(), 1, 0, "east"),  # it moves
    ],
)
def test_a_duty_moves_as_often_as_it_must(
    before: dict[str, int], after: dict[str, int], restarting: set[str], away: int, back: int, successor: str
) -> None:
    turns = simulate(before, after, restarting, "west")
    assert (turns.away, turns.back, turns.successor, turns.kept) == (away, back, successor, True)


def test_the_only_candidate_that_restarts_leaves_nobody() -> None:
    assert not simulate({"west": 1}, {"west": 1}, {"west"}, "west").kept
    assert not simulate(TWO, {}, set(), "west").kept


def test_a_new_candidate_that_is_up_before_the_only_old_one_restarts_signs_meanwhile() -> None:
    turns = simulate({"west": 1}, {"west": 1, "east": 2}, {"west"}, "west")
    assert (turns.away, turns.back, turns.successor, turns.kept) == (1, 1, "east", True)
