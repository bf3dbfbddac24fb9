"""What an update means to an operator, from one plan to another."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from config.plan import FleetPlan
from fleet.impact.change import Change
from fleet.impact.daemons import daemon_changes
from fleet.impact.data import data_risks
from fleet.impact.duties import DutyChange, duty_changes
from fleet.impact.impact import to_json
from fleet.impact.quorum import quorum_change
from tests.unit.impacts import between, changes, impact, objects
from tests.unit.stacks import planned, values_of

Values = dict[str, Any]


@pytest.fixture
def mainnet() -> Values:
    return values_of("mainnet")


def duties(before: Values, after: Values) -> dict[str, DutyChange]:
    found = duty_changes(changes(planned(before), planned(after)))
    return {item.duty: item for item in found}


def changed(values: Values) -> Values:
    return copy.deepcopy(values)


def test_nothing_changes_where_nothing_changed(mainnet: Values) -> None:
    found = impact(planned(mainnet), planned(mainnet))
    assert (found.daemons, found.duties, found.data) == ((), (), ())
    assert found.quorum.restarting == ()
    assert not found.first
    assert all(cost.before == cost.after for cost in found.costs)


def test_a_first_preview_adds_every_daemon_and_says_that_nothing_runs(mainnet: Values) -> None:
    plan = planned(mainnet)
    found = impact(None, plan)
    assert found.first
    assert {item.kind for item in found.daemons} == {"added"}
    assert len(found.daemons) == sum(len(region.daemons) for region in plan.regions.values())
    assert {item.outcome for item in found.duties} == {"new"}
    assert (found.quorum.before, found.quorum.after) == ((), (1, 2, 3, 4, 5))


def test_a_new_chain_adds_its_daemons_and_restarts_the_signers_alone(mainnet: Values) -> None:
    after = changed(mainnet)
    after["notaries"]["alice-eu"]["duties"]["3p"]["chains"].append("GLEEC")
    found = impact(planned(mainnet), planned(after))
    assert {(item.region, item.chain, item.kind) for item in found.daemons} == {
        ("eu-central", "GLEEC", "added"),
        ("eu-west", "GLEEC", "added"),
    }
    (duty,) = found.duties
    assert (duty.duty, duty.outcome) == ("alice-eu.3p", "hands over")
    assert (duty.from_region, duty.to_region) == ("eu-central", "eu-west")
    assert duty.restarting == ("eu-central", "eu-west")  # one after another
    assert duty.seconds == 2 * 328


def test_a_change_of_the_holders_region_alone_hands_over_there_and_back(mainnet: Values) -> None:
    after = changed(mainnet)
    after["regions"]["eu-west"]["nodeSelector"] = {"notary-fleet.dev/dedicated": "chains"}
    found = duties(mainnet, after)
    main, third = found["alice-eu.main"], found["alice-eu.3p"]
    assert (main.outcome, main.from_region, main.to_region) == ("hands over", "eu-west", "eu-central")
    assert (third.outcome, third.from_region, third.restarting) == ("standby restarts", "eu-central", ("eu-west",))
    # 310 s for the last answers, 5 s to stop, 11 s to start, 2 s of grace; there and back.
    assert main.seconds == 2 * (310 + 5 + 11 + 2)
    assert main.lost is not None
    assert (main.lost["KMD"], main.lost["CCL"]) == (2 * 2 + 1, 2 * 1 + 1)
    assert "LTC" not in main.lost
    assert main.score == pytest.approx(5 * 0.0325 + 11 * 3 * 0.8698 / 11, abs=1e-4)
    assert third.lost is None


def test_a_checkpoint_master_counts_a_checkpoint_for_every_block(mainnet: Values) -> None:
    after = changed(mainnet)
    after["regions"]["eu-west"]["nodeSelector"] = {"notary-fleet.dev/dedicated": "chains"}
    master = duties(mainnet, after)["masters.kmd"]
    assert master.outcome == "hands over"
    assert master.score is None
    assert master.lost == {"KMD": -(-(master.seconds or 0) // 60)}


def test_other_priorities_restart_both_sides_since_each_agent_is_told(mainnet: Values) -> None:
    after = changed(mainnet)
    after["notaries"]["alice-eu"]["duties"]["main"]["candidates"] = {
        "eu-west": {"priority": 2},
        "eu-central": {"priority": 1},
    }
    duty = duties(mainnet, after)["alice-eu.main"]
    # The holder, which is the worse one now, restarts first; then the other; then it goes back there.
    assert (duty.outcome, duty.to_region, duty.seconds) == ("hands over", "eu-central", 3 * 328)


def test_the_only_candidate_that_restarts_leaves_nobody(mainnet: Values) -> None:
    before = changed(mainnet)
    del before["notaries"]["alice-eu"]["duties"]["main"]["candidates"]["eu-central"]
    after = changed(before)
    after["regions"]["eu-west"]["nodeSelector"] = {"notary-fleet.dev/dedicated": "chains"}
    duty = duties(before, after)["alice-eu.main"]
    assert (duty.outcome, duty.lost) == ("nobody signs", None)


def test_a_holder_that_is_no_candidate_any_more_hands_over_for_good(mainnet: Values) -> None:
    after = changed(mainnet)
    del after["notaries"]["alice-eu"]["duties"]["main"]["candidates"]["eu-west"]
    found = impact(planned(mainnet), planned(after))
    (duty,) = found.duties
    assert (duty.outcome, duty.to_region, duty.left) == ("hands over", "eu-central", ("eu-west",))
    assert duty.seconds == 328
    lost = {risk.name for risk in found.data}
    assert "eu-west-alice-eu-main-kmd" in lost
    assert not any(name.startswith("eu-central") for name in lost)


def test_a_duty_that_is_taken_out_is_gone_with_every_round(mainnet: Values) -> None:
    after = changed(mainnet)
    del after["notaries"]["masters"]["duties"]["kmd"]
    assert duties(mainnet, after)["masters.kmd"].outcome == "gone"


def test_a_new_better_candidate_takes_over_once(mainnet: Values) -> None:
    before = changed(mainnet)
    main = before["notaries"]["alice-eu"]["duties"]["main"]
    main["candidates"] = {"eu-central": {"priority": 2}}
    duty = duties(before, mainnet)["alice-eu.main"]
    assert (duty.outcome, duty.from_region, duty.gained) == ("hands over", "eu-central", ("eu-west",))
    assert duty.seconds == 328
    assert duty.restarting == ()


def test_a_restart_says_why(mainnet: Values) -> None:
    before = planned(mainnet)
    old, new = objects(before), objects(before)
    key = ("eu-west", "StatefulSet eu-west-alice-eu-main-kmd")
    daemon = new[key]["spec"]["template"]["spec"]["containers"][0]
    daemon["image"] = f"registry.example.net/notary/komodod@sha256:{'7' * 64}"
    daemon["resources"] = {"requests": {"cpu": "3", "memory": "9Gi"}}
    (item,) = daemon_changes(between(old, new))
    assert item.kind == "restarted"
    assert item.why[0].startswith("daemon: komodod@")
    assert item.why[0].endswith("-> komodod@77777777")
    assert item.why[1] == "daemon: 2 cores, 8Gi -> 3 cores, 9Gi"


def test_a_label_of_the_set_restarts_nothing(mainnet: Values) -> None:
    old, new = objects(planned(mainnet)), objects(planned(mainnet))
    new["eu-west", "StatefulSet eu-west-alice-eu-main-kmd"]["metadata"]["labels"]["team"] = "a"
    found = between(old, new)
    assert [item.kind for item in daemon_changes(found)] == ["changed"]
    assert duty_changes(found) == ()


def test_a_replaced_set_is_data_at_risk_and_a_replaced_config_map_is_not(mainnet: Values) -> None:
    old, new = objects(planned(mainnet)), objects(planned(mainnet))
    new["eu-west", "StatefulSet eu-west-alice-eu-main-kmd"]["spec"]["serviceName"] = "other"
    new["eu-west", "ConfigMap eu-west-alice-eu-main-kmd-config"]["metadata"]["name"] = "other"
    (risk,) = data_risks(between(old, new))
    assert (risk.kind, risk.operation, risk.gib) == ("StatefulSet", "replace", 300.0)
    assert "claims of 300 GiB stay" in risk.sentence


def test_a_region_that_goes_takes_its_namespace_and_so_its_claims(mainnet: Values) -> None:
    old = objects(planned(mainnet))
    new = {key: item for key, item in old.items() if key[0] != "eu-central"}
    meanings = {risk.sentence for risk in data_risks(between(old, new)) if risk.kind == "Namespace"}
    assert meanings == {"everything in it goes, chains and claims included"}


def shrunk(values: Values, *servers: int) -> FleetPlan:
    for region in values["regions"].values():
        region["ensemble"]["servers"] = {
            number: host for number, host in region["ensemble"]["servers"].items() if number not in servers
        }
    return planned(values)


def test_two_voters_of_five_may_go_and_the_quorum_stays(mainnet: Values) -> None:
    found = quorum_change(changes(planned(mainnet), shrunk(changed(mainnet), 3, 5)))
    assert (found.before, found.after) == ((1, 2, 3, 4, 5), (1, 2, 4))
    assert (found.kept, found.needed, found.lost) == (3, 3, False)


def test_voters_that_all_get_other_ids_lose_the_quorum(mainnet: Values) -> None:
    after = changed(mainnet)
    for region, offset in (("eu-west", 10), ("eu-central", 20)):
        servers = after["regions"][region]["ensemble"]["servers"]
        after["regions"][region]["ensemble"]["servers"] = {key + offset: host for key, host in servers.items()}
    found = quorum_change(changes(planned(mainnet), planned(after)))
    assert (found.kept, found.needed, found.lost) == (1, 3, True)


def test_a_servers_set_that_is_emptied_or_replaced_is_not_kept(mainnet: Values) -> None:
    old, new = objects(planned(mainnet)), objects(planned(mainnet))
    new["eu-west", "StatefulSet eu-west-zookeeper-2"]["spec"]["replicas"] = 0
    new["eu-west", "StatefulSet eu-west-zookeeper-3"]["spec"]["serviceName"] = "other"
    found = quorum_change(between(old, new))
    assert (found.kept, found.restarting) == (3, ())


def test_a_restart_keeps_the_majority_of_three_and_pauses_an_ensemble_of_one() -> None:
    for local, pauses in ((3, False), (1, True)):
        old = objects(planned(values_of("local")))
        for item in old.values():
            if "keeper.json" in item.get("data", {}):
                found = json.loads(item["data"]["keeper.json"])
                item["data"]["keeper.json"] = json.dumps({**found, "members": found["members"][:local]})
        new = copy.deepcopy(old)
        pod = new["na-east", "StatefulSet na-east-zookeeper-1"]["spec"]["template"]["spec"]
        pod["terminationGracePeriodSeconds"] = 1
        found = quorum_change(between(old, new))
        assert (found.restarting, found.pauses, found.lost) == ((1,), pauses, False)


def test_json_has_what_follows_beside_what_was_found(mainnet: Values) -> None:
    after = changed(mainnet)
    del after["notaries"]["alice-eu"]["duties"]["main"]["candidates"]["eu-west"]
    found = to_json(impact(planned(mainnet), planned(after)))
    assert found["quorum"]["lost"] is False
    assert found["data"][0]["meaning"]
    assert found["duties"][0]["lost"]["KMD"] == 3


def test_an_object_that_is_gone_is_told_by_what_it_was() -> None:
    before = {"kind": "Namespace", "metadata": {"name": "notary"}}
    change = Change(region="eu-west", name="n", operation="delete", before=before, after=None)
    assert change.manifest is before
    assert not change.differs("metadata")
