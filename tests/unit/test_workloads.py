"""What each workload is started with."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from components.manifests import chain as chain_manifests
from components.manifests.failover import LIMITS
from config.plan import Daemon
from failover.gate.door import HEALTH_PLACES
from tests.unit.objects import named, pod_of
from tests.unit.stacks import plan_of, planned, values_of

PUBKEY = "02eb30b0eeecd84eee5a2f5a1b5e81cc0a654c63e6638d5a4ef8a049d44b46d647"


def daemon_of(stack: str, key: str, shard: str = "main", region: str = "eu-west") -> Daemon:
    daemons = plan_of(stack).regions[region].daemons
    (found,) = [
        item for item in daemons if item.chain.key == key and item.duty.notary + item.duty.shard == f"alice-eu{shard}"
    ]
    return found


def args_of(region: str, name: str, stack: str = "local") -> list[str]:
    return pod_of(named(plan_of(stack), region, "StatefulSet", name))["containers"][0]["args"]


def test_komodo_is_started_as_notaries_start_it() -> None:
    args = args_of("eu-west", "alice-eu-main-kmd")
    for flag in ("-gen", "-genproclimit=1", "-minrelaytxfee=0.000035", "-opretmintxfee=0.004"):
        assert flag in args
    assert "-notary=.litecoin/litecoin.conf" in args
    assert f"-pubkey={PUBKEY}" in args


def test_litecoin_gets_no_pubkey_and_an_assetchain_all_of_its_parameters() -> None:
    assert not any(flag.startswith("-pubkey") for flag in args_of("eu-west", "alice-eu-main-ltc"))
    args = args_of("eu-west", "alice-eu-main-ccl")
    assert {"-ac_name=CCL", "-ac_supply=200000000", "-ac_end=1", "-ac_cc=2", f"-pubkey={PUBKEY}"} <= set(args)
    assert not any(flag.startswith("-addnode") for flag in args)
    conf = chain_manifests.conf(daemon_of("local", "CCL"))
    assert conf.count("addnode=") == 9


def test_the_old_gleec_has_its_own_data_and_not_its_operators_path() -> None:
    args = args_of("eu-west", "alice-eu-main-gleec-old")
    assert "-ac_name=GLEEC" in args
    assert [flag for flag in args if flag.startswith("-datadir")] == ["-datadir=/data"]


def test_a_registrys_dollar_reaches_the_daemon_as_it_is_written() -> None:
    daemon = daemon_of("local", "CCL")
    chain = type(daemon.chain)(**{**vars(daemon.chain), "flags": ("-ac_x=$(RPC_PASSWORD)",)})
    flags = chain_manifests.flags(type(daemon)(**{**vars(daemon), "chain": chain}))
    assert flags[0] == "-ac_x=$$(RPC_PASSWORD)"


def test_a_daemon_reads_its_login_from_a_file_in_memory_that_is_written_before_it_starts() -> None:
    for stack, name in (("local", "alice-eu-main-ltc"), ("mainnet", "masters-mcl-mcl")):
        pod = pod_of(named(plan_of(stack), "eu-west", "StatefulSet", name))
        first, daemon = pod["initContainers"][0], pod["containers"][0]
        (conf,) = [word.partition("=")[2] for word in daemon["args"] if word.startswith("-conf=")]
        assert first["args"] == ["conf", "--from", "/etc/chain/chain.conf", "--to", conf]
        assert "restartPolicy" not in first  # it must end before anything else starts
        (volume,) = [item for item in pod["volumes"] if item["name"] == "conf"]
        assert volume["emptyDir"]["medium"] == "Memory"
        readers = {
            container["name"]: mount.get("readOnly", False)
            for container in [*pod["initContainers"], *pod["containers"]]
            for mount in container["volumeMounts"]
            if mount["name"] == "conf"
        }
        assert readers == {"conf": False, "daemon": True}


def test_a_daemons_queue_holds_all_that_its_gate_lets_in() -> None:
    for daemon in plan_of("mainnet").regions["eu-west"].daemons:
        told = dict(line.split("=", 1) for line in chain_manifests.conf(daemon).splitlines())
        # Probes ask besides: the kubelet's two, and the gate's own.
        assert LIMITS.concurrency + HEALTH_PLACES + 16 <= int(told["rpcworkqueue"])
        assert int(told["rpcthreads"]) >= 4  # the default of both families


def test_a_gate_knows_whose_key_may_be_imported_and_whether_the_daemon_makes_a_wallet() -> None:
    plan = plan_of("local")
    for daemon in plan.regions["eu-west"].daemons:
        gate = json.loads(chain_manifests.failover_json(plan, plan.regions["eu-west"], daemon))
        assert gate["pubkey"] == PUBKEY
        assert gate["wallet"] == (daemon.chain.key == "LTC")


@pytest.mark.parametrize(("key", "image"), [("MCL", "komodod-mcl"), ("TOKEL", "komodod-tokel"), ("KMD", "komodod")])
def test_each_chain_runs_the_daemon_that_the_release_names(key: str, image: str) -> None:
    daemon = daemon_of("mainnet", key, "3p")
    assert f"/{image}@sha256:" in daemon.build.image


def test_komodo_finds_litecoin_on_its_own_loopback_through_the_gate() -> None:
    daemon, plan = daemon_of("local", "KMD"), plan_of("local")
    read = chain_manifests.files_read(daemon)
    assert read["/home/notary/.litecoin/litecoin.conf"].splitlines()[-1] == "rpcport=9332"
    assert read["/data/komodo.conf"].splitlines()[-1] == "rpcport=7771"
    pod = pod_of(named(plan, "eu-west", "StatefulSet", daemon.name))
    mounted = {
        mount["mountPath"]: mount["subPath"] for mount in pod["containers"][0]["volumeMounts"] if "subPath" in mount
    }
    config = named(plan, "eu-west", "ConfigMap", pod["volumes"][0]["configMap"]["name"])["data"]
    assert {path: config[mounted[path]] for path in read} == read
    assert {"name": "HOME", "value": "/home/notary"} in pod["containers"][0]["env"]  # below which -notary is looked for
    assert "-notary=.litecoin/litecoin.conf" in chain_manifests.flags(daemon)
    assert chain_manifests.files_read(daemon_of("local", "CCL")) == {}
    config = json.loads(chain_manifests.failover_json(plan, plan.regions["eu-west"], daemon))
    assert config["links"] == [{"chain": "LTC", "gate": "alice-eu-main-ltc.notary.svc:7443", "rpc_port": 9332}]


def test_an_agent_offers_each_chain_on_loopback_and_knows_the_whole_ensemble() -> None:
    plan = plan_of("local")
    pod = pod_of(named(plan, "eu-west", "StatefulSet", "alice-eu-main-signer"))
    config = named(plan, "eu-west", "ConfigMap", pod["volumes"][0]["configMap"]["name"])
    agent = json.loads(config["data"]["failover.json"])
    assert {route["chain"]: route["rpc_port"] for route in agent["routes"]} == {
        daemon.chain.key: daemon.chain.rpc for daemon in plan.regions["eu-west"].daemons
    }
    assert agent["ensemble"]["identity"] == "CN=client,O=notary/local"
    mounted = {mount["mountPath"] for mount in pod["containers"][0]["volumeMounts"]}
    for key in ("authority_file", "certificate_file", "key_file", "servers_file"):
        assert str(Path(agent["ensemble"][key]).parent) in mounted
    assert (agent["priority"], agent["standby"], agent["pubkey"]) == (1, "hot", PUBKEY)


def test_a_checkpoint_master_is_a_daemon_behind_its_agent_without_a_gate() -> None:
    item = named(plan_of("mainnet"), "eu-central", "StatefulSet", "masters-ccl-ccl")
    pod = pod_of(item)
    assert [container["name"] for container in pod["initContainers"]] == ["conf", "watchdog"]
    args = pod["containers"][0]["args"]
    assert args[: args.index("--") + 2] == ["agent", "--config", "/etc/agent/agent.json", "--", "komodod"]
    assert "-ac_name=CCL" in args
    assert pod["shareProcessNamespace"] is True


def files_of(values: dict[str, Any], region: str) -> dict[str, str]:
    """The files of a region's servers."""
    plan = planned(values)
    pod = pod_of(named(plan, region, "StatefulSet", f"zookeeper-{plan.regions[region].servers[0].number}"))
    config = named(plan, region, "ConfigMap", pod["volumes"][0]["configMap"]["name"])
    return config["data"]


def test_every_server_has_one_configuration_with_all_servers_of_all_regions() -> None:
    values = values_of("mainnet")
    found = [files_of(values, region) for region in values["regions"]]
    assert found[0] == found[1] == found[2]
    plan = planned(values)
    told = {named(plan, region, "ConfigMap", "zookeeper-members")["data"]["servers.cfg"] for region in plan.regions}
    (members,) = told
    servers = dict(line.split("=", 1) for line in members.splitlines())
    assert list(servers) == [f"server.{number}" for number in range(1, 6)]
    assert servers["server.1"] == "zk-1.na-east.example.net:2888:3888:participant;127.0.0.1:2181"
    settings = dict(line.split("=", 1) for line in found[0]["zoo.cfg"].splitlines())
    assert not [key for key in settings if key.startswith("server.")]
    assert int(settings["maxSessionTimeout"]) >= values["ensemble"].get("sessionTimeoutMs", 5000)


def test_each_server_has_its_own_id_volume_and_address() -> None:
    plan = plan_of("mainnet")
    for server in plan.servers:
        item = named(plan, server.region, "StatefulSet", server.name)
        told = {"name": "SERVER_ID", "value": str(server.number)}
        assert told in pod_of(item)["initContainers"][0]["env"]  # writes it into the volume
        assert told in pod_of(item)["containers"][0]["env"]
        assert [claim["metadata"]["name"] for claim in item["spec"]["volumeClaimTemplates"]] == ["data"]
        assert item["metadata"]["name"] == server.name  # by which its claims are called
        service = named(plan, server.region, "Service", server.name)
        assert service["metadata"]["annotations"]["external-dns.alpha.kubernetes.io/hostname"] == server.host
        assert service["spec"]["publishNotReadyAddresses"] is True


def test_sizes_by_chain_reach_claims_and_containers() -> None:
    item = named(plan_of("mainnet"), "eu-west", "StatefulSet", "alice-eu-main-kmd")
    claim = item["spec"]["volumeClaimTemplates"][0]["spec"]
    assert claim["resources"]["requests"]["storage"] == "300Gi"
    assert claim["storageClassName"] == "gp3"
    assert pod_of(item)["containers"][0]["resources"]["requests"].items() >= {"cpu": "2", "memory": "8Gi"}.items()
