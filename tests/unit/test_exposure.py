"""Who can reach what: the wallet's RPC is never public, and everything that is not needed is denied."""

from __future__ import annotations

import ipaddress
import json
import re
from typing import Any

import pytest

from config import pod_ports
from tests.unit.objects import Manifest, containers_of, named, objects_of, pod_of, shipped
from tests.unit.stacks import SHIPPED, plan_of, planned, values_of

RPC = {daemon.chain.rpc for stack in SHIPPED for region in plan_of(stack).regions.values() for daemon in region.daemons}


CONFIGS = [item for item in shipped("ConfigMap") if "data" in item]


def test_no_service_and_no_container_port_is_a_wallets_rpc() -> None:
    assert RPC
    for item in shipped("Service"):
        ports = item["spec"]["ports"]
        assert not RPC & {port["port"] for port in ports}
        assert not RPC & {port["targetPort"] for port in ports}
    for item in shipped("StatefulSet"):
        for container in containers_of(item):
            for port in container.get("ports", []):
                assert port["containerPort"] not in RPC
                assert "hostPort" not in port


def test_a_daemons_rpc_listens_on_its_pods_loopback_alone() -> None:
    confs = [item["data"]["chain.conf"].splitlines() for item in CONFIGS if "chain.conf" in item["data"]]
    assert confs
    for lines in confs:
        assert [line for line in lines if line.startswith(("rpcbind", "rpcallowip"))] == [
            "rpcbind=127.0.0.1",
            "rpcallowip=127.0.0.1",
        ]
    for item in shipped("StatefulSet"):
        for container in containers_of(item):
            assert not any("-rpcbind" in text or "-rpcallowip" in text for text in container.get("args", []))


def test_only_the_bus_and_the_ensembles_servers_have_an_address_outside() -> None:
    for item in shipped("Service"):
        if item["spec"].get("type", "ClusterIP") != "ClusterIP":
            assert {port["name"] for port in item["spec"]["ports"]} in ({"bus"}, {"client", "peer", "election"})


def test_passwords_come_by_reference_and_are_in_no_config_map() -> None:
    for item in shipped("StatefulSet"):
        for container in containers_of(item):
            for variable in container.get("env", []):
                if "PASSWORD" in variable["name"]:
                    assert set(variable) == {"name", "valueFrom"}
    text = json.dumps([item["data"] for item in CONFIGS])
    assert "rpcpassword=" in text
    assert text.count("rpcpassword=") == text.count("rpcpassword=loopback")


def test_keys_and_certificates_are_data_of_secrets_and_of_nothing_else() -> None:
    kinds = {item["kind"] for item in shipped() if re.search("<(peers|clients|gates) ", json.dumps(item))}
    assert kinds == {"Secret"}
    for item in shipped("Secret"):
        keys = [
            value for value in item["stringData"].values() if re.search("<(peers|clients|gates) (key|pair) ", value)
        ]
        # A server has a key to the peers and one to the clients; nobody else's Secret holds more than its own.
        assert len(keys) == (2 if "peer.pem" in item["stringData"] else 1)
        assert len({value.rpartition(" of ")[2] for value in keys}) == 1


def test_each_key_of_the_ensemble_and_the_gates_is_mounted_by_its_own_pods_alone() -> None:
    seen: set[str] = set()
    for item in shipped("StatefulSet", "Job"):
        role, name = item["metadata"]["labels"]["notary-fleet.dev/role"], item["metadata"]["name"]
        gated = any(container["name"] == "gate" for container in containers_of(item))
        own = {
            "zookeeper": {f"{name}-tls"},
            "keeper": {"zookeeper-keeper"},
            "signer": {"zookeeper-client", "agents-tls"},
            # A checkpoint master signs by itself: it has no gate.
            "chain": {"zookeeper-client", "gates-tls"} if gated else {"zookeeper-client"},
        }[role]
        volumes = pod_of(item)["volumes"]
        mounted = {volume["secret"]["secretName"] for volume in volumes if "secret" in volume}
        projected = [part for volume in volumes for part in volume.get("projected", {}).get("sources", [])]
        mounted |= {part["secret"]["name"] for part in projected if "secret" in part}
        assert {name for name in mounted if "zookeeper" in name or name.endswith("-tls")} == own
        seen.add(role)
    assert seen == {"zookeeper", "keeper", "signer", "chain"}


def test_a_server_takes_sessions_with_certificates_alone_and_its_plain_port_is_loopback() -> None:
    for item in shipped("Service", "StatefulSet"):
        numbers = {port.get("port") for port in item["spec"].get("ports", [])}
        for container in containers_of(item) if item["kind"] == "StatefulSet" else ():
            numbers |= {port["containerPort"] for port in container.get("ports", [])}
        assert pod_ports.ZOOKEEPER_LOCAL not in numbers
    for item in POLICIES:
        text = json.dumps(item)
        assert f'"port": {pod_ports.ZOOKEEPER_LOCAL},' not in text
        assert f'"port": {pod_ports.ZOOKEEPER_LOCAL}}}' not in text


def test_a_secret_of_the_stack_becomes_a_secret_of_the_cluster_and_nothing_else() -> None:
    values = values_of("local")
    values["rpc"] = {"config": "rpcPassword"}
    values["notaries"]["alice-eu"]["duties"]["main"]["keys"] = {"config": "aliceKeys"}
    plan = planned(values, {"rpcPassword", "aliceKeys"})
    for _, item in objects_of(plan):
        if item["kind"] != "Secret":
            assert "<secret" not in json.dumps(item)
    assert named(plan, "eu-west", "Secret", "fleet-rpc")["stringData"] == {
        "username": "fleet",
        "password": "<secret rpcPassword>",
    }
    assert named(plan, "eu-west", "Secret", "alice-eu-main-keys")["stringData"] == {"keys": "<secret aliceKeys>"}


POLICIES = shipped("NetworkPolicy")


def rules(item: Manifest, direction: str) -> list[dict[str, Any]]:
    return item["spec"].get(direction, [])


def test_everything_is_denied_first() -> None:
    denying = [item for item in POLICIES if item["metadata"]["name"] == "default-deny"]
    assert len(denying) == len(shipped("Namespace"))
    for item in denying:
        assert item["spec"] == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}


def test_no_rule_is_without_ports() -> None:
    masters = values_of("mainnet")
    del masters["notaries"]["alice-eu"]  # daemons without a bus
    policies = [*POLICIES, *(item for _, item in objects_of(planned(masters), "NetworkPolicy"))]
    found = [rule for item in policies for way in ("ingress", "egress") for rule in rules(item, way)]
    assert found
    assert all(rule["ports"] for rule in found)


def test_a_daemon_hears_its_gates_port_from_signers_and_gates_alone() -> None:
    for item in POLICIES:
        if item["metadata"]["name"] == "chains":
            (rule,) = rules(item, "ingress")
            assert [port["port"] for port in rule["ports"]] == [pod_ports.GATE]
            roles = [peer["podSelector"]["matchLabels"]["notary-fleet.dev/role"] for peer in rule["from"]]
            assert roles == ["signer", "chain"]


def test_the_internet_is_never_a_private_network_or_a_clouds_metadata() -> None:
    blocks = [
        peer["ipBlock"]
        for item in POLICIES
        for rule in rules(item, "egress")
        for peer in rule.get("to", [])
        if "ipBlock" in peer
    ]
    assert blocks
    for block in blocks:
        assert block["cidr"] == "0.0.0.0/0"
        denied = [ipaddress.ip_network(cidr) for cidr in block["except"]]
        for address in ("169.254.169.254", "10.1.2.3", "172.20.0.1", "192.168.1.1", "127.0.0.1", "100.64.0.1"):
            assert any(ipaddress.ip_address(address) in network for network in denied), address


def test_a_server_of_the_ensemble_hears_other_regions_by_their_addresses() -> None:
    values = values_of("local")
    values["regions"]["na-east"]["ranges"]["egress"] = ["203.0.113.7/32"]
    policy = named(planned(values), "eu-west", "NetworkPolicy", "zookeeper")
    for rule in policy["spec"]["ingress"]:
        blocks = {peer["ipBlock"]["cidr"] for peer in rule["from"] if "ipBlock" in peer}
        assert blocks == {"10.12.0.0/16", "10.13.0.0/16", "203.0.113.7/32"}


def test_every_role_has_a_policy_that_finds_its_pods() -> None:
    for stack in SHIPPED:
        for region in plan_of(stack).regions:
            found = [item for where, item in objects_of(plan_of(stack)) if where == region]
            chosen = [
                item["spec"]["podSelector"].get("matchLabels") for item in found if item["kind"] == "NetworkPolicy"
            ]
            for item in found:
                if item["kind"] in ("StatefulSet", "Job"):
                    labels = item["spec"]["template"]["metadata"]["labels"].items()
                    assert any(selector and selector.items() <= labels for selector in chosen)


def test_the_keeper_hears_nobody_and_calls_the_servers_alone() -> None:
    found = [item for item in POLICIES if item["metadata"]["name"] == "keeper"]
    assert found
    for item in found:
        assert item["spec"]["policyTypes"] == ["Ingress", "Egress"]
        assert rules(item, "ingress") == []
        (rule,) = rules(item, "egress")
        # Behind load balancers on AWS, servers are called at their node ports: 30000 + 10n.
        on_nodes = {30_000 + 10 * number for number in range(1, 6)}
        ports = {port["port"] for port in rule["ports"]}
        assert ports in ({pod_ports.ZOOKEEPER_CLIENT}, {pod_ports.ZOOKEEPER_CLIENT, *on_nodes})


@pytest.mark.parametrize("kind", ["signer", "chain"])
def test_keys_are_mounted_where_they_are_used_and_nowhere_else(kind: str) -> None:
    for item in shipped("StatefulSet"):
        names = {volume["name"] for volume in pod_of(item)["volumes"]}
        role = item["metadata"]["labels"]["notary-fleet.dev/role"]
        masters = any(container.get("args", [""])[0] == "agent" for container in pod_of(item)["containers"])
        if role == kind:
            assert ("keys" in names) == (kind == "signer" or masters)
