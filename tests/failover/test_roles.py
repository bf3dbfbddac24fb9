"""The two kinds of signers: which calls they get, in which order, and what is told of failures."""

from __future__ import annotations

import asyncio
import dataclasses
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from config.failover import AgentConfig, GateRoute
from failover.roles import iguana as iguana_module
from failover.roles.base import RoleError
from failover.roles.checkpoint import WALLET, CheckpointMaster
from failover.roles.iguana import Iguana
from failover.settings import RpcLogin, SettingsError
from tests.failover.agent_world import PASSPHRASE, PUBKEY, World

WIF = "UtrRXqvRFUAtCrCTRAHPH6yroQKUrrTJRmxt2h5U4QTUN1jCxTAh"


class Api:
    """Whatever listens on a loopback port: remembers calls, answers what it was told to."""

    def __init__(self, answer: Callable[[dict[str, Any]], object]) -> None:
        self.calls: list[dict[str, Any]] = []
        self.users: list[str] = []
        self._answer = answer

    async def handle(self, request: web.Request) -> web.Response:
        call = json.loads(await request.text())
        self.calls.append(call)
        self.users.append(request.headers.get("Authorization", ""))
        return web.json_response(self._answer(call))

    def methods(self) -> list[str]:
        return [call["method"] for call in self.calls if call["method"] != "active"]


def play(config: AgentConfig, api: Api, scene: Callable[[], Awaitable[None]]) -> None:
    async def act() -> None:
        app = web.Application()
        app.router.add_post("/", api.handle)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", config.signer.api_port).start()
        try:
            await scene()
        finally:
            await runner.cleanup()

    asyncio.run(act())


@pytest.fixture
def config(tmp_path: Path) -> AgentConfig:
    world = World(tmp_path)
    chains = [GateRoute(chain=name, rpc_port=port, gate="g:1") for name, port in (("LTC", 9332), ("KMD", 7771))]
    assetchain = GateRoute(chain="CCL", rpc_port=20849, gate="g:1")
    return dataclasses.replace(world.config, routes=(*chains, assetchain))


@pytest.fixture
def master(config: AgentConfig, tmp_path: Path) -> CheckpointMaster:
    (tmp_path / "keys" / "wif").write_text(WIF)
    command = ("komodod", f"-datadir={tmp_path / 'data'}")
    signer = dataclasses.replace(config.signer, command=command)
    (tmp_path / "data" / "GULDEN").mkdir(parents=True)
    given = dataclasses.replace(config, kind="checkpoint-master", routes=(), gates=None, signer=signer)
    return CheckpointMaster(given, RpcLogin(user="u", password="p-word"))


def test_iguana_gets_its_coins_first_then_its_key_then_each_chain_to_notarise(config: AgentConfig) -> None:
    api = Api(lambda call: [] if call["method"] == "active" else {"result": "success"})

    async def scene() -> None:
        role = Iguana(config)
        await role.prepare()
        assert api.methods() == ["addcoin"] * 3, "a standby has no key and no chain"
        await role.activate()
        await role.close()

    play(config, api, scene)
    calls = [call for call in api.calls if call["method"] != "active"]
    assert [call["method"] for call in calls[3:]] == ["walletpassphrase", "dpow", "dpow"]
    assert [(call["newcoin"], call["rpchost"]) for call in calls[:3]] == [
        ("LTC", "127.0.0.1:9332"),
        ("KMD", "127.0.0.1:7771"),
        ("CCL", "127.0.0.1:20849"),
    ]
    assert all(call["userpass"] for call in calls[:3])
    assert calls[3]["password"] == PASSPHRASE
    assert [(call["symbol"], call["pubkey"]) for call in calls[4:]] == [("KMD", PUBKEY), ("CCL", PUBKEY)]


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


@pytest.mark.parametrize(
    ("active", "in_round"), [([], False), ([{"notary": "alice"}], True), ({"recvmask": "1", "notaries": ["a"]}, False)]
)
def test_iguana_is_in_a_round_while_somebody_shows_something_in_it(
    config: AgentConfig, active: object, in_round: bool
) -> None:
    api = Api(lambda _: active)

    async def scene() -> None:
        role = Iguana(config)
        assert await role.in_round() is in_round
        await role.close()

    play(config, api, scene)


def test_a_missing_or_empty_key_is_told_by_its_path(config: AgentConfig, tmp_path: Path) -> None:
    path = tmp_path / "keys" / "passphrase"
    path.write_text(" \n")
    with pytest.raises(SettingsError, match="passphrase: empty"):
        Iguana(config)
    path.unlink()
    with pytest.raises(SettingsError, match="passphrase: No such file"):
        Iguana(config)


def test_a_master_starts_without_the_key_and_with_a_wallet_that_was_cleared(
    master: CheckpointMaster, tmp_path: Path
) -> None:
    old = [tmp_path / "data" / WALLET, tmp_path / "data" / "GULDEN" / WALLET]
    for wallet in old:
        wallet.write_text("key")
    kept = tmp_path / "data" / "wallet.dat"
    kept.write_text("mine")
    command = master.command()
    assert command == ("komodod", f"-datadir={tmp_path / 'data'}", f"-wallet={WALLET}")
    assert not any(wallet.exists() for wallet in old)
    assert kept.exists()
    assert WIF not in " ".join(command)


@pytest.mark.parametrize("extra", ["-wallet=other.dat", "-datadir=/elsewhere"])
def test_a_master_whose_wallet_is_not_certain_does_not_start(master: CheckpointMaster, extra: str) -> None:
    config = master._config  # pyright: ignore[reportPrivateUsage]
    signer = dataclasses.replace(config.signer, command=(*config.signer.command, extra))
    with pytest.raises(RoleError):
        CheckpointMaster(dataclasses.replace(config, signer=signer)).command()


def test_a_master_signs_once_its_key_is_imported_and_tells_nobody_which(master: CheckpointMaster) -> None:
    answers: dict[str, Any] = {
        "getblockchaininfo": {"syncCheckpoint": {"height": 90, "blockHash": "aa"}},
        "getblockcount": 100,
        "importprivkey": None,
    }
    api = Api(lambda call: {"result": answers[call["method"]], "error": None, "id": call["id"]})

    async def scene() -> None:
        await master.prepare()
        assert "importprivkey" not in api.methods()
        assert await master.checkpoint() == 90
        await master.activate()
        await master.close()

    play(master._config, api, scene)  # pyright: ignore[reportPrivateUsage]
    assert api.calls[-1]["params"] == [WIF, "", False]
    assert all(user.startswith("Basic ") for user in api.users)
    assert set(master.secrets) == {WIF, "p-word"}


def test_a_master_that_refuses_its_key_does_not_repeat_it(master: CheckpointMaster) -> None:
    api = Api(lambda _: {"result": None, "error": {"code": -5, "message": "Invalid private key encoding"}})

    async def scene() -> None:
        with pytest.raises(RoleError) as caught:
            await master.activate()
        assert "Invalid private key" in str(caught.value)
        assert WIF not in str(caught.value)
        await master.close()

    play(master._config, api, scene)  # pyright: ignore[reportPrivateUsage]
