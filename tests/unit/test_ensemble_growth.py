"""More servers, and servers on node ports: what changes, and what must not."""

from __future__ import annotations

from typing import Any

from components.manifests.certificates import addresses
from components.manifests.zookeeper_files import members
from tests.unit.objects import objects_of
from tests.unit.stacks import planned, values_of


def sets(values: dict[str, Any]) -> dict[str, Any]:
    return {item["metadata"]["name"]: item for _, item in objects_of(planned(values), "StatefulSet")}


def test_clients_find_the_servers_beside_their_certificate() -> None:
    plan = planned(values_of("mainnet"))
    found = [item for _, item in objects_of(plan, "ConfigMap") if item["metadata"]["name"] == "zookeeper-servers"]
    assert len(found) == len(plan.regions)
    for item in found:
        assert item["data"]["servers"].split() == [f"{server.host}:2281" for server in plan.servers]


def test_more_servers_restart_nothing_that_runs() -> None:
    values = values_of("mainnet")
    before = {
        item["metadata"]["name"]: item for _, item in objects_of(planned(values)) if item["kind"] == "StatefulSet"
    }
    values["regions"]["eu-west"]["ensemble"]["servers"][6] = "zk-6.eu-west.example.net"
    values["regions"]["eu-central"]["ensemble"]["servers"][7] = "zk-7.eu-central.example.net"
    after = sets(values)
    assert len([name for name in before if name.startswith("zookeeper-")]) == 5
    assert len(before) > 30
    assert {name: after[name] for name in before} == before, "neither servers, nor daemons, nor signers"
    assert {"zookeeper-6", "zookeeper-7"} <= set(after)


def test_on_node_ports_each_server_has_ports_of_its_own_which_all_are_told() -> None:
    values = values_of("mainnet")
    values["regions"]["eu-west"]["ensemble"]["service"] = "NodePort"
    plan = planned(values)
    lines = dict(line.split("=", 1) for line in members(plan).splitlines())
    assert lines["server.2"] == "zk-2.eu-west.example.net:30021:30022:participant;127.0.0.1:2181"
    assert lines["server.3"] == "zk-3.eu-west.example.net:30031:30032:participant;127.0.0.1:2181"
    assert lines["server.4"].startswith("zk-4.eu-central.example.net:2888:3888:")
    (service,) = [
        item for _, item in objects_of(plan) if (item["kind"], item["metadata"]["name"]) == ("Service", "zookeeper-2")
    ]
    found = {port["name"]: (port["port"], port["nodePort"]) for port in service["spec"]["ports"]}
    assert found == {"client": (30020, 30020), "peer": (30021, 30021), "election": (30022, 30022)}
    (server,) = [server for server in plan.servers if server.number == 2]
    assert server.listening == {"client": 2281, "peer": 30021, "election": 30022}
    assert "zk-2.eu-west.example.net:30020" in addresses(plan)
