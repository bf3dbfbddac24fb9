"""What is written into znodes is read again; what can't be read has one meaning each."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as some

from failover.model import Candidacy, Orders
from failover.selector import paths, znodes
from failover.selector.base import SelectorError

NAMES = some.text(max_size=20)
GARBAGE = [b"", b"{", b"\xff\xfe", b"null", b"[]", b"7", b'{"candidate": 7}', b"[" * 100_000, b'{"clean": "yes"}']


@given(candidate=NAMES, clean=some.booleans())
def test_a_term_is_read_as_it_was_written(candidate: str, clean: bool) -> None:
    term = znodes.Term(candidate=candidate, clean=clean)
    assert znodes.read_term(znodes.to_bytes(term)) == term


@given(
    some.builds(
        Candidacy,
        candidate=NAMES,
        priority=some.integers(),
        standby=NAMES,
        healthy=some.booleans(),
        settled=some.booleans(),
        reason=NAMES,
        signs=some.none() | some.lists(NAMES).map(tuple),
        weak=some.lists(NAMES).map(tuple),
        still=some.lists(some.tuples(NAMES, some.integers())).map(tuple),
        penalised=some.booleans(),
    )
)
def test_a_candidacy_is_read_as_it_was_written(candidacy: Candidacy) -> None:
    assert znodes.read_candidacy(znodes.to_bytes(candidacy)) == candidacy


@given(
    some.builds(
        Orders,
        drained=some.lists(NAMES).map(tuple),
        pinned=some.none() | NAMES,
        handover_to=some.none() | NAMES,
    )
)
def test_orders_are_read_as_they_were_written(orders: Orders) -> None:
    assert znodes.read_orders(znodes.to_bytes(orders)) == orders


@given(candidate=NAMES, stands=some.booleans())
def test_a_doubt_is_read_as_it_was_written(candidate: str, stands: bool) -> None:
    assert znodes.read_doubt(znodes.to_bytes(znodes.Doubt(candidate=candidate, stands=stands))) is stands


@pytest.mark.parametrize("data", GARBAGE)
def test_an_unreadable_doubt_stands(data: bytes) -> None:
    assert znodes.read_doubt(data)


@given(duty=NAMES, epoch=some.integers(), ttl_ms=some.integers())
def test_a_lock_is_read_as_it_was_written(duty: str, epoch: int, ttl_ms: int) -> None:
    lock = znodes.Lock(duty=duty, epoch=epoch, ttl_ms=ttl_ms)
    assert znodes.read_lock(znodes.to_bytes(lock)) == lock


def test_a_holder_is_read_as_it_was_written() -> None:
    assert znodes.read_holder(znodes.holder_to_bytes("eu-west")) == "eu-west"


@pytest.mark.parametrize("data", GARBAGE)
def test_an_unreadable_term_counts_as_an_unclean_end(data: bytes) -> None:
    assert znodes.read_term(data) == znodes.Term(candidate="", clean=False)


@pytest.mark.parametrize("data", GARBAGE)
def test_an_unreadable_holder_still_holds_without_a_name(data: bytes) -> None:
    assert znodes.read_holder(data) == ""


@pytest.mark.parametrize("data", GARBAGE)
def test_an_unreadable_candidacy_or_lock_is_none(data: bytes) -> None:
    assert znodes.read_candidacy(data) is None
    assert znodes.read_lock(data) is None


@pytest.mark.parametrize("data", [*GARBAGE, b'{"drained": "eu"}', b'{"pinned": 1}', b'{"paused": true}'])
def test_orders_that_are_not_understood_are_refused(data: bytes) -> None:
    with pytest.raises(SelectorError, match="give them again"):
        znodes.read_orders(data)


OLD = {"candidate": "eu", "priority": 1, "standby": "hot", "healthy": True, "settled": True, "reason": "healthy"}


@pytest.mark.parametrize(
    "more", [{}, {"signs": "KMD", "weak": 7, "still": [["CCL"], 7, ["CCL", "1"], ["CCL", True]], "penalised": "no"}]
)
def test_a_candidacy_of_another_release_leaves_open_what_it_does_not_say(more: dict[str, object]) -> None:
    found = znodes.read_candidacy(json.dumps({**OLD, **more}).encode())
    assert found == Candidacy(candidate="eu", priority=1, standby="hot", healthy=True, settled=True, reason="healthy")
    assert found.signs is None


def test_a_key_of_a_later_release_does_no_harm_in_a_candidacy() -> None:
    data = b'{"candidate":"eu","priority":1,"standby":"hot","healthy":true,"settled":true,"reason":"","new":[1]}'
    found = znodes.read_candidacy(data)
    assert found
    assert found.candidate == "eu"


def test_a_truth_is_no_number() -> None:
    data = b'{"candidate":"eu","priority":true,"standby":"hot","healthy":true,"settled":true,"reason":""}'
    assert znodes.read_candidacy(data) is None


def test_paths_are_those_of_the_protocol() -> None:
    duty = "alice.main"
    assert paths.term(duty) == "/duties/alice.main/term"
    assert paths.candidate(duty, "eu-west") == "/duties/alice.main/candidates/eu-west"
    assert paths.parents(paths.candidate(duty, "eu-west")) == (
        "/duties",
        "/duties/alice.main",
        "/duties/alice.main/candidates",
    )
    assert paths.lock("KMD/abc:0") == "/locks/KMD_abc:0"
