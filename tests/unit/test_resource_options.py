"""What the engine is told of each resource beside its inputs: order, protection, hooks. Mocks don't show it."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pulumi
import pytest

from components.ensemble import LEADER_VARIABLE
from components.fleet import Fleet, FleetArgs
from config.plan import FleetPlan
from tests.recording import ROOT, record
from tests.unit.stacks import plan_of, planned, values_of


def options_of(
    kind: str, monkeypatch: pytest.MonkeyPatch, leader: int | None = None, plan: FleetPlan | None = None
) -> dict[str, pulumi.ResourceOptions]:
    """The engine's options of each object of a kind in the local stack: mocks don't show them."""
    seen: dict[str, pulumi.ResourceOptions] = {}
    plain = pulumi.CustomResource.__init__

    def watch(self: pulumi.CustomResource, token: str, name: str, *args: object, **more: object) -> None:
        if token.endswith(f":{kind}"):
            seen[name] = next(item for item in (*args, *more.values()) if isinstance(item, pulumi.ResourceOptions))
        plain(self, token, name, *args, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(pulumi.CustomResource, "__init__", watch)
    monkeypatch.setenv(LEADER_VARIABLE, str(leader or ""))
    args = FleetArgs(plan=plan or plan_of("local"), secret=lambda key: pulumi.Output.secret(key), root=ROOT)
    record(lambda: (Fleet("local", args), None)[1], "test", {})
    return seen


def test_what_carries_data_is_protected_and_its_claims_never_replace_it(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, options in options_of("StatefulSet", monkeypatch).items():
        keeps_data = "signer" not in name
        assert bool(options.protect) == keeps_data, name
        assert options.ignore_changes == (["spec.volumeClaimTemplates"] if keeps_data else None)
        assert options.delete_before_replace is None


def test_a_namespace_is_protected_and_everything_in_it_comes_after_it(monkeypatch: pytest.MonkeyPatch) -> None:
    assert all(options.protect for options in options_of("Namespace", monkeypatch).values())
    with monkeypatch.context() as patch:
        for options in options_of("Service", patch).values():
            assert [type(item).__name__ for item in options.depends_on or []] == ["Namespace"]


def waits(options: pulumi.ResourceOptions) -> Counter[str]:
    """The kinds of what a resource waits for."""
    return Counter(type(item).__name__ for item in options.depends_on or [])  # type: ignore[union-attr]


def test_a_set_waits_for_its_configuration_and_not_for_its_service(monkeypatch: pytest.MonkeyPatch) -> None:
    sets = options_of("StatefulSet", monkeypatch)
    for name, options in sets.items():
        assert set(waits(options)) - {"StatefulSet"} == {"Namespace", "ConfigMap"} or "zookeeper" in name
    for options in (options for name, options in sets.items() if "zookeeper" in name):
        assert (
            {"Namespace", "ConfigMap", "Secret"}
            <= set(waits(options))
            <= {*("Namespace", "ConfigMap", "Secret", "StatefulSet")}
        )


def test_servers_are_updated_one_by_one_and_the_keeper_comes_last(monkeypatch: pytest.MonkeyPatch) -> None:
    sets = options_of("StatefulSet", monkeypatch)
    behind = {name: waits(options)["StatefulSet"] for name, options in sets.items() if "zookeeper" in name}
    # The tiebreaker first: the highest id, which leads a fresh ensemble, is the last.
    assert behind == {"na-east-zookeeper-1": 0, "eu-central-zookeeper-2": 1, "eu-west-zookeeper-3": 2}
    with monkeypatch.context() as patch:
        (keeper,) = options_of("Job", patch).values()
    assert waits(keeper)["StatefulSet"] == 3


def test_who_leads_is_updated_last(monkeypatch: pytest.MonkeyPatch) -> None:
    sets = options_of("StatefulSet", monkeypatch, leader=2)
    behind = {name: waits(options)["StatefulSet"] for name, options in sets.items() if "zookeeper" in name}
    assert max(behind, key=lambda name: behind[name]) == "eu-central-zookeeper-2"


def test_no_server_waits_for_an_address(monkeypatch: pytest.MonkeyPatch) -> None:
    """The official plugin waits for an address until a pod serves behind it."""
    for kind in ("StatefulSet", "Job"):
        with monkeypatch.context() as patch:
            assert not any(waits(options)["Service"] for options in options_of(kind, patch).values())


def behind(sets: dict[str, pulumi.ResourceOptions], name: str) -> set[str]:
    """The sets that are up before this one changes."""
    depends: Any = sets[name].depends_on or []
    direct = {item._name for item in depends if type(item).__name__ == "StatefulSet"}
    return direct.union(*(behind(sets, other) for other in direct))


def test_the_candidates_of_a_duty_change_one_after_another_and_the_best_one_last(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sets = options_of("StatefulSet", monkeypatch)
    ours = {name for name in sets if "-alice-eu-main-" in name}
    standby = {name for name in ours if name.startswith("eu-central-")}
    best = ours - standby
    assert len(standby) == len(best) > 5
    for name in best:
        assert standby <= behind(sets, name) <= ours
    signer = "eu-central-alice-eu-main-signer"
    assert behind(sets, signer) == standby - {signer}


def test_an_update_waits_as_long_as_a_pod_may_take(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, options in options_of("StatefulSet", monkeypatch).items():
        allowed: Any = options.custom_timeouts
        seconds = int(allowed.update.removesuffix("s"))
        assert allowed.create == allowed.update
        # A daemon may read its index for an hour, a server a snapshot for half of one.
        assert seconds > (3600 if "signer" not in name and "zookeeper" not in name else 600), name


def test_the_canary_changes_before_all_other_daemons_at_the_first_standby_that_has_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    values = values_of("mainnet")
    values["canary"] = "MCL"  # of one duty's and of a master's
    sets = options_of("StatefulSet", monkeypatch, plan=planned(values))
    daemons = {name for name in sets if "zookeeper" not in name}
    (canary,) = [name for name in daemons if not behind(sets, name)]
    assert canary.endswith("-mcl")
    assert len(daemons) > 20
    assert all(canary in behind(sets, name) for name in daemons - {canary})


def test_without_a_canary_nobody_waits_for_another_notarys_daemons(monkeypatch: pytest.MonkeyPatch) -> None:
    sets = options_of("StatefulSet", monkeypatch)
    first = [name for name in sets if "zookeeper" not in name and not behind(sets, name)]
    assert len(first) > 10


def test_a_volume_is_kept_before_its_set_changes_where_the_region_can(monkeypatch: pytest.MonkeyPatch) -> None:
    values = values_of("local")
    values["regions"]["eu-west"]["snapshotClass"] = "ceph"
    for name, options in options_of("StatefulSet", monkeypatch, plan=planned(values)).items():
        hooks = [hook.name for hook in (options.hooks and options.hooks.before_update) or []]  # type: ignore[union-attr]
        claims = "signer" not in name
        assert hooks == (["snapshot-eu-west"] if claims and name.startswith("eu-west-") else []), name
