"""The whole program of a stack on AWS under mocks: what is closed, kept, granted and named, and nothing too much."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from config.aws.names import protected
from fleet.project import program_of
from tests.recording import ROOT, Created, configured, record
from tests.unit.aws import HOMES, PORTS, STACK, WHERE, of, on_aws, region_of, whole
from tests.unit.stacks import plan_of


def test_one_provider_serves_all_regions_and_refuses_other_accounts() -> None:
    (provider,) = [item for item in whole()[0] if item.type == "pulumi:providers:aws"]
    assert json.loads(provider.inputs["allowedAccountIds"]) == ["111122223333"]
    assert provider.inputs["region"] == "us-east-1"


def test_clusters_are_closed_encrypted_logged_and_not_to_be_deleted() -> None:
    clusters = of(on_aws(), "Cluster")
    assert len(clusters) == 3
    for item in clusters:
        given, region = item.inputs, region_of(item)
        assert given["deletionProtection"] is True
        assert given["upgradePolicy"] == {"supportType": "STANDARD"}
        assert given["accessConfig"] == {"authenticationMode": "API", "bootstrapClusterCreatorAdminPermissions": False}
        assert given["encryptionConfig"]["resources"] == ["secrets"]
        assert given["encryptionConfig"]["provider"]["keyArn"].endswith(f"{region}-key")
        assert given["vpcConfig"]["endpointPrivateAccess"] is True
        assert given["vpcConfig"]["publicAccessCidrs"] == ["203.0.113.0/24"]
        assert len(given["enabledClusterLogTypes"]) == 5
        assert given["bootstrapSelfManagedAddons"] is False
    assert all(item.inputs["retentionInDays"] == 365 for item in of(on_aws(), "LogGroup"))


def policies(created: list[Created]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every statement of every policy, with whose it is."""
    for item in created:
        for key in ("policy", "assumeRolePolicy"):
            text = item.inputs.get(key)
            if isinstance(text, str) and text.startswith("{"):
                for statement in json.loads(text)["Statement"]:
                    yield f"{item.type} {item.name}", statement


def wildcards(statement: dict[str, Any], key: bool) -> list[str]:
    """Wildcard actions, and any action on every resource. A key's own policy calls the key `*`."""
    actions = statement["Action"]
    found = [action for action in actions if "*" in action]
    return found + ([*actions] if statement.get("Resource") == "*" and not key else [])


def test_no_policy_has_a_wildcard_action_or_one_on_everything() -> None:
    found = [*policies(on_aws())]
    assert len(found) >= 3 * (2 + 5 + 4)
    assert [(name, wildcards(one, ":Key " in name)) for name, one in found if wildcards(one, ":Key " in name)] == []
    assert wildcards({"Action": ["ec2:*"], "Resource": "arn:aws:ec2:::x"}, key=False)
    assert wildcards({"Action": ["ec2:RunInstances"], "Resource": "*"}, key=False)


def test_what_bears_data_is_protected_and_what_holds_keys_outlives_its_removal() -> None:
    options = {key: value for key, value in whole()[1].items() if key.startswith("aws:")}
    guarded = {key.split(" ")[1] for key, value in options.items() if value.protect}
    assert guarded == set(protected(plan_of(STACK)))
    kept = {key.split("/")[0] for key, value in options.items() if value.retain_on_delete}
    assert kept == {"aws:kms", "aws:ecr"}
    for item in whole()[0]:
        if item.type == "kubernetes:storage.k8s.io/v1:StorageClass":
            assert (item.inputs["reclaimPolicy"], item.inputs["parameters"]["encrypted"]) == ("Retain", "true")


def test_nothing_but_the_fleet_stands_on_the_nodes_that_are_its_own() -> None:
    for item in of(on_aws(), "NodeGroup"):
        (label,) = item.inputs["labels"].items()
        taints = [(taint["key"], taint["value"], taint["effect"]) for taint in item.inputs.get("taints") or ()]
        assert taints == ([] if label[1] == "rest" else [(*label, "NO_SCHEDULE")])


def test_images_are_immutable_in_every_region_and_copied_from_home() -> None:
    found = of(on_aws(), "Repository")
    assert {item.inputs["imageTagMutability"] for item in found} == {"IMMUTABLE"}
    names = {region: {item.inputs["name"] for item in found if region_of(item) == region} for region in WHERE}
    assert "notary/komodod" in names["eu-west"]
    assert names["eu-west"] == names["eu-central"] == names["na-east"]
    (copied,) = of(on_aws(), "ReplicationConfiguration")
    (rule,) = copied.inputs["replicationConfiguration"]["rules"]
    assert copied.inputs["region"] == "eu-west-1"
    assert {item["region"] for item in rule["destinations"]} == {"eu-central-1", "us-east-1"}
    assert {item["filter"] for item in rule["repositoryFilters"]} == names["eu-west"]


def test_each_server_has_a_load_balancer_and_a_name_in_every_network() -> None:
    hosts = {server.host for server in plan_of(STACK).servers}
    zones = of(on_aws(), "Zone")
    assert {item.inputs["name"] for item in zones} == hosts
    assert all({vpc["vpcRegion"] for vpc in item.inputs["vpcs"]} == set(WHERE.values()) for item in zones)
    assert all(item.inputs["internal"] is True for item in of(on_aws(), "LoadBalancer"))
    assert len(of(on_aws(), "LoadBalancer")) == len(hosts)
    listening = {
        (item.inputs["loadBalancerArn"].rpartition(":")[2], item.inputs["port"]) for item in of(on_aws(), "Listener")
    }
    assert listening == {
        (f"{home}-zookeeper-{number}", port)
        for number, home in HOMES.items()
        for port in range(PORTS[number][0], PORTS[number][1] + 1)
    }
    for item in of(on_aws(), "TargetGroup"):
        assert item.inputs["preserveClientIp"] == "false"
        assert len(item.inputs["name"]) <= 32
    assert len({item.inputs["name"] for item in of(on_aws(), "TargetGroup")}) == 15


def test_a_kubeconfig_is_made_from_the_clusters_outputs_and_the_identifier_is_fixed() -> None:
    providers = [item for item in whole()[0] if item.type == "pulumi:providers:kubernetes"]
    assert {item.name: item.inputs["clusterIdentifier"] for item in providers} == {name: name for name in WHERE}
    assert {item.inputs["kubeconfig"] for item in providers} == {"<secret>"}


def imported(stack: str) -> bool:
    """Whether a program of its own process, under mocks, imports the SDK of AWS for a stack."""
    script = (
        "import sys; from tests.recording import *; from fleet.project import program_of; "
        f"record(program_of(ROOT), {stack!r}, configured({stack!r})); print('pulumi_aws' in sys.modules)"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    return done.stdout.strip().splitlines()[-1] == "True"


@pytest.mark.parametrize(("stack", "expected"), [("testnet", False), ("mainnet-eks", True)])
def test_a_stack_without_aws_never_imports_its_sdk(stack: str, expected: bool) -> None:
    assert imported(stack) is expected


def test_keys_from_secrets_manager_are_read_by_one_role_and_never_written() -> None:
    config = configured(STACK)
    config["notary:aws"] = json.dumps({**json.loads(config["notary:aws"]), "keys": "secrets-manager"})
    found = record(program_of(ROOT), STACK, config).created
    secrets = of(found, "Secret")
    vault = [item for item in secrets if item.type.startswith("aws:")]
    assert {item.inputs["name"] for item in vault} == {
        f"notary/mainnet-eks/{name}" for name in ("alice-eu-3p", "alice-eu-main", "checkpoint-master", "fleet-rpc")
    }
    assert not of(found, "SecretVersion")
    (reads,) = [item for item in found if item.name == "eu-west-vault-read"]
    granted = json.loads(reads.inputs["policy"])["Statement"]
    assert len(granted[0]["Resource"]) == 4
    assert not any(wildcards(statement, key=False) for statement in granted)
    targets = {item.inputs["spec"]["target"]["name"] for item in found if item.type.endswith(":ExternalSecret")}
    assert targets == {"alice-eu-3p", "alice-eu-main", "checkpoint-master", "fleet-rpc"}
