"""Names of objects: short enough, valid, and as different as the keys that they come from."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from config.names import SET_NAME_LIMIT, content_name, object_name

NOTARY = st.from_regex(r"[a-z]([a-z0-9-]{0,28}[a-z0-9])?", fullmatch=True)
SHARD = st.from_regex(r"[a-z0-9]{1,12}", fullmatch=True)
CHAIN = st.from_regex(r"[A-Z0-9]{1,32}", fullmatch=True)
KEYS = st.tuples(NOTARY, SHARD, CHAIN)
DNS_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?")


@given(KEYS)
def test_a_name_is_a_dns_label_with_room_for_a_revision(keys: tuple[str, str, str]) -> None:
    name = object_name(*keys)
    assert len(name) <= SET_NAME_LIMIT
    assert DNS_LABEL.fullmatch(name)
    assert len(content_name(name, "x")) <= 63


@given(KEYS, KEYS)
def test_chains_without_an_underscore_never_share_a_name(
    one: tuple[str, str, str], other: tuple[str, str, str]
) -> None:
    assert (object_name(*one) == object_name(*other)) == (one == other)


@given(st.text(max_size=50), st.text(max_size=50))
def test_a_content_name_changes_with_the_content_alone(one: str, other: str) -> None:
    assert (content_name("a", one) == content_name("a", other)) == (one == other)


def test_a_long_name_is_cut_and_stays_the_same_for_ever() -> None:
    name = object_name("a-notary-with-a-name-of-thirty", "main", "CHAINWITHALONGNAMEOFTHIRTYTWOCHA")
    assert name == "a-notary-with-a-name-of-thirty-main-chainwi-" + name[-8:]
    assert name == "a-notary-with-a-name-of-thirty-main-chainwi-4395c1ea"
