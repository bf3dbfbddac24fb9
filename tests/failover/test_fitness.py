"""Which candidate can do more."""

from __future__ import annotations

from dataclasses import replace

import pytest

from failover.fitness import outdoes, rank, signable, signs_more
from failover.model import Candidacy

CHAINS = ("KMD", "LTC", "CCL", "RAPH")
EU = Candidacy(
    candidate="eu", priority=1, standby="hot", healthy=True, settled=True, reason="healthy", signs=("KMD", "CCL")
)
US = replace(EU, candidate="us", priority=2)


@pytest.mark.parametrize(
    ("ready", "signs"),
    [
        (CHAINS, ("KMD", "CCL", "RAPH")),
        (("KMD", "LTC"), ("KMD",)),
        (("KMD", "RAPH"), ("RAPH",)),
        (("LTC", "CCL", "RAPH"), ()),
        ((), ()),
    ],
)
def test_all_is_notarised_to_kmd_and_kmd_to_its_anchor(ready: tuple[str, ...], signs: tuple[str, ...]) -> None:
    assert signable(CHAINS, ready) == signs


def test_a_duty_without_an_anchor_notarises_its_assetchains_alone() -> None:
    assert signable(("KMD", "MCL", "TOKEL"), ("KMD", "MCL", "TOKEL")) == ("MCL", "TOKEL")


def test_kmd_counts_more_than_any_number_of_others() -> None:
    many = replace(US, signs=("CCL", "RAPH", "PIRATE"))
    assert signs_more(EU, many)
    assert not signs_more(many, EU)
    assert signs_more(replace(US, signs=("KMD", "CCL", "RAPH")), EU)
    assert not signs_more(US, EU)


def test_an_older_release_that_does_not_say_is_neither_better_nor_worse() -> None:
    old = replace(US, signs=None)
    assert not signs_more(old, replace(EU, signs=()))
    assert not signs_more(EU, old)
    assert not outdoes(old, EU)


def test_a_block_that_one_has_and_the_other_has_not_tells_who_is_behind() -> None:
    still = replace(EU, still=(("CCL", 100),))
    assert outdoes(US, still)
    assert not outdoes(still, US)
    assert not outdoes(replace(US, still=(("CCL", 100),)), still)
    assert outdoes(replace(US, still=(("CCL", 101),)), still)
    assert not outdoes(replace(US, signs=("KMD", "RAPH")), still), "it does not follow that chain at all"
    assert outdoes(US, replace(EU, still=(("LTC", 7),))), "who signs for KMD follows its anchor"


def test_fewer_chains_are_outweighed_by_no_weakness() -> None:
    weak = replace(EU, weak=("CCL: disk",))
    assert outdoes(US, weak)
    assert not outdoes(replace(US, signs=("KMD",)), weak)


def test_candidates_for_a_free_duty_stand_in_order_of_what_they_can_do_then_of_priority() -> None:
    fewer, weak = replace(EU, candidate="a", signs=("KMD",)), replace(EU, candidate="b", weak=("CCL: disk",))
    failed = replace(EU, candidate="c", priority=0, penalised=True)
    assert sorted([failed, fewer, weak, US, EU], key=rank) == [EU, US, weak, fewer, failed]
