"""What is wrong with a candidate and its chains, by its readings, and not by one of them alone."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from config.failover import ChainLimits, HealthLimits
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
    key=True,
)
CCL = replace(KMD, chain="CCL")
GOOD = Readings(daemons=(KMD, CCL), signer=Reach.ANSWERS, connected=True, lease_left=0.25)


def with_ccl(**changed: Any) -> Readings:
    return replace(GOOD, daemons=(KMD, replace(CCL, **changed)))


def judged(*readings: Readings, seconds: float = 1.0, limits: HealthLimits = LIMITS) -> Health:
    """One observation after the other, `seconds` apart."""
    health = None
    for number, reading in enumerate(readings):
        health = judge(health, reading, limits, number * seconds)
    assert health is not None
    return health


# What takes a chain away, in this region alone.
UNREADY = [
    (with_ccl(reach=Reach.SILENT), "CCL: the daemon does not answer"),
    (with_ccl(height=99), "CCL: more than 2 blocks behind its peers"),
]
SURELY_UNREADY = [
    (with_ccl(reach=Reach.GONE), "CCL: the daemon is gone"),
    (with_ccl(key=False), "CCL: the wallet has not the notary's key"),
    (with_ccl(scanning=True), "CCL: the wallet looks through the chain"),
]
# What takes nothing away: it belongs to the key or the chain, or is only worth a word.
NOTED = [
    (with_ccl(peers=3), "CCL: 3 peers, fewer than 4"),
    (with_ccl(block_age=601.0), "CCL: no block for more than 600 s"),
    (with_ccl(utxos=4), "CCL: fewer than 5 notary UTXOs"),
    (
        with_ccl(utxos=0),
        "CCL: no notary UTXO is seen: there is none, or the key was imported without a rescan",
    ),
    (with_ccl(funds=0.0), "CCL: no funds"),
    (with_ccl(disk_free=0.04), "CCL: less than 5% of the disk is free"),
    (replace(GOOD, lease_left=0.2), "the lease is renewed with less than 25% of it left"),
]
UNHEALTHY = [
    (replace(GOOD, signer=Reach.SILENT), "the signer does not answer, and does no work"),
    (replace(GOOD, connected=False), "no connection to the ensemble"),
]
ALL = [*UNREADY, *SURELY_UNREADY, *NOTED, *UNHEALTHY]


@pytest.mark.parametrize(("readings", "reason"), ALL)
def test_all_that_is_wrong_has_a_name_and_a_chain(readings: Readings, reason: str) -> None:
    assert judged(GOOD, readings).reason == reason
    assert judged(GOOD, readings, GOOD).reason == "healthy"


@pytest.mark.parametrize(("readings", "_"), [*UNREADY, *SURELY_UNREADY])
def test_a_sick_daemon_takes_its_own_chain_away_and_no_other(readings: Readings, _: str) -> None:
    health = judged(GOOD, readings, readings)
    assert (health.ready, health.healthy) == ({"KMD"}, True)
    assert judged(GOOD, readings, readings, GOOD).ready == {"KMD", "CCL"}


@pytest.mark.parametrize(("readings", "_"), NOTED)
def test_what_every_candidate_has_or_what_only_weakens_takes_no_chain_away(readings: Readings, _: str) -> None:
    health = judged(*[readings] * 5)
    assert (health.ready, health.healthy) == ({"KMD", "CCL"}, True)


@pytest.mark.parametrize(("readings", "_"), UNHEALTHY)
def test_twice_in_a_row_the_candidate_itself_is_ill(readings: Readings, _: str) -> None:
    assert judged(GOOD, readings).healthy
    assert not judged(GOOD, readings, readings).healthy
    assert judged(GOOD, readings, readings, GOOD).healthy


@pytest.mark.parametrize(("readings", "_"), UNREADY)
def test_a_blip_takes_nothing_away(readings: Readings, _: str) -> None:
    assert judged(GOOD, readings).ready == {"KMD", "CCL"}
    assert judged(GOOD, readings, GOOD, readings).ready == {"KMD", "CCL"}


@pytest.mark.parametrize(("readings", "_"), SURELY_UNREADY)
def test_what_is_sure_counts_at_once(readings: Readings, _: str) -> None:
    assert judged(GOOD, readings).ready == {"KMD"}


def test_a_dead_signer_counts_at_once() -> None:
    health = judged(GOOD, replace(GOOD, signer=Reach.GONE))
    assert (health.healthy, health.reason) == (False, "the signer is dead")


def test_the_first_observation_is_taken_as_it_is() -> None:
    assert judged(with_ccl(reach=Reach.SILENT)).ready == {"KMD"}


def test_a_daemon_that_was_away_stays_so_while_anything_is_wrong_with_it() -> None:
    gone, silent = with_ccl(reach=Reach.GONE), with_ccl(reach=Reach.SILENT)
    assert judged(GOOD, gone, silent).ready == {"KMD"}


def test_calls_to_a_silent_daemon_are_known_to_wait_for_nothing() -> None:
    assert judged(GOOD, with_ccl(reach=Reach.SILENT)).silent == {"CCL"}
    assert judged(GOOD, with_ccl(reach=Reach.GONE)).silent == {"CCL"}
    assert judged(GOOD, with_ccl(height=90)).silent == set()


def test_a_signer_that_is_busy_is_not_ill() -> None:
    busy = replace(GOOD, signer=Reach.BUSY)
    health = judged(GOOD, busy, busy, busy)
    assert (health.healthy, health.reason) == (True, "healthy")


def test_a_limit_that_is_just_kept_is_kept() -> None:
    health = judged(GOOD)
    assert (health.healthy, health.reason, health.settled, health.weak, health.still) == (
        True,
        "healthy",
        False,
        (),
        (),
    )


def test_a_chain_has_limits_of_its_own() -> None:
    slow = ChainLimits(chain="CCL", least_peers=1, most_blocks_behind=9, oldest_block_seconds=9000, least_utxos=0)
    readings = with_ccl(peers=1, height=95, block_age=8999.0, utxos=1)
    assert judged(readings, limits=replace(LIMITS, chains=(slow,))).reason == "healthy"
    assert judged(readings).reason != "healthy"


def test_what_a_chain_does_not_have_is_not_missed() -> None:
    health = judged(replace(GOOD, daemons=(DaemonReading(chain="LTC", reach=Reach.ANSWERS),)))
    assert (health.ready, health.reason) == ({"LTC"}, "healthy")


def test_a_standby_needs_neither_a_signer_nor_a_lease() -> None:
    assert judged(replace(GOOD, signer=None, lease_left=None)).healthy


def test_a_chain_whose_last_block_is_old_is_told_with_its_height() -> None:
    assert judged(with_ccl(block_age=601.0, height=101)).still == (("CCL", 101),)


def test_what_may_be_better_elsewhere_is_told() -> None:
    worse = replace(with_ccl(peers=0, disk_free=0.01, utxos=0), lease_left=0.1)
    assert judged(worse).weak == ("CCL: no peer", "CCL: disk", "CCL: no UTXO", "the lease")


def test_a_candidate_settles_when_nothing_got_worse_for_long() -> None:
    assert not judged(GOOD, GOOD, seconds=29.0).settled
    assert judged(GOOD, GOOD, seconds=30.0).settled


@pytest.mark.parametrize(("readings", "_"), [*UNREADY, *SURELY_UNREADY, *UNHEALTHY])
def test_who_has_a_blip_now_and_then_never_settles(readings: Readings, _: str) -> None:
    assert not judged(*[GOOD, readings] * 50, GOOD).settled


def test_a_chain_that_syncs_for_days_keeps_nobody_from_settling() -> None:
    syncs = with_ccl(height=1)
    health = judged(*[syncs] * 40)
    assert (health.ready, health.settled) == ({"KMD"}, True)


def test_a_signer_that_died_and_came_back_between_two_observations_has_not_settled() -> None:
    settled = judged(*[GOOD] * 40)
    assert settled.settled
    assert not judge(settled, replace(GOOD, falls=1), LIMITS, 41.0).settled


def test_what_is_wrong_is_told_in_words_that_do_not_change_each_second() -> None:
    readings = [with_ccl(block_age=601.0 + age, height=90 - age) for age in range(5)]
    assert len({judged(reading).reason for reading in readings}) == 1


def test_all_that_is_wrong_is_told() -> None:
    both = with_ccl(peers=0, funds=0.0)
    assert judged(both).reason == "CCL: 0 peers, fewer than 4; CCL: no funds"
