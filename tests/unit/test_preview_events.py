"""From the state and a preview's events to changes: as the engine writes both."""

from __future__ import annotations

from typing import Any

from pulumi.automation import EngineEvent

from fleet.impact.change import Change, Planned, changes_of
from fleet.policies import Verdicts, facts, sentence
from tests.unit.stacks import plan_of

URN = "urn:pulumi:test::notary::notary:chain:ChainDaemon$kubernetes:apps/v1:StatefulSet::eu-west-kmd"
PROVIDER = "urn:pulumi:test::notary::notary:fleet:Fleet$notary:region:Region$pulumi:providers:kubernetes::eu-west::1234"
SET = {"kind": "StatefulSet", "metadata": {"name": "kmd"}, "spec": {"replicas": 1}}


def step(
    operation: str, new: dict[str, Any] | None, urn: str = URN, kind: str = "kubernetes:apps/v1:StatefulSet"
) -> Any:
    state = {"type": kind, "urn": urn, "id": "", "parent": "", "provider": PROVIDER, "inputs": new or {}, "outputs": {}}
    metadata = {"op": operation, "urn": urn, "type": kind, "provider": PROVIDER, "new": state if new else None}
    event = {"sequence": 1, "timestamp": 1, "resourcePreEvent": {"metadata": metadata, "planning": True}}
    return EngineEvent.from_json(event)


def state(**more: Any) -> dict[str, Any]:
    item = {"urn": URN, "type": "kubernetes:apps/v1:StatefulSet", "provider": PROVIDER, "inputs": SET}
    return {"resources": [{**item, **more}, {"urn": "urn:pulumi:test::notary::x::y", "type": "notary:x"}]}


def judged(deployment: dict[str, Any], *events: Any) -> Change:
    planned = Planned()
    for event in events:
        planned(event)
    (change,) = changes_of(deployment, planned, {"eu-west-kmd"})
    return change


def test_what_runs_comes_from_the_state_and_what_would_from_the_preview() -> None:
    change = judged(state(), step("update", {**SET, "spec": {"replicas": 0}}))
    assert (change.region, change.name, change.operation) == ("eu-west", "eu-west-kmd", "update")
    assert change.before == SET
    assert change.differs("spec", "replicas")


def test_without_a_state_everything_is_new() -> None:
    change = judged({}, step("create", SET))
    assert (change.before, change.after, change.operation) == (None, SET, "create")


def test_a_replacement_stays_one_when_its_parts_follow() -> None:
    parts = ("replace", "create-replacement", "delete-replaced", "delete")
    assert judged(state(), *(step(part, SET) for part in parts)).operation == "replace"


def test_a_deleted_object_is_told_by_what_it_was() -> None:
    change = judged(state(), step("delete", None))
    assert (change.after, change.manifest) == (None, SET)


def test_what_a_preview_that_ended_early_did_not_reach_counts_as_it_is() -> None:
    change = judged(state())
    assert (change.operation, change.after) == ("same", SET)


def test_what_it_did_not_reach_and_nobody_plans_goes() -> None:
    (change,) = changes_of(state(), Planned(), {"eu-central-kmd"})
    assert (change.operation, change.before, change.after) == ("delete", SET, None)


def test_components_providers_and_what_is_being_deleted_are_left_out() -> None:
    planned = Planned()
    planned(step("create", SET, URN + "2", "notary:chain:ChainDaemon"))
    planned(EngineEvent.from_json({"sequence": 2, "timestamp": 1}))
    assert changes_of(state(delete=True), planned, ()) == ()


def violation(level: str, message: str) -> Any:
    found = {"message": message, "color": "raw", "policyName": "quorum", "enforcementLevel": level}
    return EngineEvent.from_json({"sequence": 1, "timestamp": 1, "policyEvent": found})


def test_verdicts_tell_refusals_from_advice_once_each() -> None:
    verdicts = Verdicts()
    for level, message in (("mandatory", "No"), ("mandatory", "No"), ("advisory", "Rather not")):
        verdicts(violation(level, message))
    assert (verdicts.refused, verdicts.advised) == (["No"], ["Rather not"])


def test_a_violation_is_told_in_its_own_words() -> None:
    assert sentence("<{%fg 13%}>The ensemble keeps its majority\nthe ensemble would lose<{%reset%}>\n") == (
        "the ensemble would lose"
    )


def test_the_rules_get_what_runs_without_any_secret() -> None:
    kubeconfig = {"kubeconfig": "top secret", "clusterIdentifier": "eu-west"}
    provider = {"urn": PROVIDER[:-6], "type": "pulumi:providers:kubernetes", "inputs": kubeconfig}
    secret = {"urn": "x::s", "type": "kubernetes:core/v1:Secret", "inputs": {"stringData": {"a": "top secret"}}}
    found = facts(plan_of("mainnet").loaded.release, {"resources": [*state()["resources"], provider, secret]}, ["gone"])
    assert "top secret" not in str(found)
    assert [item["type"].rpartition(":")[2] for item in found["before"]] == ["StatefulSet", "kubernetes"]
    assert found["before"][0]["provider"] == "eu-west"
    assert found["before"][1]["inputs"] == {"clusterIdentifier": "eu-west"}
    assert found["released"] == ["gone"]
    assert all("@sha256:" in image for image in found["images"])
    assert len(found["images"]) > 5
