"""What `bench.failover` makes of stamps and targets, without running any of it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from bench.failover import takeover
from bench.failover.contender import TAIL_BYTES, tail
from bench.failover.stats import (
    Event,
    longest_gap,
    next_signer,
    percentile,
    spread,
)
from bench.failover.stats import takeover as taken
from bench.failover.takeovers import KINDS
from chaos.stamps import SECOND, Execution

STRUCK = 100 * SECOND


def call(daemon: str, signer: str, begin: float, length: float = 0.01) -> Execution:
    start = STRUCK + int(begin * SECOND)
    end = start + int(length * SECOND)
    return Execution(duty="d", daemon=daemon, signer=signer, epoch=None, received=start, begin=start, end=end)


def at(seconds: float, what: str) -> Event:
    return Event(stamp=STRUCK + int(seconds * SECOND), what=what)


CALLS = [call("a", "a/1", -0.08), call("a", "a/1", -0.04), call("b", "b/1", 0.5), call("b", "b/1", 0.54)]


def test_a_percentile_is_one_of_the_values_and_p99_of_few_is_the_greatest() -> None:
    assert percentile([3, 1, 2], 0.5) == 2
    assert percentile([3, 1, 2], 0.99) == 3
    assert percentile(range(1, 201), 0.99) == 198
    assert spread([2.0, 8.0]).p50 == 2.0
    with pytest.raises(ValueError, match="nothing was measured"):
        percentile([], 0.5)


def test_a_gap_lasts_from_the_last_call_before_to_the_first_of_the_next_signer() -> None:
    found = taken(CALLS, STRUCK, {"a": [at(-50, "acquired")], "b": [at(0.3, "acquired")]})
    assert found is not None
    assert (found.gap_s, found.election_s, found.start_s) == pytest.approx((0.53, 0.3, 0.2))


def test_the_election_of_a_handover_begins_with_the_release() -> None:
    events = {"a": [at(-50, "released"), at(0.2, "released")], "b": [at(0.3, "acquired")]}
    found = taken(CALLS, STRUCK, events)
    assert found is not None
    assert found.election_s == pytest.approx(0.1)


def test_a_call_that_the_old_signer_had_under_way_shortens_the_gap() -> None:
    found = taken([*CALLS, call("a", "a/1", 0.1)], STRUCK, {"a": [], "b": [at(0.3, "acquired")]})
    assert found is not None
    assert found.gap_s == pytest.approx(0.39)


def test_two_signers_at_once_leave_no_gap() -> None:
    found = taken([*CALLS, call("a", "a/1", 0.9)], STRUCK, {"a": [], "b": [at(0.3, "acquired")]})
    assert found is not None
    assert found.gap_s == 0


def test_the_same_candidate_with_a_new_signer_counts_as_the_next_one() -> None:
    found = next_signer([call("a", "a/1", -0.1), call("a", "a/2", 0.2)], STRUCK)
    assert found is not None
    assert found[1].signer == "a/2"


@pytest.mark.parametrize(
    "done",
    [[], CALLS[:2], CALLS[2:], [*CALLS[:2], call("a", "a/1", 0.3)]],
    ids=["nothing", "nobody yet", "nobody before", "still the old one"],
)
def test_a_takeover_that_is_not_over_has_no_times(done: Sequence[Execution]) -> None:
    assert taken(done, STRUCK, {"a": [], "b": [at(0.3, "acquired")]}) is None


def test_a_claim_from_before_the_strike_is_none_of_the_takeover() -> None:
    assert taken(CALLS, STRUCK, {"a": [], "b": [at(-0.3, "acquired")]}) is None


def test_the_longest_gap_counts_from_the_strike_and_over_all_signers() -> None:
    calls = [call("a", "a/1", 0.1, 0), call("b", "b/1", 0.7, 0), call("b", "b/1", 0.8, 0)]
    assert longest_gap(calls, STRUCK, STRUCK + SECOND) == pytest.approx(0.6)
    assert longest_gap(calls, STRUCK, STRUCK + 3 * SECOND) == pytest.approx(2.2), "it lasted at the end"
    assert longest_gap([], STRUCK, STRUCK + SECOND) == 1.0


def test_the_tail_of_stamps_has_all_behind_the_offset_and_no_broken_line(tmp_path: Path) -> None:
    path = tmp_path / "stamps.jsonl"
    lines = [json.dumps(asdict(call("a", f"a/{number}", number))) for number in range(400)]
    path.write_text("\n".join(lines) + "\n")
    offset = len("\n".join(lines[:300])) + 1
    found = tail(path, offset)
    assert found[-1].signer == "a/399"
    assert 100 + TAIL_BYTES // len(lines[-1]) - 1 <= len(found) < 400
    assert len(tail(path, 0)) == 400
    assert tail(tmp_path / "none", 0) == []


def rounds_of(fleet: float, kazoo: float, kind: str = "host") -> dict[str, Any]:
    one = {"gap_s": fleet, "election_s": 0.02, "start_s": 0.1, "refused": 0.0, "beyond_s": fleet - takeover.GRACE}
    other = {"gap_s": kazoo, "election_s": 0.015, "start_s": 0.1}
    return {kind: {"fleet": {1: one, 2: one}, takeover.SAME_SESSION: {1: other}}}


def kept(rounds: dict[str, Any]) -> dict[str, bool]:
    return {target.what.partition(":")[0] + target.what[-12:]: target.kept for target in takeover.targets(rounds)}


def test_a_host_that_is_lost_is_held_to_both_targets() -> None:
    assert list(kept(rounds_of(6.0, 5.0)).values()) == [True, True]
    assert list(kept(rounds_of(6.8, 5.0)).values()) == [True, False], "1.05 of 5 s and the grace are 6.37 s"
    assert list(kept(rounds_of(7.5, 9.0)).values()) == [False, True]


def test_a_dead_signer_has_a_quarter_of_a_second_beside_the_grace() -> None:
    assert [target.kept for target in takeover.targets(rounds_of(1.3, 1, "signer"))] == [True]
    assert [target.kept for target in takeover.targets(rounds_of(1.4, 1, "signer"))] == [False]


def test_a_handover_is_held_to_twice_kazoos_election_and_to_no_refusal() -> None:
    rounds = rounds_of(0.3, 0.1, "handover")
    assert [target.kept for target in takeover.targets(rounds)] == [True, True]
    rounds["handover"]["fleet"][2] = {**rounds["handover"]["fleet"][1], "election_s": 0.031, "refused": 1.0}
    assert [target.kept for target in takeover.targets(rounds)] == [False, False]


def test_what_was_not_measured_has_no_target() -> None:
    assert takeover.targets({}) == []
    assert takeover.targets({"host": {takeover.SAME_SESSION: {1: {"gap_s": 5.0}}}}) == []


def test_only_rounds_that_both_came_through_are_compared() -> None:
    found: Any = takeover.compared(rounds_of(6.0, 5.0))
    entry = found[f"host lost, {takeover.SAME_SESSION}"]
    assert len(entry["pairs"]) == 1
    assert entry["ratios"]["gap_s"]["median"] == 1.2
    assert takeover.compared({"host": {"fleet": {1: {"gap_s": 1.0}}, "patroni": {2: {"gap_s": 1.0}}}}) == {}


def test_everything_that_is_done_has_a_name() -> None:
    assert set(takeover.WHAT) == set(KINDS)
