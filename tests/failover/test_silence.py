"""How long a holder has said nothing, as somebody sees it who may not be heard himself."""

from __future__ import annotations

import math

from failover.silence import Sighting, Silence

QUIET = Silence(beat=7, seconds=0.0, looked_at=10.0)


def test_looks_that_show_one_and_the_same_beat_add_up() -> None:
    assert QUIET.after(7, 10.5, 0.5).after(7, 11.0, 0.5).seconds == 1.0


def test_another_beat_ends_it_be_it_higher_or_lower() -> None:
    for beat in (8, 6, None):
        assert QUIET.after(7, 10.5, 0.5).after(beat, 11.0, 0.5).seconds == 0


def test_a_backend_that_tells_no_beats_is_never_silent() -> None:
    assert Silence(beat=None, seconds=0.0, looked_at=0.0).after(None, 5.0, 6.0).seconds == 0


def test_time_without_an_answer_counts_as_one_look_at_most() -> None:
    assert QUIET.after(7, 60.0, 0.5).seconds == 0.75


def test_a_doubt_is_seen_since_its_first_sight_and_another_one_anew() -> None:
    now = [0.0]
    sighting = Sighting(lambda: now[0])
    found: list[float] = []
    for now[0], doubt in ((1.0, None), (2.0, 5), (3.0, 5), (4.0, 7), (5.0, None), (6.0, 7)):
        sighting.saw(doubt)
        found.append(sighting.since)
    assert found == [math.inf, 2.0, 2.0, 4.0, math.inf, 6.0]
