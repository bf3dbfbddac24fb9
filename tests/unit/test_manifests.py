"""What holds for every object of every shipped stack."""

from __future__ import annotations

from typing import Any

import pytest

from config import pod_ports
from tests.unit.objects import Manifest, containers_of, objects_of, pod_of, shipped
from tests.unit.stacks import SHIPPED, plan_of, planned, values_of

SETS = shipped("StatefulSet")
PODS = [*SETS, *shipped("Job")]


def role_of(stateful_set: Manifest) -> str:
    return stateful_set["metadata"]["labels"]["notary-fleet.dev/role"]


def values_within(value: Any, key: str) -> list[Any]:
    """Every value of a key, however deep."""
    if isinstance(value, dict):
        return [
            found for name, item in value.items() for found in ([item] if name == key else values_within(item, key))
        ]
    return [found for item in value for found in values_within(item, key)] if isinstance(value, list) else []


def test_no_container_has_a_privilege_or_writes_outside_its_volumes() -> None:
    for container in [container for item in PODS for container in containers_of(item)]:
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }


def test_every_pod_is_restricted_and_has_no_token() -> None:
    for item in PODS:
        pod = pod_of(item)
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert pod["automountServiceAccountToken"] is False
        assert not {"hostNetwork", "hostPID", "hostIPC"} & set(pod)
    for namespace in shipped("Namespace"):
        assert namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"


def test_nobody_waits_for_an_address_whose_pods_may_not_come() -> None:
    """A Service with a cluster address is ready for the plugin once a pod is: headless ones are at once."""
    for service in shipped("Service"):
        headless = service["spec"].get("clusterIP") == "None"
        assert headless or service["metadata"]["annotations"]["pulumi.com/skipAwait"] == "true"


@pytest.mark.parametrize(("platform", "group"), [("openshift", []), ("kubernetes", [10_001])])
def test_openshift_chooses_users_and_groups_itself(platform: str, group: list[int]) -> None:
    values = values_of("local")
    for region in values["regions"].values():
        region["platform"] = platform
    for _, item in objects_of(planned(values), "StatefulSet", "Job"):
        for key in ("fsGroup", "runAsUser", "runAsGroup"):
            assert values_within(item, key) == group


def test_dedicated_nodes_may_keep_others_away_by_a_taint_like_their_label() -> None:
    values = values_of("local")
    for region in values["regions"].values():
        region["nodeSelector"] = {"example.net/pool": "chains"}
    taint = {"key": "example.net/pool", "operator": "Equal", "value": "chains", "effect": "NoSchedule"}
    for _, item in objects_of(planned(values), "StatefulSet", "Job"):
        assert pod_of(item)["nodeSelector"] == {"example.net/pool": "chains"}
        assert pod_of(item)["tolerations"] == [taint]
    assert all(("tolerations" in pod_of(item)) == ("nodeSelector" in pod_of(item)) for item in PODS)


def test_images_are_named_by_digest() -> None:
    images = [container["image"] for item in PODS for container in containers_of(item)]
    assert images
    assert all("@sha256:" in image for image in images)


def test_everything_that_is_mounted_is_there() -> None:
    configs = {item["metadata"]["name"]: item.get("data", {}) for item in shipped("ConfigMap")}
    secrets = {item["metadata"]["name"] for item in shipped("Secret")}
    regions = [region for stack in SHIPPED for region in plan_of(stack).regions.values()]
    operators = {duty.keys.secret_name for region in regions for duty in region.duties}
    for item in PODS:
        volumes = {volume["name"]: volume for volume in pod_of(item)["volumes"]}
        claims = {claim["metadata"]["name"] for claim in item["spec"].get("volumeClaimTemplates", [])}
        mounts = [mount for container in containers_of(item) for mount in container["volumeMounts"]]
        assert {mount["name"] for mount in mounts} == set(volumes) | claims
        for mount in mounts:
            if "configMap" in volumes.get(mount["name"], {}):
                files = configs[volumes[mount["name"]]["configMap"]["name"]]
                assert mount.get("subPath") in (None, *files)
        for name in [volume["secret"]["secretName"] for volume in volumes.values() if "secret" in volume]:
            assert name in secrets | operators, name
        for container in containers_of(item):
            paths = [mount["mountPath"] for mount in container["volumeMounts"]]
            assert len(paths) == len(set(paths))


def test_what_a_config_map_is_called_changes_with_what_it_holds() -> None:
    values = values_of("local")
    before = {item["metadata"]["name"] for _, item in objects_of(planned(values), "ConfigMap")}
    values["ensemble"]["initLimit"] = 31
    after = {item["metadata"]["name"] for _, item in objects_of(planned(values), "ConfigMap")}
    assert len(before - after) == len(after - before) == 1  # the servers' configuration, the same in each region
    # What an empty server of a new ensemble begins with may change under the servers: they no longer read it. Where the
    # servers are may change under their clients: these read it at each connect.
    loose = ("zookeeper-members", "zookeeper-servers")
    fixed = [item for item in shipped("ConfigMap") if item["metadata"]["name"] not in loose]
    assert all(item["immutable"] is True for item in fixed)


def test_every_container_that_serves_is_probed_and_a_daemon_has_time_to_read_its_index() -> None:
    for item in SETS:
        for container in containers_of(item):
            if container.get("ports"):
                assert {"livenessProbe", "readinessProbe"} <= set(container), container["name"]
        if role_of(item) == "chain":
            (daemon,) = pod_of(item)["containers"]
            asked = {name: daemon[f"{name}Probe"]["httpGet"]["path"] for name in ("startup", "liveness", "readiness")}
            # One that reads its index, or rescans, lives and is not ready. Its port is there at once.
            assert asked == {"startup": "/chain/lives", "liveness": "/chain/lives", "readiness": "/chain/answers"}
            assert daemon["startupProbe"]["periodSeconds"] * daemon["startupProbe"]["failureThreshold"] >= 3600


def test_a_daemon_has_time_to_close_its_database() -> None:
    for item in SETS:
        if role_of(item) == "chain":
            litecoin = item["metadata"]["labels"]["notary-fleet.dev/chain"] == "LTC"
            assert pod_of(item)["terminationGracePeriodSeconds"] == (600 if litecoin else 300)


def test_every_container_asks_for_what_it_needs_and_only_memory_is_limited() -> None:
    for container in [container for item in PODS for container in containers_of(item)]:
        assert set(container["resources"]["requests"]) == {"cpu", "memory", "ephemeral-storage"}
        limits, requests = container["resources"]["limits"], container["resources"]["requests"]
        assert limits["memory"] == requests["memory"]
        assert set(limits) == {"memory", "ephemeral-storage"}  # a limited CPU would delay signatures


def test_claims_outlive_their_sets() -> None:
    for item in SETS:
        kept = {"whenDeleted": "Retain", "whenScaled": "Retain"}
        assert item["spec"]["persistentVolumeClaimRetentionPolicy"] == kept
        assert bool(item["spec"].get("volumeClaimTemplates")) == (role_of(item) != "signer")


def test_selectors_find_the_pods_of_one_set_each() -> None:
    for stack in SHIPPED:
        for region in plan_of(stack).regions:
            found = [item for where, item in objects_of(plan_of(stack), "StatefulSet", "Service") if where == region]
            pods = [item["spec"]["template"]["metadata"]["labels"] for item in found if item["kind"] == "StatefulSet"]
            for item in found:
                chosen = item["spec"]["selector"]
                chosen = chosen.get("matchLabels", chosen)
                assert sum(chosen.items() <= labels.items() for labels in pods) == 1


def test_pods_spread_over_zones_and_nodes_unless_shards_stay_apart() -> None:
    seen = set[bool]()
    for item in SETS:
        keys = [part["topologyKey"] for part in pod_of(item).get("topologySpreadConstraints", [])]
        kept_together = "podAffinity" in pod_of(item).get("affinity", {})
        assert keys == ([] if kept_together else ["topology.kubernetes.io/zone", "kubernetes.io/hostname"])
        seen.add(kept_together)
    assert seen == {True, False}


def test_main_and_3p_never_share_a_node_unless_the_notary_allows_it() -> None:
    def affinities(values: dict[str, Any]) -> list[dict[str, Any]]:
        sets = [item for _, item in objects_of(planned(values), "StatefulSet")]
        mine = [item for item in sets if item["metadata"]["labels"].get("notary-fleet.dev/notary") == "alice-eu"]
        return [pod_of(item).get("affinity", {}) for item in mine]

    values = values_of("mainnet")
    for affinity in affinities(values):
        (never,) = affinity["podAntiAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
        assert never["labelSelector"]["matchLabels"] == {"notary-fleet.dev/notary": "alice-eu"}
        (other,) = never["labelSelector"]["matchExpressions"]
        (own,) = affinity["podAffinity"]["preferredDuringSchedulingIgnoredDuringExecution"]
        shard = own["podAffinityTerm"]["labelSelector"]["matchLabels"]["notary-fleet.dev/shard"]
        assert other == {"key": "notary-fleet.dev/shard", "operator": "NotIn", "values": [shard]}
    values["notaries"]["alice-eu"]["shardsApart"] = False
    assert not any(affinities(values))


def test_each_duty_and_the_ensemble_have_a_disruption_budget_that_finds_their_pods() -> None:
    for stack in SHIPPED:
        for name, region in plan_of(stack).regions.items():
            found = [item for where, item in objects_of(plan_of(stack)) if where == name]
            budgets = [item["spec"] for item in found if item["kind"] == "PodDisruptionBudget"]
            assert len(budgets) == len(region.duties) + bool(region.servers)
            for item in found:
                if item["kind"] == "StatefulSet":
                    labels = item["spec"]["template"]["metadata"]["labels"].items()
                    covering = [spec for spec in budgets if spec["selector"]["matchLabels"].items() <= labels]
                    assert len(covering) == 1
                    # How many servers may go at once, all regions together say: tests/unit/test_ensemble.py.
                    assert covering[0]["maxUnavailable"] == 1 or role_of(item) == "zookeeper"


def test_labels_and_names_are_short_enough_for_the_api_server() -> None:
    for item in shipped():
        assert len(item["metadata"]["name"]) <= 63
        for labels in values_within(item, "labels"):
            assert all(len(value) <= 63 for value in labels.values())


def test_our_ports_are_below_every_port_that_an_assetchain_can_derive() -> None:
    ours = [value for name, value in vars(pod_ports).items() if name.isupper() and isinstance(value, int)]
    assert len(ours) == len(set(ours))
    apis = {api for _, api in pod_ports.IGUANA_LISTS.values()}
    assert not apis & set(ours)
    assert max(*ours, *apis) < 8_000
