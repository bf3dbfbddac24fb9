"""A duty that an able candidate does not sign for is found; one that nobody can sign for is not."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaos.liveness import BOUND_SECONDS, PENALTY_SECONDS, Violation, check, judged, quiet
from chaos.possible import Topology, Unit
from chaos.stamps import SECOND, Execution, Strike
from tests.chaos.histories import DUTY, execution

WEST, CENTRAL = (Unit(duty=DUTY, region=region) for region in ("west", "central"))
CHAINS = ("KMD", "LTC", "CCL")
FLEET = Topology(servers={1: "na", 2: "central", 3: "west"}, units=(WEST, CENTRAL), chains=CHAINS)
OTHER = "bob.main"
END = 100


def calls(begin: float, end: float, chain: str = "KMD", every: float = 1.0, duty: str = DUTY) -> list[Execution]:
    """Executions on one chain, so many seconds apart."""
    count = int((end - begin) / every)
    made = [
        execution(1, round((begin + n * every) * 1000), round((begin + n * every) * 1000) + 5) for n in range(count)
    ]
    return [replace(item, daemon=f"west/{chain}", duty=duty) for item in made]


def both(begin: float, end: float) -> list[Execution]:
    return [*calls(begin, end), *calls(begin, end, "CCL")]


def strike(begin: float, end: float, *takes: str, kind: str = "k", hits: tuple[str, ...] = (WEST.name,)) -> Strike:
    return Strike(
        number=0, kind=kind, told="t", begin=round(begin * SECOND), end=round(end * SECOND), takes=takes, hits=hits
    )


def found(done: list[Execution], *strikes: Strike, end: float = END) -> list[Violation]:
    return check(FLEET, strikes, done, (0, round(end * SECOND)))


def test_a_duty_that_is_signed_for_all_the_time_is_right() -> None:
    assert found(both(0, END)) == []


def test_one_that_nobody_signs_for_is_found_with_who_could_have() -> None:
    (violation,) = found(both(0, 10))
    assert (violation.rule, violation.duty) == ("held", DUTY)
    assert "no call for 91.0 s from 9.000 s on, able: central, west; wrong: nothing" in violation.seen


@pytest.mark.parametrize(("gap", "rules"), [(BOUND_SECONDS - 2, []), (BOUND_SECONDS + 2, ["held"])])
def test_a_gap_may_be_as_long_as_the_bound(gap: float, rules: list[str]) -> None:
    done = [*both(0, 10), *both(10 + gap, END)]
    assert [violation.rule for violation in found(done)] == rules


def test_the_time_counts_from_the_last_change() -> None:
    done = [*both(0, 10), *both(55, END)]
    assert found(done, strike(30, 32)) == []
    assert [violation.rule for violation in found(done, strike(12, 14))] == ["held"]


def test_a_change_of_another_duty_is_none() -> None:
    done = [*both(0, 10), *both(55, END)]
    assert len(found(done, strike(30, 32, hits=(f"{OTHER}@west",)))) == 1
    assert found(done, strike(30, 32, "server:1", hits=())) == []  # which concerns all


def test_what_nobody_could_sign_for_is_not_asked() -> None:
    both_gone = strike(0, END, WEST.takes, CENTRAL.takes)
    assert found([], both_gone) == []
    assert len(found([], strike(0, END, WEST.takes))) == 1


def test_without_kmd_nothing_can_be_signed_and_without_its_anchor_the_other_chain_alone() -> None:
    without = [strike(0, END, unit.daemon("KMD")) for unit in (WEST, CENTRAL)]
    assert found([], *without) == []
    anchorless = [strike(0, END, unit.daemon("LTC")) for unit in (WEST, CENTRAL)]
    assert found(calls(0, END, "CCL"), *anchorless) == []
    assert [violation.rule for violation in found([], *anchorless)] == ["held"]


def test_a_chain_that_another_candidate_could_sign_for_is_asked_for() -> None:
    sick = strike(0, END, WEST.daemon("CCL"))
    (violation,) = found(calls(0, END), sick)
    assert (violation.rule, violation.seen[:4]) == ("chain", "CCL:")
    assert found(both(0, END), sick) == []


def test_a_chain_that_is_sick_everywhere_stops_no_other() -> None:
    sick = [strike(0, END, unit.daemon("CCL")) for unit in (WEST, CENTRAL)]
    assert found(calls(0, END), *sick) == []
    assert [violation.rule for violation in found([], *sick)] == ["held"]


def test_kmd_goes_before_any_other_chain() -> None:
    crossed = [strike(0, END, WEST.daemon("LTC")), strike(0, END, CENTRAL.daemon("CCL"))]
    assert found(calls(0, END, "KMD"), *crossed) == []
    assert [violation.rule for violation in found(calls(0, END, "CCL"), *crossed)] == ["chain"]


def test_nothing_more_is_asked_of_who_may_go_last_after_a_failed_activation() -> None:
    failed, sick = strike(0, 1, kind="refuse-dpow"), strike(0, 2 * PENALTY_SECONDS, CENTRAL.daemon("CCL"))
    assert found(calls(0, END), failed, sick) == []
    late = found(calls(0, 2 * PENALTY_SECONDS), failed, sick, end=2 * PENALTY_SECONDS)
    assert late == []  # one quiet time, which began while it went last
    again = strike(PENALTY_SECONDS + 2, PENALTY_SECONDS + 3, hits=(CENTRAL.name,))
    told = found(calls(0, 2 * PENALTY_SECONDS), failed, sick, again, end=2 * PENALTY_SECONDS)
    assert [violation.rule for violation in told] == ["chain"]


def test_nothing_is_asked_where_nobody_can_say_whether_it_signs() -> None:
    assert found([], strike(0, END, WEST.unsure, CENTRAL.takes)) == []


def test_times_that_were_judged_are_counted() -> None:
    strikes = [strike(35, 36), strike(50, 51), strike(0, END, WEST.takes, CENTRAL.takes, hits=(f"{OTHER}@west",))]
    assert judged(FLEET, strikes, (0, END * SECOND)) == 2  # to 35 s, and from 51 s on


@given(st.lists(st.tuples(st.floats(0, 90), st.floats(0, 30)), max_size=6))
def test_quiet_times_are_all_of_the_time_and_don_t_overlap(spans: list[tuple[float, float]]) -> None:
    strikes = [strike(begin, begin + length) for begin, length in spans]
    parts = [span for span, _ in quiet(DUTY, strikes, (0, END * SECOND))]
    assert sum(end - begin for begin, end in parts) == END * SECOND
    assert all(before[1] == after[0] for before, after in pairwise(parts))
