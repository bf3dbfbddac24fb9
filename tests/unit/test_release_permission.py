"""Which releases may follow which: data that can't be read, hard forks that are behind the chain."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from config.release import HardFork
from fleet.releases.permission import Tips, refusals
from tests.unit.releases import NOW, SOURCE, image, plan_with, with_builds

FORK = {"chain": "KMD", "height": 4_771_595, "source": SOURCE}
CHAINS = {"DOC", "KMD", "MARTY"}


def data(number: int, family: str = "komodod") -> dict[str, Any]:
    return {"family": family, "number": number, "source": SOURCE}


def told(
    old: dict[str, Any], new: dict[str, Any], restored: tuple[str, ...] = (), **heights: int
) -> list[tuple[str, str]]:
    """The refusals of the testnet's way from one komodod to another."""
    defaults = {"data": data(1), "forks": []}
    before = {"version": "v2", "image": image("komodod", "2"), **defaults, **old}
    after = {"version": "v1", "image": image("komodod", "1"), **defaults, **new}
    plans = [plan_with("testnet", with_builds(komodod=build)) for build in (before, after)]
    return [(item.path, item.found) for item in refusals(*plans, Tips(now=NOW, heights=heights, restored=restored))]


@given(old=st.integers(1, 9), new=st.integers(1, 9))
def test_a_daemon_reads_what_was_written_up_to_its_own_format_and_no_other(old: int, new: int) -> None:
    refused = told({"data": data(old)}, {"data": data(new)})
    assert {path for path, _ in refused} == ({f"data of {chain}" for chain in CHAINS} if old > new else set())


def test_who_brought_a_chains_data_back_may_go_back_but_past_no_fork() -> None:
    newer = {"data": data(2), "forks": [FORK]}
    found = told(newer, {}, restored=("KMD", "DOC"), KMD=4_771_595)
    assert {path for path, _ in found} == {"data of MARTY", "hard forks of KMD"}


@given(height=st.integers(1, 10**7), tip=st.integers(1, 10**7))
def test_going_back_is_refused_from_the_forks_height_on(height: int, tip: int) -> None:
    refused = told({"forks": [{**FORK, "height": height}]}, {}, KMD=tip)
    assert bool(refused) == (tip >= height)
    assert {path for path, _ in refused} <= {"hard forks of KMD"}


@pytest.mark.parametrize(("seconds", "refused"), [(-1, True), (0, True), (1, False)])
def test_a_fork_by_time_binds_every_assetchain_once_it_has_passed(seconds: int, refused: bool) -> None:
    fork = {"chain": "assetchains", "time": int(NOW.timestamp()) + seconds, "source": SOURCE}
    paths = {path for path, _ in told({"forks": [fork]}, {})}
    assert paths == ({"hard forks of DOC", "hard forks of MARTY"} if refused else set())


def test_a_fork_by_height_counts_as_passed_until_the_height_is_told() -> None:
    ((path, found),) = told({"forks": [FORK]}, {})
    assert path == "hard forks of KMD"
    assert "no --height KMD=N" in found
    assert told({"forks": [FORK]}, {}, KMD=4_771_594) == []


def test_a_fork_that_both_know_is_none_in_the_way_wherever_each_says_that_it_is_written() -> None:
    assert told({"forks": [FORK]}, {"forks": [{**FORK, "source": "elsewhere"}]}, KMD=5_000_000) == []
    moved = told({"forks": [FORK]}, {"forks": [{**FORK, "height": 4_771_596}]}, KMD=5_000_000)
    assert [path for path, _ in moved] == ["hard forks of KMD"]


def test_every_reason_comes_at_once() -> None:
    refused = told({"data": data(2), "forks": [FORK]}, {}, KMD=5_000_000)
    assert {path for path, _ in refused} == {*(f"data of {chain}" for chain in CHAINS), "hard forks of KMD"}


def test_what_nobody_looked_up_is_refused_and_a_rebuild_is_not() -> None:
    silent = told({"data": None, "forks": None}, {})
    assert {path for path, _ in silent} == {f"{what} of {chain}" for what in ("data", "hard forks") for chain in CHAINS}
    assert told({"version": "v1", "data": None, "forks": None}, {"data": None, "forks": None}) == []


def test_a_rebuild_that_says_otherwise_than_its_version_did_is_believed() -> None:
    same = {"version": "v1"}
    assert {path for path, _ in told({**same, "data": data(2)}, same)} == {f"data of {chain}" for chain in CHAINS}
    assert [path for path, _ in told({**same, "forks": [FORK]}, same, KMD=5_000_000)] == ["hard forks of KMD"]


def test_another_family_of_data_is_never_read() -> None:
    assert {path for path, _ in told({}, {"data": data(9, "bitcoind")})} == {f"data of {chain}" for chain in CHAINS}


def test_the_ensembles_data_is_asked_for_too() -> None:
    old = {"version": "3.10.0", "image": image("zookeeper", "2"), "data": data(2, "zookeeper")}
    new = {"version": "3.9.5", "image": image("zookeeper", "1"), "data": data(1, "zookeeper")}
    plans = [plan_with("testnet", with_builds(zookeeper=build)) for build in (old, new)]
    assert [item.path for item in refusals(*plans, Tips(now=NOW, heights={}))] == ["data of ensemble"]
    assert refusals(*reversed(plans), Tips(now=NOW, heights={})) == ()


@pytest.mark.parametrize("more", [{}, {"height": 1, "time": 1}])
def test_a_fork_has_a_height_or_a_time(more: dict[str, int]) -> None:
    with pytest.raises(ValidationError, match="a height or a time"):
        HardFork.model_validate({"chain": "KMD", "source": SOURCE, **more})
