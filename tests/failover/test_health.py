"""A candidate is healthy by its readings, and not by one of them alone."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from config.failover import HealthLimits
from failover.health import DaemonReading, Health, Reach, Readings, judge

LIMITS = HealthLimits(least_peers=4, most_blocks_behind=2, oldest_block_seconds=600, least_utxos=5, settle_seconds=30)
KMD = DaemonReading(
    chain="KMD",
    reach=Reach.ANSWERS,
    height=100,
    best_height=102,
    block_age=600.0,
    peers=4,
    utxos=5,
    disk_free=0.05,
    funds=0.1,
)
GOOD = Readings(daemons=(KMD,), signer=Reach.ANSWERS, connected=True, lease_left=0.25)


def with_daemon(**changed: Any) -> Readings:
    return replace(GOOD, daemons=(replace(KMD, **changed),))


def judged(*readings: Readings, seconds: float = 1.0) -> Health:
    """One observation after the other, `seconds` apart."""
    health = None
    for number, reading in enumerate(readings):
        health = judge(health, reading, LIMITS, number * seconds)
    assert health is not None
    return health


SICK = [
    (with_daemon(reach=Reach.SILENT), "KMD: the daemon does not answer"),
    (with_daemon(reach=Reach.GONE), "KMD: the daemon is gone"),
    (with_daemon(peers=3), "KMD: 3 peers, fewer than 4"),
    (with_daemon(height=99), "KMD: 3 blocks behind its peers, more than 2"),
    (with_daemon(block_age=601.0), "KMD: the last block is 601 s old, more than 600"),
    (with_daemon(utxos=4), "KMD: 4 notary UTXOs, fewer than 5"),
    (with_daemon(funds=0.0), "KMD: no funds"),
    (with_daemon(disk_free=0.04), "KMD: 4% of the disk free, less than 5%"),
    (replace(GOOD, signer=Reach.SILENT), "the signer does not answer"),
    (replace(GOOD, signer=Reach.GONE), "the signer is dead"),
    (replace(GOOD, connected=False), "no connection to the ensemble"),
    (replace(GOOD, lease_left=0.2), "the lease is renewed with 20% of it left"),
]
DEAD = [with_daemon(reach=Reach.GONE), replace(GOOD, signer=Reach.GONE)]
SOFT = [one for one, _ in SICK if one not in DEAD]


@pytest.mark.parametrize(("readings", "reason"), SICK)
def test_twice_in_a_row_is_an_illness_and_has_a_name(readings: Readings, reason: str) -> None:
    health = judged(GOOD, readings, readings)
    assert (health.healthy, health.reason) == (False, reason)


def test_a_limit_that_is_just_kept_is_kept() -> None:
    assert judged(GOOD) == Health(healthy=True, reason="healthy", settled=False, bad_in_a_row=0, good_since=0.0)


def test_what_a_chain_does_not_have_is_not_missed() -> None:
    assert judged(replace(GOOD, daemons=(DaemonReading(chain="LTC", reach=Reach.ANSWERS),))).healthy


def test_a_standby_needs_neither_a_signer_nor_a_lease() -> None:
    assert judged(replace(GOOD, signer=None, lease_left=None)).healthy


@pytest.mark.parametrize("readings", SOFT)
def test_a_blip_is_no_illness_but_is_told(readings: Readings) -> None:
    health = judged(GOOD, readings)
    assert health.healthy
    assert health.reason != "healthy"
    assert judged(GOOD, readings, GOOD).reason == "healthy"


@pytest.mark.parametrize("readings", DEAD)
def test_what_is_dead_counts_at_once(readings: Readings) -> None:
    assert not judged(GOOD, readings).healthy


def test_the_first_observation_is_taken_as_it_is() -> None:
    assert not judged(with_daemon(peers=3)).healthy


def test_two_different_illnesses_in_a_row_are_one() -> None:
    assert not judged(GOOD, with_daemon(peers=3), with_daemon(utxos=4)).healthy


def test_health_comes_back_at_once_and_settles_later() -> None:
    sick = with_daemon(peers=3)
    assert judged(sick, sick, GOOD).healthy
    assert not judged(sick, GOOD, GOOD, seconds=29.0).settled
    assert judged(sick, GOOD, GOOD, seconds=30.0).settled


def test_who_has_a_blip_now_and_then_never_settles() -> None:
    health = judged(*[GOOD, with_daemon(peers=3)] * 50, GOOD)
    assert health.healthy
    assert not health.settled


def test_all_that_is_wrong_is_told() -> None:
    both = with_daemon(peers=0, funds=0.0)
    assert judged(both).reason == "KMD: 0 peers, fewer than 4; KMD: no funds"
