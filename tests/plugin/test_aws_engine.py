"""Three regions on AWS through an update, a change, its rollback and their end, on the real engine and the stand-in."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from pulumi import automation as auto

from config.aws.names import protected
from tests.plugin.aws_stack import changed, made_in, previewed, resources, unprotect
from tests.recording import ROOT
from tests.unit.stacks import plan_of, values_of

pytestmark = [pytest.mark.sandbox, pytest.mark.long]
STACK = "mainnet-eks"


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> tuple[auto.Stack, dict[str, dict[str, Any]]]:
    """A stack that is up, with its first state."""
    stack = made_in(tmp_path_factory.mktemp("aws"))
    assert set(changed(stack, values_of(STACK))) == {"create"}
    return stack, resources(stack)


Up = tuple[auto.Stack, dict[str, dict[str, Any]]]


def inputs_of(state: dict[str, dict[str, Any]]) -> dict[str, Any]:
    return {key: item["inputs"] for key, item in state.items()}


def test_every_resource_is_made_of_what_is_known_in_its_own_region(up: Up) -> None:
    _, state = up
    assert len(state) > 400
    assert {item["inputs"].get("region") for item in state.values()} == {None, "eu-west-1", "eu-central-1", "us-east-1"}
    rule = state["SecurityGroupIngressRule eu-west-nodes-kubelet"]["inputs"]
    cluster = state["Cluster eu-west-cluster"]
    assert rule["referencedSecurityGroupId"] == cluster["outputs"]["vpcConfig"]["clusterSecurityGroupId"]
    attached = state["Attachment eu-west-zookeeper-2-client-fleet-a"]["inputs"]
    assert attached["autoscalingGroupName"] == f"eks-{state['NodeGroup eu-west-fleet-a']['id']}"


def test_a_second_update_changes_nothing(up: Up) -> None:
    assert previewed(up[0], values_of(STACK)) == {}


def test_a_newer_kubernetes_replaces_nothing_and_going_back_restores_all(up: Up) -> None:
    stack, before = up
    values = values_of(STACK)
    values["aws"]["kubernetes"] = "1.36"
    plan = previewed(stack, values)
    assert {operation for operations in plan.values() for operation in operations} == {"update"}
    assert {key.split(" ")[0] for key in plan} == {"Cluster", "NodeGroup"}
    assert changed(stack, values) == {"update": 15}
    assert resources(stack)["Cluster eu-west-cluster"]["inputs"]["version"] == "1.36"
    assert changed(stack, values_of(STACK)) == {"update": 15}
    assert inputs_of(resources(stack)) == inputs_of(before)


def test_larger_chains_replace_nodes_and_nothing_that_bears_data(up: Up) -> None:
    values = values_of(STACK)
    values["sizes"]["KMD"] = {"storage": "300Gi", "memory": "48Gi", "cpu": "8"}
    plan = previewed(up[0], values)
    replaced = {key for key, operations in plan.items() if "replace" in operations}
    assert replaced
    assert {key.split(" ")[0] for key in replaced} <= {"NodeGroup", "Attachment"}


def test_another_slot_would_replace_a_network_and_is_refused_for_what_stands_in_it(up: Up) -> None:
    values = values_of(STACK)
    values["regions"]["eu-west"]["slot"] = 9
    plan = previewed(up[0], values)
    assert "replace" in plan["Vpc eu-west-vpc"]
    assert not [key for key in plan if key.startswith(("Vpc eu-central", "Vpc na-east", "Subnet eu-central"))]


def test_what_bears_data_goes_only_when_it_may(up: Up) -> None:
    stack, _ = up
    kept = {key.split(" ")[1] for key, item in resources(stack).items() if item.get("protect")}
    assert kept == set(protected(plan_of(STACK)))
    with pytest.raises(auto.CommandError, match="protected"):
        stack.destroy(suppress_progress=True, suppress_outputs=True)
    unprotect(stack)
    stack.destroy(suppress_progress=True, suppress_outputs=True)
    assert resources(stack) == {}


def test_a_preview_of_the_shipped_stack_needs_no_account_and_no_network(tmp_path: Path) -> None:
    for part in ("Pulumi.yaml", "__main__.py", f"Pulumi.{STACK}.yaml"):
        shutil.copy(ROOT / part, tmp_path / part)
    for folder in ("registry", "releases"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    command = [str(Path(sys.executable).parent / "fleet"), "-C", str(tmp_path), "preview", "--stack", STACK, "--json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=500, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    told = json.loads(done.stdout)
    assert told["ok"]
    assert set(told["changes"]) == {"create"}
    kinds = [step["kind"] for step in told["steps"]]
    assert (kinds.count("Vpc"), kinds.count("Cluster"), kinds.count("StatefulSet")) == (3, 6, 63)
