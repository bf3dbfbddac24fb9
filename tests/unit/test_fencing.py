"""Times of failover that can't be kept are mistakes of the stack."""

from __future__ import annotations

from config.fencing import Failover
from tests.unit.stacks import parsed, told, values_of


def test_times_of_failover_that_the_ensemble_can_not_keep_are_told() -> None:
    values = values_of("local")
    values["failover"] = {"heartbeatMs": 751, "stalenessMs": 100}
    values["ensemble"] |= {"sessionTimeoutMs": 5_000, "tickTimeMs": 500, "rttMs": 100}
    lines = told(values)
    expected = "expected 750 at most: with a tick, a quarter of sessionTimeoutMs (5000)"
    assert any(line.startswith("notary:failover.heartbeatMs: found 751") and expected in line for line in lines), lines
    expected = "expected 600 at least, six round trips"
    assert any(line.startswith("notary:failover.stalenessMs: found 100") and expected in line for line in lines), lines


def test_a_grace_too_short_for_a_checkpoint_masters_kill_is_told() -> None:
    values = values_of("mainnet")
    values["ensemble"]["sessionTimeoutMs"] = 10_000  # 2 % of drift, and a second: 1,200 ms
    values["failover"] = {"stalenessMs": 1_078}
    (line,) = told(values)
    assert line.startswith("notary:failover.stalenessMs: found 1078, expected 1079 at least")
    values["failover"] = {"stalenessMs": 1_079}
    assert parsed(values).stack.failover.grace_ms == 1_200


def test_what_keeps_two_leases_apart_grows_with_the_session() -> None:
    assert [Failover.apart_ms(timeout) for timeout in (5_000, 5_001, 30_000)] == [200, 201, 700]
