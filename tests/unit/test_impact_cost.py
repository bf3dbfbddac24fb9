"""What a change costs at most: rounds, score and money."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.prices import load_prices
from fleet.impact import rounds
from fleet.impact.cost import Sizes, monthly
from fleet.impact.workload import quantity, requested
from tests.unit.impacts import impact
from tests.unit.stacks import planned, values_of


def test_a_fleet_costs_what_its_sizes_come_to() -> None:
    price = load_prices().regions["us-east-1"]
    assert monthly(Sizes(), price) == 0
    sizes = Sizes(cores=10, memory_gib=129, storage_gib=1000, load_balancers=2)
    hourly = 0.10 + 5 * 0.252 + 3 * 0.045 + 2 * 0.0225  # 129 GiB on nodes of 32
    assert monthly(sizes, price) == pytest.approx(hourly * 730 + 80, abs=0.01)
    found = impact(planned(values_of("mainnet")), planned(values_of("mainnet")), {"eu-west": "eu-west-1"})
    known = {cost.region: cost.monthly for cost in found.costs}
    assert known["eu-central"] is None
    assert known["eu-west"] is not None
    assert known["eu-west"][0] == known["eu-west"][1] > 500


@pytest.mark.parametrize(
    ("text", "value"), [("500m", "0.5"), ("20Gi", 20 * 2**30), ("2", 2), (None, 0), ("1k", 1000), ("1Ti", 2**40)]
)
def test_quantities_are_read_as_kubernetes_writes_them(text: object, value: object) -> None:
    assert quantity(text) == Decimal(str(value))


@given(
    drain=st.integers(0, 1000), chains=st.sets(st.sampled_from(["KMD", "LTC", "CCL", "CLC", "MCL"])), back=st.booleans()
)
def test_no_more_rounds_are_missed_than_can_begin(drain: int, chains: set[str], back: bool) -> None:
    handovers = rounds.Handovers(drain_seconds=drain, stop_seconds=5, grace_ms=1120, away=True, back=back)
    lost = rounds.missed(handovers, "iguana", "main", chains)
    assert set(lost) == chains - {"LTC"}
    for chain, count in lost.items():
        assert 1 < count <= handovers.seconds / rounds.interval(chain) + 3
    assert (rounds.score(lost, "iguana", "main", chains) or 0) >= 0
    assert rounds.score(lost, "iguana", "testing", chains) is None


def test_a_daemon_that_restarts_alone_is_noticed_and_its_round_waited_for() -> None:
    told = rounds.Handovers(drain_seconds=310, stop_seconds=5, grace_ms=1120, away=True, back=True)
    sick = rounds.Handovers(drain_seconds=310, stop_seconds=5, grace_ms=1120, away=True, back=True, sick=True)
    assert sick.seconds == told.seconds + 310 + 4
    assert rounds.missed(sick, "iguana", "main", ["CCL"])["CCL"] > rounds.missed(told, "iguana", "main", ["CCL"])["CCL"]


def test_an_init_container_that_ends_asks_for_nothing_beside_what_comes_after_it() -> None:
    def asking(memory: str, **more: str) -> dict[str, object]:
        return {"resources": {"requests": {"cpu": "1", "memory": memory}}, **more}

    def pod(*first: dict[str, object]) -> dict[str, object]:
        return {"spec": {"template": {"spec": {"initContainers": [*first], "containers": [asking("2Gi")]}}}}

    sidecar = asking("1Gi", restartPolicy="Always")
    assert requested(pod(asking("1Gi"), sidecar)) == (2, 3 * 2**30)
    assert requested(pod(asking("5Gi"), sidecar)) == (2, 5 * 2**30)
    assert requested(pod(sidecar, asking("5Gi"))) == (2, 6 * 2**30)  # the sidecar runs by then
