"""What could have been signed under a schedule, and what was."""

from __future__ import annotations

import pytest

from chaos.possible import ACTIVE_GAP, Topology, Unit, active, best, held_again, possible, seconds
from chaos.stamps import SECOND, Strike
from tests.chaos.histories import DUTY, execution

SERVERS = {1: "na", 2: "central", 3: "west"}
UNITS = tuple(Unit(duty=DUTY, region=region) for region in ("west", "central"))
FLEET = Topology(servers=SERVERS, units=UNITS)


def cut(a: str, b: str) -> set[str]:
    return {f"link:{a}>{b}", f"link:{b}>{a}"}


@pytest.mark.parametrize(
    ("down", "whether"),
    [
        (set[str](), True),
        ({"server:1"}, True),
        ({"server:1", "server:2"}, False),
        ({"all"}, False),
        ({f"duty:{DUTY}"}, False),
        ({"duty:another"}, True),
        ({UNITS[0].takes}, True),
        ({UNITS[0].takes, UNITS[1].takes}, False),
        ({UNITS[0].takes, f"host:{UNITS[1].agent_host}"}, False),
        ({UNITS[0].takes, f"host:{UNITS[1].daemon_host}"}, False),
        (cut("west", "central"), True),
        (cut("west", "central") | {"server:1"}, False),
        (cut("west", "central") | cut("west", "na"), True),
        (cut("west", "central") | cut("west", "na") | {UNITS[1].takes}, False),
        (cut("west", "central") | cut("west", "na") | cut("central", "na"), False),
        ({"link:west>central", "link:west>na", UNITS[1].takes}, False),
    ],
)
def test_somebody_can_sign_who_is_whole_and_reaches_a_majority(down: set[str], whether: bool) -> None:
    assert possible(FLEET, DUTY, frozenset(down)) is whether


def strike(begin: float, end: float, *takes: str) -> Strike:
    begin_ns, end_ns = round(begin * SECOND), round(end * SECOND)
    return Strike(number=0, kind="k", told="t", begin=begin_ns, end=end_ns, takes=takes)


def test_the_best_leaves_out_only_when_two_faults_together_take_everything() -> None:
    strikes = [strike(2, 6, "server:1"), strike(4, 8, "server:2"), strike(9, 20, "all")]
    assert seconds(best(FLEET, strikes, (0, 10 * SECOND))[DUTY]) == pytest.approx(7)


def test_a_signer_is_active_between_calls_but_not_over_a_gap() -> None:
    gap = ACTIVE_GAP // (SECOND // 1000)
    done = [execution(1, 0, 10), execution(1, gap, gap + 10), execution(2, 3 * gap, 3 * gap + 20)]
    assert seconds(active(done, (0, 100 * SECOND))[DUTY]) == pytest.approx((gap + 10 + 20) / 1000)
    assert seconds(active(done, (5_000_000, 10_000_000))[DUTY]) == pytest.approx(0.005)


def test_held_again_counts_from_the_last_fault() -> None:
    done = [execution(1, 0, 10), execution(2, 3000, 3010), execution(2, 2500, 2510)]
    assert held_again(done, [DUTY, "other"], 2 * SECOND) == {DUTY: 0.5, "other": None}
