"""The release before the one that runs, from the engine's history; and what that history shows as evidence."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pulumi import automation as auto

from fleet.errors import FleetError
from fleet.releases import history
from fleet.releases.evidence import gathered, ungatherable
from fleet.releases.history import Update
from tests.unit.releases import NOW
from tests.unit.stacks import plan_of

DIGEST = f"sha256:{'a' * 64}"


def ran(*sources: str) -> list[Update]:
    """Updates of these releases in turn; one that failed begins with an exclamation mark."""
    return [
        Update(
            number=place + 1,
            source=source.removeprefix("!"),
            digest=DIGEST,
            succeeded=not source.startswith("!"),
            ended=NOW - timedelta(hours=len(sources) - place),
        )
        for place, source in enumerate(sources)
    ]


def source_before(*sources: str) -> str | None:
    found = history.before(ran(*sources))
    return found.source if found else None


@pytest.mark.parametrize(
    ("sources", "before"),
    [
        ("", None),
        ("A", None),
        ("AA", None),
        ("AB", "A"),
        ("ABB", "A"),
        ("ABC", "B"),
        ("ABA", None),  # gone back: B does not return
        ("ABCB", "A"),
        ("ABAB", "A"),
        ("ABAC", "A"),
    ],
)
def test_the_release_before_is_what_ran_before_and_was_not_gone_back_from(sources: str, before: str | None) -> None:
    assert source_before(*sources) == before


def test_a_release_that_never_came_up_whole_is_passed_over() -> None:
    assert source_before("A", "!B") == "A"
    assert source_before("A", "!B", "C") == "A"
    assert source_before("!A", "B") is None
    assert source_before("A", "!A", "B") == "A"


@given(st.lists(st.sampled_from("ABCD"), min_size=1, max_size=12))
def test_going_back_again_and_again_ends_and_never_visits_a_release_twice(sources: list[str]) -> None:
    seen = [sources[-1]]
    while (earlier := source_before(*sources)) is not None:
        assert earlier not in seen
        seen.append(earlier)
        sources = [*sources, earlier]


def summary(kind: str, message: str = "", result: str = "succeeded", **more: Any) -> auto.UpdateSummary:
    config = {"notary:release": {"value": "releases/A.yaml", "secret": False}}
    start = datetime(2026, 1, 9)  # without a zone, as the SDK gives it
    return auto.UpdateSummary(kind, start, message, {}, config, result, **more)


def test_only_updates_since_the_last_destruction_count() -> None:
    release = plan_of("testnet").loaded.release
    kept = [summary("update"), summary("destroy"), summary("refresh"), summary("update", history.message(release))]
    (found,) = history.since_destroyed(kept)
    assert (found.number, found.source, found.digest) == (4, "releases/A.yaml", release.digest)
    half = [summary("update"), summary("destroy", result="failed"), summary("update", "by hand")]
    assert [item.digest for item in history.since_destroyed(half)] == ["", ""]
    assert history.since_destroyed([summary("update", version=7)])[0].number == 7


def test_a_stack_without_updates_is_told() -> None:
    with pytest.raises(FleetError, match="ran no release yet"):
        history.latest([], "testnet")


def updates_of_testnet(*succeeded: bool) -> list[Update]:
    digest = plan_of("testnet").loaded.release.digest
    items = ran("A", *("B" if good else "!B" for good in succeeded))
    return [Update(**{**vars(item), "digest": digest if item.source == "B" else DIGEST}) for item in items]


def test_evidence_begins_with_the_first_success_of_the_last_run() -> None:
    plan = plan_of("testnet")
    found = updates_of_testnet(False, True, False, True)
    assert list(ungatherable(plan, found, {"DOC": 3})) == []
    builds = plan.loaded.release.builds
    pods = [
        {
            "initContainers": [{"name": "gate", "image": builds["gate"].image}],
            "containers": [{"name": "daemon", "image": builds["daemons.komodod"].image}],
        },
        {"containers": [{"name": "other", "image": "registry.example.net/other"}]},
    ]
    state = {"resources": [{"inputs": {"spec": {"template": {"spec": pod}}}} for pod in pods] + [{"inputs": {}}]}
    made = gathered(plan, found, state, {"DOC": 3}, NOW)
    assert (made.stack, made.stage, made.updates) == ("testnet", "test", (2, 3, 4, 5))
    assert made.since == "2026-01-10T09:00:00Z"
    assert made.until == "2026-01-10T12:00:00Z"
    # What the state holds, whatever the stack's file names by now.
    assert set(made.builds) == {"gate", "keeper", "daemons.komodod"}  # gate and keeper are one image


def test_a_stack_whose_release_failed_or_was_edited_or_is_unknown_gives_no_evidence() -> None:
    plan = plan_of("testnet")
    assert ["failed" in item.found for item in ungatherable(plan, updates_of_testnet(True, False), {})] == [True]
    edited = ungatherable(plan, ran("B"), {"LTC": 3})
    assert [(item.path, item.found) for item in edited] == [
        ("B", plan.loaded.release.digest),
        ("--notarised", "LTC"),
    ]
    (bare,) = [Update(**{**vars(item), "digest": ""}) for item in ran("B")]
    assert ["no known release" in item.found for item in ungatherable(plan, [bare], {})] == [True]
