"""What a candidate decides: a situation, an act, a sentence."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from failover.decide import decide, outdone, outreached, passed_over
from failover.lease import Lease
from failover.observation import Act, Observation, Signer
from tests.failover.situations import (
    ASIA,
    EU,
    NOW,
    SICK,
    TIMING,
    US,
    candidate,
    over,
    signing,
    standing_by,
    taken,
    view,
)

DOWN, IDLE, ACTIVE, STOPPING = Signer.DOWN, Signer.IDLE, Signer.ACTIVE, Signer.STOPPING
SICK_EU = replace(EU, **SICK)
FEWER_EU = replace(EU, signs=("KMD", "CCL"), reason="RAPH: the daemon is gone")
NOT_KMD_EU = replace(EU, signs=("CCL", "RAPH"), reason="LTC: the daemon is gone")
POOR_EU = replace(EU, reason="RAPH: fewer than 5 notary UTXOs")
FULL_EU = replace(EU, weak=("RAPH: disk",), reason="RAPH: less than 5% of the disk is free")
SETTLED_ASIA = replace(ASIA, settled=True)
GOOD_END = "every call answered, the signer is down"

CLAIM_OVER = [
    (signing(lost=True), Act.KILL, "a quorum said that the claim is over"),
    (over(signing()), Act.KILL, "the lease is over"),
    (over(signing(view=None, stopping=True)), Act.KILL, "the lease is over"),
    (over(taken(signer=STOPPING)), Act.KILL, "the lease is over"),
    (over(signing(signer=DOWN)), Act.RELEASE_UNCLEAN, "the lease is over and the signer is dead"),
    (
        signing(signer=DOWN, lost=True),
        Act.RELEASE_UNCLEAN,
        "a quorum said that the claim is over and the signer is dead",
    ),
    (taken(signer=ACTIVE), Act.KILL, "the signer signs though this claim has not activated it"),
]
HOLDING = [
    (signing(), Act.WAIT, "holds the duty and signs"),
    (signing(view=None), Act.WAIT, "holds the duty and signs"),
    (signing(signer=DOWN), Act.RELEASE_CLEAN, f"the signer died: {GOOD_END}"),
    (
        signing(signer=DOWN, pending=1, forfeited=1),
        Act.RELEASE_UNCLEAN,
        "the signer died: 2 signing calls without an answer, the signer is down",
    ),
    (signing(signer=STOPPING), Act.WAIT, "the signer is ending by itself"),
    (signing(signer=IDLE), Act.ACTIVATE, "the signer was activated and does not sign"),
    (taken(signer=DOWN), Act.PREPARE, "the duty is taken and the signer is not up"),
    (taken(signer=DOWN, clean=False), Act.PREPARE, "the duty is taken and the signer is not up"),
    (taken(signer=STOPPING), Act.WAIT, "the duty is taken and an earlier signer is still ending"),
    (
        signing(me=POOR_EU),
        Act.WAIT,
        "holds the duty and signs, as nobody is better off: RAPH: fewer than 5 notary UTXOs",
    ),
    (signing(hung=True), Act.KILL, "the signer neither answers nor works"),
    (taken(hung=True), Act.KILL, "the signer neither answers nor works"),
    (signing(hung=True, signer=DOWN), Act.RELEASE_CLEAN, f"the signer died: {GOOD_END}"),
    (signing(view=view(handover_to="eu")), Act.FULFIL, "eu holds the duty as ordered: the order is done"),
    (taken(view=view(handover_to="eu")), Act.ACTIVATE, "the duty is taken and nobody else can sign"),
    (taken(), Act.ACTIVATE, "the duty is taken and nobody else can sign"),
    (taken(clean=False), Act.WAIT, "the holder before let go without a word: the grace is not over"),
    (taken(clean=False, now=NOW + 1.4), Act.WAIT, "the holder before let go without a word: the grace is not over"),
    (taken(clean=False, now=NOW + 1.5), Act.ACTIVATE, "the duty is taken and nobody else can sign"),
]
REASONS = [
    (signing(stopping=True), "the agent is to end"),
    (signing(stopping=True, view=None), "the agent is to end"),
    (signing(view=view(all_stop=True)), "all signers are to stop"),
    (signing(view=view(drained=("eu",))), "eu is drained"),
    (signing(view=view(pinned="us")), "the duty is pinned to us"),
    (signing(view=view(handover_to="us")), "the duty is handed over to us"),
    (signing(view=view(SETTLED_ASIA, US)), "asia has a better priority and is settled"),
    (signing(me=SICK_EU), "eu is not healthy (3 peers) and asia is"),
    (signing(me=SICK_EU, view=view(replace(US, penalised=True))), "eu is not healthy (3 peers) and us is"),
    (
        signing(me=FEWER_EU, view=view(ASIA, US), chains_lost=True),
        "us can sign for more chains (RAPH: the daemon is gone)",
    ),
    (signing(me=NOT_KMD_EU, view=view(US), chains_lost=True), "us can sign for more chains (LTC: the daemon is gone)"),
    (
        signing(me=FEWER_EU, view=view(US), outreached_since=NOW - 15.1),
        "us can sign for more chains (RAPH: the daemon is gone)",
    ),
    (
        signing(me=FULL_EU, outdone_since=NOW - 90.1),
        "us is better placed (RAPH: less than 5% of the disk is free)",
    ),
    (signing(draining_since=NOW), "a drain that has begun is finished"),
]
NO_REASONS = [
    signing(view=view(drained=("us",))),
    signing(view=view(pinned="africa")),
    signing(view=view(SETTLED_ASIA, US, pinned="eu")),
    signing(view=view(handover_to="africa")),
    signing(view=view(ASIA, replace(US, **SICK), handover_to="us")),
    signing(view=view(handover_to="us", drained=("us",))),
    signing(view=view(SETTLED_ASIA, US), by_order=True),
    signing(view=view(replace(US, settled=False), handover_to="us")),
    signing(view=view(replace(US, signs=("KMD",)), handover_to="us")),
    signing(view=view(replace(SETTLED_ASIA, signs=("KMD", "CCL")), US)),
    signing(view=view(replace(SETTLED_ASIA, weak=("CCL: disk",)), US)),
    signing(view=view(replace(SETTLED_ASIA, penalised=True), US)),
    signing(view=view(SETTLED_ASIA, US, drained=("asia",))),
    signing(view=view(replace(SETTLED_ASIA, healthy=False), US)),
    signing(view=view(SETTLED_ASIA, US), acquired_at=NOW - 3.9),
]
AS_NOBODY_IS_BETTER_OFF = [
    signing(me=SICK_EU, view=None),
    signing(me=SICK_EU, view=view(replace(US, **SICK))),
    signing(me=SICK_EU, view=view(drained=("us", "asia"))),
    signing(me=POOR_EU, view=view(replace(US, reason="RAPH: fewer than 5 notary UTXOs"))),
    signing(me=FEWER_EU, view=view(replace(US, signs=("KMD", "CCL")))),
    signing(me=FEWER_EU, view=view(replace(US, signs=("CCL", "RAPH")))),
    signing(me=FEWER_EU, view=view(replace(US, settled=False)), chains_lost=True),
    signing(me=FEWER_EU, view=view(replace(US, penalised=True)), chains_lost=True),
    signing(me=FEWER_EU, outreached_since=NOW - 14.0),
    signing(me=FEWER_EU, view=view(replace(US, signs=None))),
    signing(me=FULL_EU, outdone_since=NOW - 89.0),
    signing(me=FULL_EU, view=view(replace(US, weak=("KMD: disk",))), outdone_since=NOW - 99.0),
]
BY_ORDER = view(drained=("eu",))
LETTING_GO = [
    (signing(view=BY_ORDER), Act.DRAIN, "eu is drained: no new signing calls"),
    (signing(view=BY_ORDER, in_round=True), Act.WAIT, "eu is drained: after the round under way"),
    (
        signing(view=BY_ORDER, in_round=True, round_since=NOW - 5.1),
        Act.DRAIN,
        "eu is drained: no new signing calls",
    ),
    (signing(stopping=True, in_round=True), Act.DRAIN, "the agent is to end: no new signing calls"),
    (signing(view=view(all_stop=True), in_round=True), Act.DRAIN, "all signers are to stop: no new signing calls"),
    (
        signing(view=BY_ORDER, in_round=True, draining_since=NOW, pending=1),
        Act.WAIT,
        "eu is drained: 1 signing calls wait for an answer",
    ),
    (signing(view=BY_ORDER, draining_since=NOW), Act.STOP, "eu is drained: no signing call waits for an answer"),
    (
        signing(view=BY_ORDER, draining_since=NOW, forfeited=3),
        Act.STOP,
        "eu is drained: no signing call waits for an answer",
    ),
    (
        signing(view=BY_ORDER, draining_since=NOW - 5.1, pending=1),
        Act.KILL,
        "eu is drained: 1 signing calls wait for an answer after 5 s",
    ),
    (
        signing(me=SICK_EU, in_round=True),
        Act.DRAIN,
        "eu is not healthy (3 peers) and asia is: no new signing calls",
    ),
    (
        signing(me=FEWER_EU, in_round=True, chains_lost=True),
        Act.DRAIN,
        "us can sign for more chains (RAPH: the daemon is gone): no new signing calls",
    ),
    (
        signing(me=FEWER_EU, in_round=True, outreached_since=NOW - 16.0),
        Act.WAIT,
        "us can sign for more chains (RAPH: the daemon is gone): after the round under way",
    ),
    (
        signing(me=SICK_EU, draining_since=NOW - 2.1, pending=1),
        Act.KILL,
        "eu is not healthy (3 peers) and asia is: 1 signing calls wait for an answer after 2 s",
    ),
    (
        signing(me=FULL_EU, in_round=True, outdone_since=NOW - 91),
        Act.WAIT,
        "us is better placed (RAPH: less than 5% of the disk is free): after the round under way",
    ),
    (
        signing(view=BY_ORDER, signer=DOWN, forfeited=1),
        Act.RELEASE_UNCLEAN,
        "eu is drained: 1 signing calls without an answer, the signer is down",
    ),
    (
        taken(me=SICK_EU, view=view(replace(US, **SICK))),
        Act.STOP,
        "NO CANDIDATE IS FIT, nobody can hold the duty: "
        "eu is not healthy (3 peers), us is not healthy (3 peers): the signer has not begun",
    ),
    (signing(view=BY_ORDER, signer=STOPPING), Act.WAIT, "eu is drained: the signer is ending"),
    (signing(view=BY_ORDER, signer=DOWN, draining_since=NOW - 5), Act.RELEASE_CLEAN, f"eu is drained: {GOOD_END}"),
    (
        signing(view=BY_ORDER, signer=DOWN, draining_since=NOW - 5.1),
        Act.RELEASE_UNCLEAN,
        "eu is drained: it took more than 5 s, the signer is down",
    ),
    (taken(view=BY_ORDER), Act.STOP, "eu is drained: the signer has not begun"),
    (taken(view=BY_ORDER, signer=DOWN), Act.RELEASE_CLEAN, f"eu is drained: {GOOD_END}"),
    (
        taken(view=BY_ORDER, signer=DOWN, clean=False),
        Act.RELEASE_UNCLEAN,
        "eu is drained: the grace was not over, the signer is down",
    ),
]
COLD_EU = replace(EU, standby="cold")
FREE = view(holder=None)
STANDING_BY = [
    (standing_by(signer=ACTIVE), Act.KILL, "the signer signs without a claim"),
    (standing_by(signer=ACTIVE, view=None), Act.KILL, "the signer signs without a claim"),
    (standing_by(stopping=True, view=None), Act.STOP, "the agent is to end"),
    (standing_by(stopping=True, signer=DOWN), Act.WAIT, "the agent is to end"),
    (standing_by(view=None), Act.WAIT, "no connection to the ensemble"),
    (standing_by(view=view(holder=None, all_stop=True)), Act.STOP, "all signers are to stop"),
    (standing_by(view=view(holder=None, all_stop=True), signer=DOWN), Act.WAIT, "all signers are to stop"),
    (standing_by(view=FREE, signer=STOPPING), Act.WAIT, "the signer is still ending"),
    (standing_by(view=view()), Act.ACQUIRE, "an earlier claim of this candidate is in the way: takes it anew"),
    (standing_by(), Act.WAIT, "asia holds the duty"),
    (standing_by(signer=DOWN), Act.PREPARE, "asia holds the duty: a hot standby has its signer up"),
    (standing_by(signer=DOWN, me=COLD_EU), Act.WAIT, "asia holds the duty"),
    (standing_by(silent_for=1.5), Act.WAIT, "asia holds the duty"),
    (
        standing_by(silent_for=1.6),
        Act.DOUBT,
        "asia holds the duty and has said nothing for 1.6 s: no gate is to believe in it until it does",
    ),
    (standing_by(silent_for=9.0, view=view(holder="asia", doubt=5)), Act.WAIT, "asia holds the duty"),
    (standing_by(silent_for=9.0, me=SICK_EU), Act.WAIT, "eu is not healthy (3 peers)"),
    (standing_by(silent_for=9.0, timing=replace(TIMING, fenced=False)), Act.WAIT, "asia holds the duty"),
    (standing_by(view=view(holder=None, drained=("eu",))), Act.WAIT, "eu is drained"),
    (standing_by(view=view(holder=None, pinned="us")), Act.WAIT, "eu is not the one that the duty is pinned to (us)"),
    (standing_by(view=FREE, me=SICK_EU), Act.WAIT, "eu is not healthy (3 peers)"),
    (standing_by(view=FREE), Act.WAIT, "nobody holds the duty: asia is to take it"),
    (standing_by(view=FREE, passed_over_since=NOW - 1.0), Act.WAIT, "nobody holds the duty: asia is to take it"),
    (
        standing_by(view=FREE, passed_over_since=NOW - 1.1),
        Act.ACQUIRE,
        "nobody holds the duty and asia does not take it",
    ),
    (standing_by(view=view(US, holder=None)), Act.ACQUIRE, "nobody holds the duty and eu is the best"),
    (
        standing_by(view=view(US, holder=None), looks=Lease(timing=TIMING, counted_from=NOW - 2.4)),
        Act.WAIT,
        "nobody holds the duty and eu is the best, once the ensemble has certainly heard of this session",
    ),
    (standing_by(view=view(holder=None, handover_to="eu")), Act.ACQUIRE, "nobody holds the duty and eu is the best"),
    (standing_by(view=view(holder=None, handover_to="us")), Act.WAIT, "nobody holds the duty: us is to take it"),
    (
        standing_by(view=view(replace(US, settled=False), holder=None, handover_to="us")),
        Act.ACQUIRE,
        "nobody holds the duty and eu is the best",
    ),
    (
        standing_by(view=view(replace(ASIA, signs=("KMD", "CCL")), holder=None)),
        Act.ACQUIRE,
        "nobody holds the duty and eu is the best",
    ),
    (standing_by(view=view(US, holder=None), me=FEWER_EU), Act.WAIT, "nobody holds the duty: us is to take it"),
    (
        standing_by(view=view(US, holder=None), me=replace(EU, penalised=True)),
        Act.WAIT,
        "nobody holds the duty: us is to take it",
    ),
    (
        standing_by(view=view(replace(US, **SICK), holder=None), me=replace(FEWER_EU, penalised=True)),
        Act.ACQUIRE,
        "nobody holds the duty and eu is the best",
    ),
    (standing_by(hung=True), Act.KILL, "the signer neither answers nor works"),
    (standing_by(view=view(holder=None, pinned="eu")), Act.ACQUIRE, "nobody holds the duty and eu is the best"),
    (
        standing_by(view=view(candidate("fiji", 1), holder=None)),
        Act.ACQUIRE,
        "nobody holds the duty and eu is the best",
    ),
    (
        standing_by(view=view(US, holder=None, drained=("us",)), me=SICK_EU),
        Act.WAIT,
        "NO CANDIDATE IS FIT, nobody can hold the duty: eu is not healthy (3 peers), us is drained",
    ),
]


@pytest.mark.parametrize(("seen", "act", "reason"), CLAIM_OVER + HOLDING + LETTING_GO + STANDING_BY)
def test_a_situation_has_one_act_and_one_sentence(seen: Observation, act: Act, reason: str) -> None:
    decision = decide(seen)
    assert (decision.act, decision.reason) == (act, reason)


@pytest.mark.parametrize(("seen", "reason"), REASONS)
def test_a_holder_lets_go_step_by_step(seen: Observation, reason: str) -> None:
    acts: list[Act] = []
    for changed in ({}, {"draining_since": NOW}, {"draining_since": NOW, "signer": DOWN}):
        decision = decide(replace(seen, **changed))
        assert decision.reason.startswith(f"{reason}: ")
        acts.append(decision.act)
    first = Act.DRAIN if seen.draining_since is None else Act.STOP
    assert acts == [first, Act.STOP, Act.RELEASE_CLEAN]


@pytest.mark.parametrize("seen", NO_REASONS)
def test_a_holder_stays_where_nobody_else_may_or_should_hold(seen: Observation) -> None:
    assert decide(seen).act is Act.WAIT
    assert decide(seen).reason == "holds the duty and signs"


@pytest.mark.parametrize("seen", AS_NOBODY_IS_BETTER_OFF)
def test_a_sick_holder_stays_where_nobody_is_better_off(seen: Observation) -> None:
    assert decide(seen).act is Act.WAIT
    assert decide(seen).reason.startswith("holds the duty and signs")


def test_who_is_better_placed_is_told_by_its_weaknesses_and_by_blocks() -> None:
    assert outdone(FULL_EU, view())
    assert not outdone(FULL_EU, view(replace(US, settled=False)))
    assert not outdone(EU, view(replace(US, weak=("KMD: disk",))))
    behind = replace(EU, still=(("CCL", 100),))
    assert outdone(behind, view(US)), "its chain goes on elsewhere"
    assert not outdone(behind, view(replace(US, still=(("CCL", 100),)))), "the chain stands still everywhere"
    assert outdone(behind, view(replace(US, still=(("CCL", 101),))))


def test_who_could_sign_for_more_is_told_once_it_has_settled() -> None:
    assert outreached(FEWER_EU, view())
    assert not outreached(FEWER_EU, view(replace(US, settled=False)))
    assert not outreached(EU, view())


def test_only_a_free_duty_passes_somebody_over() -> None:
    assert passed_over(EU, FREE)
    assert not passed_over(EU, view(holder="asia"))
    assert not passed_over(EU, view(US, holder=None))


SITUATIONS = [seen for seen, *_ in CLAIM_OVER + HOLDING + LETTING_GO + STANDING_BY]
ANY = st.builds(
    replace,
    st.sampled_from(SITUATIONS),
    now=st.floats(NOW, NOW + 10),
    signer=st.sampled_from(Signer),
    pending=st.integers(0, 2),
    forfeited=st.integers(0, 2),
    hung=st.booleans(),
    lost=st.booleans(),
    activated=st.booleans(),
    stopping=st.booleans(),
    draining_since=st.none() | st.floats(NOW - 10, NOW),
)


@given(ANY)
def test_whatever_is_seen_the_signer_signs_under_a_lease_only(seen: Observation) -> None:
    act = decide(seen).act
    held = seen.claim is not None and not seen.lost and seen.lease is not None and seen.lease.held(seen.now)
    if seen.signer is ACTIVE and not held:
        assert act is Act.KILL
    if act is Act.ACTIVATE:
        assert held
        assert seen.signer is IDLE


@given(ANY)
def test_whatever_is_seen_the_word_is_given_when_nothing_is_left_to_happen(seen: Observation) -> None:
    act = decide(seen).act
    if act is Act.RELEASE_CLEAN:
        assert (seen.signer, seen.pending, seen.forfeited, seen.lost) == (DOWN, 0, 0, False)
    if act in (Act.RELEASE_CLEAN, Act.RELEASE_UNCLEAN):
        assert seen.claim is not None
        assert seen.signer is DOWN
