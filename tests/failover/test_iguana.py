"""What Iguana is told, in which order, and what of it again; when it is in a round."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from config.failover import AgentConfig, IguanaBus, IguanaCoin
from failover.roles import iguana as iguana_module
from failover.roles.base import RoleError
from failover.roles.iguana import Iguana
from failover.roles.iguana_calls import add_coin
from failover.settings import SettingsError
from tests.failover.agent_world import PASSPHRASE, PUBKEY
from tests.failover.role_world import KMD_PORT, Api, at_kmd, play, three_chains


@pytest.fixture
def config(tmp_path: Path) -> AgentConfig:
    return three_chains(tmp_path)


def test_iguana_gets_its_coins_first_then_its_key_then_each_chain_to_notarise(config: AgentConfig) -> None:
    api = Api(lambda call: [] if call["method"] == "ipaddrs" else {"result": "success"})

    async def scene() -> None:
        role = Iguana(config)
        await role.prepare()
        assert api.methods() == ["addcoin"] * 3, "a standby has no key and no chain"
        await role.activate()
        await role.close()

    play(config, api, scene)
    calls = [call for call in api.calls if call["method"] != "ipaddrs"]
    assert [call["method"] for call in calls[3:]] == ["walletpassphrase", "dpow", "dpow"]
    assert [(call["newcoin"], call["rpchost"]) for call in calls[:3]] == [
        ("KMD", f"127.0.0.1:{KMD_PORT}"),
        ("LTC", "127.0.0.1:9332"),
        ("CCL", "127.0.0.1:20849"),
    ], "walletpassphrase imports the key into the wallet of the coin that was added first"
    assert all(call["userpass"] for call in calls[:3])
    assert calls[3]["password"] == PASSPHRASE
    assert [(call["symbol"], call["pubkey"]) for call in calls[4:]] == [("KMD", PUBKEY), ("CCL", PUBKEY)]
    assert not [call for call in calls if "freq" in call], "all notaries must begin their rounds at the same heights"


def test_iguana_joins_its_bus_before_it_gets_its_coins(config: AgentConfig) -> None:
    api = Api(lambda call: {"result": "192.0.2.10"} if call["method"] == "myipaddr" else {"result": "added"})
    bus = IguanaBus(address="192.0.2.10", notaries=("192.0.2.20", "192.0.2.30"))

    async def scene() -> None:
        role = Iguana(dataclasses.replace(config, bus=bus))
        await role.prepare()
        await role.close()

    play(config, api, scene)
    assert api.methods() == ["myipaddr", "addnotary", "addnotary", *["addcoin"] * 3]
    told = [(call["agent"], call["ipaddr"]) for call in api.calls if "ipaddr" in call]
    assert told == [("SuperNET", "192.0.2.10"), ("iguana", "192.0.2.20"), ("iguana", "192.0.2.30")]


def test_each_coin_comes_with_its_network_and_what_its_addresses_begin_with(config: AgentConfig) -> None:
    route = {route.chain: route for route in config.routes}
    coin = IguanaCoin(chain="CCL", p2p_port=20848, netmagic="5c31ff66")
    call = add_coin(route["CCL"], coin)
    assert (call["p2p"], call["netmagic"], call["rpc"]) == (20848, "5c31ff66", 20849)
    assert (call["pubval"], call["p2shval"], call["wifval"]) == (60, 85, 188)
    litecoin = add_coin(route["LTC"], None)
    assert (litecoin["pubval"], litecoin["p2shval"], litecoin["wifval"]) == (48, 5, 176)
    assert "p2p" not in litecoin
    assert (add_coin(route["KMD"], None)["name"], add_coin(route["CCL"], coin)["name"]) == ("Komodo", "CCL")


def test_an_iguana_that_was_told_everything_before_may_be_told_again(config: AgentConfig) -> None:
    answers = {
        "addcoin": {"result": "coin already there"},
        "myipaddr": {"result": "192.0.2.10"},
        "addnotary": {"error": "relay already there"},
        "dpow": {"error": "cant dPoW same coin again"},
    }
    api = Api(lambda call: answers.get(call["method"], {"result": "success"}))

    async def scene() -> None:
        role = Iguana(dataclasses.replace(config, bus=IguanaBus(address="192.0.2.10", notaries=("192.0.2.20",))))
        await role.prepare()
        await role.activate()
        await role.close()

    play(config, api, scene)
    assert api.methods().count("dpow") == 2, "once a chain, and not again"


def test_dpow_is_asked_again_until_iguana_is_ready(config: AgentConfig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(iguana_module, "DPOW_PAUSE", 0.01)
    refusals = iter([{"error": "not mine"}, {"error": "not mine"}])
    ready = {"result": "success"}
    api = Api(lambda call: next(refusals, ready) if call["method"] == "dpow" else ready)

    async def scene() -> None:
        role = Iguana(config)
        await role.activate()
        await role.close()

    play(config, api, scene)
    assert api.methods() == ["walletpassphrase", *["dpow"] * 4]


def test_what_iguana_refuses_is_told_without_the_passphrase(config: AgentConfig) -> None:
    api = Api(lambda _: {"error": "wrong"})

    async def scene() -> None:
        role = Iguana(config)
        with pytest.raises(RoleError) as caught:
            await role.activate()
        assert str(caught.value) == "walletpassphrase: wrong"
        await role.close()

    play(config, api, scene)


LOCKED = [{"txid": "aa", "vout": 1}]


@pytest.mark.parametrize(
    ("answer", "in_round"),
    [
        ({"result": [], "error": None}, False),
        ({"result": LOCKED, "error": None}, True),
        ({"result": None, "error": {"code": -1, "message": "no wallet"}}, False),
        ({"result": "?", "error": None}, False),
    ],
)
def test_iguana_is_in_a_round_while_it_keeps_a_coin_of_kmd_locked(
    config: AgentConfig, answer: object, in_round: bool
) -> None:
    daemon = Api(lambda _: answer)

    async def scene() -> None:
        role = Iguana(config)
        assert await role.in_round() is in_round
        await role.close()

    play(at_kmd(config), daemon, scene)
    assert daemon.methods() == ["listlockunspent"]


def test_what_a_round_that_was_cut_off_has_locked_is_freed_before_the_next(config: AgentConfig) -> None:
    daemon = Api(lambda call: {"result": LOCKED if call["method"] == "listlockunspent" else True, "error": None})

    async def scene() -> None:
        role = Iguana(config)
        with pytest.raises(RoleError, match="walletpassphrase"):  # there is no Iguana here
            await role.activate()
        await role.close()

    play(at_kmd(config), daemon, scene)
    assert daemon.methods() == ["listlockunspent", "lockunspent"]
    assert daemon.calls[1]["params"] == [True, LOCKED]


def test_the_call_that_kills_an_iguana_between_rounds_is_never_made(config: AgentConfig) -> None:
    api = Api(lambda _: [])

    async def scene() -> None:
        role = Iguana(config)
        assert await role.answers()
        await role.in_round()
        await role.close()

    play(config, api, scene)
    assert [(call["agent"], call["method"]) for call in api.calls] == [("dpow", "ipaddrs")]


def test_a_missing_or_empty_key_is_told_by_its_path(config: AgentConfig, tmp_path: Path) -> None:
    path = tmp_path / "keys" / "passphrase"
    path.write_text(" \n")
    with pytest.raises(SettingsError, match="passphrase: empty"):
        Iguana(config)
    path.unlink()
    with pytest.raises(SettingsError, match="passphrase: No such file"):
        Iguana(config)
