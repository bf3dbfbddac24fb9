"""The checkpoint master: which calls its daemon gets, in which order, and what is told of failures."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from config.failover import AgentConfig
from failover.roles.base import RoleError
from failover.roles.checkpoint import WALLET, CheckpointMaster
from failover.settings import RpcLogin
from tests.failover.role_world import Api, play, three_chains

WIF = "UtrRXqvRFUAtCrCTRAHPH6yroQKUrrTJRmxt2h5U4QTUN1jCxTAh"


@pytest.fixture
def config(tmp_path: Path) -> AgentConfig:
    return three_chains(tmp_path)


@pytest.fixture
def master(config: AgentConfig, tmp_path: Path) -> CheckpointMaster:
    (tmp_path / "keys" / "wif").write_text(WIF)
    command = ("komodod", f"-datadir={tmp_path / 'data'}")
    signer = dataclasses.replace(config.signer, command=command)
    (tmp_path / "data" / "GULDEN").mkdir(parents=True)
    given = dataclasses.replace(config, kind="checkpoint-master", routes=(), gates=None, signer=signer)
    return CheckpointMaster(given, RpcLogin(user="u", password="p-word"))


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
        await master.activate(("GULDEN",))
        await master.close()

    play(master._config, api, scene)  # pyright: ignore[reportPrivateUsage]
    assert api.calls[-1]["params"] == [WIF, "", False]
    assert all(user.startswith("Basic ") for user in api.users)
    assert set(master.secrets) == {WIF, "p-word"}


def test_a_master_that_refuses_its_key_does_not_repeat_it(master: CheckpointMaster) -> None:
    api = Api(lambda _: {"result": None, "error": {"code": -5, "message": "Invalid private key encoding"}})

    async def scene() -> None:
        with pytest.raises(RoleError) as caught:
            await master.activate(("GULDEN",))
        assert "Invalid private key" in str(caught.value)
        assert WIF not in str(caught.value)
        await master.close()

    play(master._config, api, scene)  # pyright: ignore[reportPrivateUsage]
