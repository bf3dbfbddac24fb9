"""What a production stack wants of its release: each thing that is missing is told, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from config.mistakes import ConfigError
from config.plan import plan_fleet
from config.release import Release
from fleet.releases.evidence import shortfalls
from fleet.releases.selecting import require_production
from tests.unit.releases import NOW, evidence_of, fit_release, loaded_with
from tests.unit.stacks import plan_of

FIT = fit_release(plan_of("mainnet"))
SOURCE = plan_of("mainnet").loaded.stack.release


def wanting(release: Release) -> list[tuple[str, str]]:
    loaded = loaded_with("mainnet", release)
    told = shortfalls(loaded, plan_fleet(loaded), NOW)
    return [(item.path.removeprefix(SOURCE).strip(), item.found) for item in told]


def with_evidence(**changes: Any) -> Release:
    return FIT.model_copy(update={"evidence": (evidence_of(FIT, **changes),)})


def with_komodod(**changes: Any) -> Release:
    changed = FIT.daemons["komodod"].model_copy(update=changes)
    made = FIT.model_copy(update={"daemons": {**FIT.daemons, "komodod": changed}})
    return made.model_copy(update={"evidence": (evidence_of(made),)})


def test_a_release_that_a_test_stack_ran_for_a_day_is_fit() -> None:
    assert wanting(FIT) == []


TAGGED = FIT.daemons["komodod"].image.replace("@", ":v0.9.2@")
UNFIT: dict[str, tuple[Callable[[], Release], str]] = {
    "a draft": (lambda: FIT.model_copy(update={"status": "draft"}), "status"),
    "no date": (lambda: FIT.model_copy(update={"date": None}), "date"),
    "no source": (lambda: with_komodod(source=None), "daemons.komodod.source"),
    "a tag": (lambda: with_komodod(image=TAGGED), "daemons.komodod.image"),
    "no evidence": (lambda: FIT.model_copy(update={"evidence": ()}), "evidence"),
    "a sandbox": (lambda: with_evidence(stage="sandbox"), "evidence.0"),
    "another release": (lambda: with_evidence(release=f"sha256:{'0' * 64}"), "evidence.0"),
    "too short": (lambda: with_evidence(since="2026-01-08T09:00:01Z"), "evidence.0"),
    "not over": (lambda: with_evidence(until="2026-01-10T12:00:01Z"), "evidence.0"),
    "nothing notarised": (lambda: with_evidence(notarised={"DOC": 0}), "evidence.0"),
    "a build that nobody ran": (
        lambda: with_evidence(builds=tuple(path for path in FIT.builds if path != "daemons.litecoind")),
        "evidence",
    ),
}


@pytest.mark.parametrize("case", UNFIT)
def test_each_thing_that_is_missing_is_one_line(case: str) -> None:
    make, path = UNFIT[case]
    assert [where for where, _ in wanting(make())] == [path]


def test_a_day_to_the_second_is_enough() -> None:
    assert wanting(with_evidence(since="2026-01-08T09:00:00Z")) == []


def test_what_no_test_stack_can_run_has_its_reason_in_the_release() -> None:
    builds = tuple(path for path in FIT.builds if path != "daemons.litecoind")
    release = with_evidence(builds=builds)
    reason = {"daemons.litecoind": "no test chain notarises to LTC"}
    assert wanting(release.model_copy(update={"untested": reason})) == []


def test_evidence_of_two_stacks_counts_together_and_a_weak_one_is_told() -> None:
    halves = (tuple(FIT.builds)[:4], tuple(FIT.builds)[4:])
    both = tuple(evidence_of(FIT, builds=half) for half in halves)
    assert wanting(FIT.model_copy(update={"evidence": both})) == []
    weak = evidence_of(FIT, builds=halves[1], stage="sandbox")
    told = wanting(FIT.model_copy(update={"evidence": (both[0], weak)}))
    assert [path for path, _ in told] == ["evidence.1", *["evidence"] * len(halves[1])]


class Nobody:
    """A registry that has nothing."""

    def problem(self, image: str) -> str | None:
        return f"no {image.rpartition('/')[2][:7]}"


class Everybody:
    """A registry that has everything."""

    def problem(self, image: str) -> str | None:
        assert "@sha256:" in image
        return None


def test_a_digest_that_a_registry_lacks_is_refused_with_the_regions_that_need_it() -> None:
    loaded = loaded_with("mainnet", FIT)
    plan = plan_fleet(loaded)
    require_production(loaded, plan, Everybody())
    with pytest.raises(ConfigError) as caught:
        require_production(loaded, plan, Nobody())
    told = {item.path.removeprefix(SOURCE).strip(): item.found for item in caught.value.mistakes}
    assert set(told) == {f"{path}.image" for path in FIT.builds}
    assert told["daemons.komodod.image"].endswith("needed in eu-central, eu-west")
    assert told["zookeeper.image"].endswith("needed in eu-central, eu-west, na-east")


def test_a_test_stack_takes_a_release_without_evidence() -> None:
    loaded = plan_of("testnet").loaded
    release = FIT.model_copy(update={"evidence": ()})
    changed = replace(loaded, release=release)
    require_production(changed, plan_fleet(changed), Nobody())
