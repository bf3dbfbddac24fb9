"""What Iguana is told, in which order and of which chains; what it is never asked; when it is in a round."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from config.failover import AgentConfig, IguanaBus, IguanaCoin
from doubles.iguana_http import HangError
from failover.roles import iguana as iguana_module
from failover.roles.base import RoleError
from failover.roles.iguana import Iguana
from failover.roles.iguana_calls import add_coin, notarised
from failover.settings import SettingsError
from tests.failover.agent_world import PASSPHRASE, PUBKEY
from tests.failover.role_world import Daemons, Program, play_iguana, three_chains

ALL = ("LTC", "KMD", "CCL")


@pytest.fixture
def config(tmp_path: Path) -> AgentConfig:
    return three_chains(tmp_path)


def test_iguana_gets_its_coins_first_then_its_key_then_each_chain_to_notarise(config: AgentConfig) -> None:
    async def scene(role: Iguana, program: Program, _: Daemons) -> None:
        await role.prepare()
        assert program.told() == [], "what needs no daemon comes first"
        assert await role.add(ALL) == {}
        assert program.told() == ["addcoin KMD", "addcoin LTC", "addcoin CCL"], "a standby has no key and no chain"
        assert await role.activate(ALL) == {}

    program, _ = play_iguana(config, scene)
    assert program.told()[3:] == ["walletpassphrase", "dpow KMD", "dpow CCL"]
    calls = [call for call in program.calls if call["method"] != "ipaddrs"]
    at = {route.chain: f"127.0.0.1:{route.rpc_port}" for route in config.routes}
    assert [call["rpchost"] for call in calls[:3]] == [at["KMD"], at["LTC"], at["CCL"]]
    assert all(call["userpass"] for call in calls[:3])
    assert calls[3]["password"] == PASSPHRASE
    assert [call["pubkey"] for call in calls[4:]] == [PUBKEY, PUBKEY]
    assert not [call for call in calls if "freq" in call], "all notaries must begin their rounds at the same heights"


def test_iguana_joins_its_bus_before_it_gets_its_coins(config: AgentConfig) -> None:
    bus = IguanaBus(address="192.0.2.10", notaries=("192.0.2.20", "192.0.2.30"))
    program, _ = play_iguana(dataclasses.replace(config, bus=bus), lambda role, *_: role.prepare())
    assert program.told() == ["myipaddr", "addnotary", "addnotary"]
    told = [(call["agent"], call["ipaddr"]) for call in program.calls if "ipaddr" in call]
    assert told == [("SuperNET", "192.0.2.10"), ("iguana", "192.0.2.20"), ("iguana", "192.0.2.30")]


def test_each_coin_comes_with_its_network_and_what_its_addresses_begin_with(config: AgentConfig) -> None:
    route = {route.chain: route for route in config.routes}
    coin = IguanaCoin(chain="CCL", p2p_port=20848, netmagic="5c31ff66")
    call = add_coin(route["CCL"], coin)
    assert (call["p2p"], call["netmagic"], call["rpc"]) == (20848, "5c31ff66", route["CCL"].rpc_port)
    assert (call["pubval"], call["p2shval"], call["wifval"]) == (60, 85, 188)
    litecoin = add_coin(route["LTC"], None)
    assert (litecoin["pubval"], litecoin["p2shval"], litecoin["wifval"]) == (48, 5, 176)
    assert "p2p" not in litecoin
    assert (add_coin(route["KMD"], None)["name"], add_coin(route["CCL"], coin)["name"]) == ("Komodo", "CCL")


def test_twice_is_once_but_a_new_process_is_told_everything_anew(config: AgentConfig) -> None:
    async def scene(role: Iguana, program: Program, __: Daemons) -> None:
        for _ in range(2):
            assert await role.activate(ALL) == {}
        assert await role.join(ALL) == {}
        once = ["addcoin KMD", "addcoin LTC", "addcoin CCL", "walletpassphrase", "dpow KMD", "dpow CCL"]
        assert [told for told in program.told() if told != "walletpassphrase"] == [*once[:3], *once[4:]]
        role.command()
        assert await role.activate(ALL) == {}, "it says that it was told all of it before"
        assert program.told()[-6:] == once

    play_iguana(config, scene)


def test_a_chain_whose_daemon_comes_later_joins_and_kmd_waits_for_its_anchor(config: AgentConfig) -> None:
    async def scene(role: Iguana, program: Program, _: Daemons) -> None:
        refused = await role.activate(("KMD", "CCL"))
        assert refused == {"KMD": "KMD is notarised to LTC, which is not ready"}
        assert program.told()[-2:] == ["walletpassphrase", "dpow CCL"]
        assert await role.join(("LTC",)) == {}
        assert program.told()[-2:] == ["addcoin LTC", "dpow KMD"], "KMD's rounds begin when the anchor is there"

    play_iguana(config, scene)


def test_nothing_is_told_before_kmd_for_its_wallet_gets_the_key(config: AgentConfig) -> None:
    async def scene(role: Iguana, program: Program, _: Daemons) -> None:
        refused = await role.add(("LTC", "CCL"))
        assert set(refused) == {"LTC", "CCL"}
        assert program.told() == []
        with pytest.raises(RoleError, match="KMD is not ready"):
            await role.activate(("LTC", "CCL"))

    play_iguana(config, scene)


def test_a_chain_that_is_refused_does_not_stop_the_others(config: AgentConfig) -> None:
    async def scene(role: Iguana, program: Program, daemons: Daemons) -> None:
        daemons.without_key = {"CCL"}
        refused = await role.activate(ALL)
        assert refused == {"CCL": "dpow CCL: source address or dest address has no privkey, importprivkey"}
        daemons.without_key = set()
        assert await role.join(("CCL",)) == {}
        assert program.told()[-3:] == ["dpow KMD", "dpow CCL", "dpow CCL"]

    play_iguana(config, scene)


def test_an_iguana_that_can_sign_for_no_chain_was_not_activated(config: AgentConfig) -> None:
    async def scene(role: Iguana, _: Program, daemons: Daemons) -> None:
        daemons.without_key = {"KMD"}
        with pytest.raises(RoleError, match=r"dpow KMD: source address.*; dpow CCL: source address"):
            await role.activate(ALL)

    play_iguana(config, scene)


def test_kmd_without_an_anchor_is_there_for_its_assetchains_alone(config: AgentConfig) -> None:
    without = tuple(route for route in config.routes if route.chain != "LTC")
    assert notarised(without) == ("CCL",)
    assert notarised(config.routes) == ("KMD", "CCL")

    async def scene(role: Iguana, program: Program, _: Daemons) -> None:
        assert await role.activate(("KMD", "CCL")) == {}
        assert program.told()[-1] == "dpow CCL"

    play_iguana(dataclasses.replace(config, routes=without), scene)


def test_iguana_is_not_unlocked_while_kmds_daemon_is_down_for_it_would_never_answer_again(config: AgentConfig) -> None:
    async def scene(role: Iguana, program: Program, daemons: Daemons) -> None:
        daemons.down = {"KMD"}
        with pytest.raises(RoleError, match="KMD's daemon does not answer now"):
            await role.activate(ALL)
        assert "walletpassphrase" not in program.told()
        assert await role.answers()
        daemons.down = {"CCL"}
        refused = await role.activate(ALL)
        assert "CCL's daemon does not answer now" in refused["CCL"]
        assert program.told()[-1] == "dpow KMD", "dpow asks both daemons, and waits for them without a limit"

    play_iguana(config, scene)


def test_words_that_make_another_notarys_key_are_no_activation(config: AgentConfig) -> None:
    async def scene(role: Iguana, program: Program, _: Daemons) -> None:
        with pytest.raises(RoleError) as caught:
            await role.activate(ALL)
        assert str(caught.value) == f"walletpassphrase: found the words of {PUBKEY}, expected {'02' * 33}"
        assert program.told()[-1] == "walletpassphrase"

    play_iguana(dataclasses.replace(config, pubkey="02" * 33), scene)


def test_what_iguana_refuses_is_told_without_the_passphrase(config: AgentConfig) -> None:
    def wrong(call: Any) -> str | None:
        return '{"error":"wrong"}' if call["method"] == "walletpassphrase" else None

    async def scene(role: Iguana, _: Program, __: Daemons) -> None:
        with pytest.raises(RoleError) as caught:
            await role.activate(ALL)
        assert str(caught.value) == "walletpassphrase: wrong"

    play_iguana(config, scene, answer=wrong)


def test_after_a_call_without_an_answer_no_other_is_made_in_that_order(
    config: AgentConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(iguana_module, "CALL_SECONDS", 0.2)

    async def scene(role: Iguana, program: Program, _: Daemons) -> None:
        await role.add(("KMD",))
        with pytest.raises(RoleError, match=r"no answer within 0\.2 s"):
            await role.activate(("KMD",))
        refused = await role.add(("LTC", "CCL"))
        assert "no answer within 0.2 s" in refused["LTC"]
        assert refused["CCL"].startswith("addcoin CCL: not tried after addcoin LTC: no answer")
        assert program.told() == ["addcoin KMD", "walletpassphrase"], "a hung API gets no second connection's words"
        assert not await role.answers()

    def hangs(call: Any) -> str | None:
        if call["method"] == "walletpassphrase":
            raise HangError
        return None

    play_iguana(config, scene, answer=hangs)


LOCKED = [{"txid": "aa", "vout": 1}, {"txid": "bb", "vout": 0}]


def test_iguana_is_in_a_round_while_it_keeps_a_coin_of_kmd_locked(config: AgentConfig) -> None:
    async def scene(role: Iguana, _: Program, daemons: Daemons) -> None:
        assert not await role.in_round()
        daemons.locked = {"CCL": [*LOCKED]}
        assert not await role.in_round()
        daemons.locked = {"KMD": [*LOCKED]}
        assert await role.in_round()
        daemons.down = {"KMD"}
        assert not await role.in_round()

    play_iguana(config, scene)


def test_what_a_dead_signer_has_locked_in_any_daemon_is_freed_before_the_next_begins(config: AgentConfig) -> None:
    async def scene(role: Iguana, _: Program, daemons: Daemons) -> None:
        daemons.locked = {chain: [*LOCKED] for chain in ALL}
        await role.activate(("KMD", "LTC"))
        assert daemons.locked["CCL"] == LOCKED, "its turn comes when it joins"
        own = [{"txid": "cc", "vout": 1}]
        daemons.locked |= {"KMD": [*own], "LTC": [*own]}
        await role.join(ALL)
        assert daemons.locked == {"KMD": own, "LTC": own, "CCL": []}, "what it has locked itself stays"

    _, daemons = play_iguana(config, scene)
    methods = [method for chain, method in daemons.calls if chain == "KMD"]
    assert methods.index("lockunspent") < methods.index("importprivkey")


def test_the_calls_that_kill_an_iguana_are_never_made(config: AgentConfig) -> None:
    async def scene(role: Iguana, _: Program, __: Daemons) -> None:
        await role.prepare()
        await role.activate(ALL)
        assert await role.answers()
        await role.in_round()

    program, _ = play_iguana(config, scene)
    asked = {(call["agent"], call["method"]) for call in program.calls}
    told = {("iguana", "addcoin"), ("bitcoinrpc", "walletpassphrase"), ("iguana", "dpow")}
    assert asked == {("dpow", "ipaddrs")} | told


def test_a_missing_or_empty_key_is_told_by_its_path(config: AgentConfig, tmp_path: Path) -> None:
    (path := tmp_path / "keys" / "passphrase").write_text(" \n")
    with pytest.raises(SettingsError, match="passphrase: empty"):
        Iguana(config)
    path.unlink()
    with pytest.raises(SettingsError, match="passphrase: No such file"):
        Iguana(config)
