"""A real wallet of the Bitcoin family behind a real gate and the agent's forwarder: made, given its key, used."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from failover import wire
from failover.agent.importer import Importer, Target
from failover.health import Reach
from failover.imports import Brought, bring
from failover.keys import derive
from failover.log import Log
from failover.wallets import address_of, import_key
from tests.failover.agent_world import until
from tests.failover.litecoind_world import (
    KEY,
    PASSPHRASE,
    Scene,
    call,
    code,
    needs_litecoind,
    play,
)

pytestmark = needs_litecoind


def spending(scene: Scene) -> str:
    """A transaction of the notary's coinbase of block 2, not signed, in hex."""
    ask = scene.daemon.ask
    coinbase = ask("getblock", ask("getblockhash", 2), 2)["tx"][0]["txid"]
    return ask("createrawtransaction", [{"txid": coinbase, "vout": 0}], [{"data": "00"}])


def test_a_wallet_is_made_kept_over_a_restart_and_loaded_again_when_it_was_put_away(tmp_path: Path) -> None:
    async def test(scene: Scene) -> None:
        await scene.with_wallet()
        made = scene.daemon.ask("getnewaddress")
        scene.daemon.end()
        scene.daemon.start()
        await scene.with_wallet()
        assert scene.daemon.ask("getaddressinfo", made)["ismine"]
        assert scene.gate_events().count("wallet made") == 1

    play(tmp_path, test)


def test_a_wallet_that_was_unloaded_is_loaded_and_not_made_anew(tmp_path: Path) -> None:
    async def test(scene: Scene) -> None:
        await scene.with_wallet()
        made = scene.daemon.ask("getnewaddress")
        scene.daemon.ask("unloadwallet", "")
        await until(lambda: "wallet loaded" in scene.gate_events(), "the gate has loaded it")
        assert scene.daemon.ask("getaddressinfo", made)["ismine"]
        assert scene.gate_events().count("wallet made") == 1

    play(tmp_path, test)


def test_the_agent_imports_the_key_and_the_coins_that_it_owned_before_are_seen(tmp_path: Path, chain: Path) -> None:
    lines: list[str] = []

    async def test(scene: Scene) -> None:
        await scene.with_wallet()
        observer = scene.observer()
        importer = Importer([Target(chain="LTC", observer=observer, ask=scene.ask())], KEY, Log(lines.append))
        running = asyncio.create_task(importer.run())
        first = await observer.read()
        assert (first.reach, first.key, first.utxos) == (Reach.ANSWERS, False, None)
        await until(lambda: any("key imported" in line for line in lines), "the key is imported")
        found = await observer.read()
        assert (found.key, found.scanning, found.utxos) == (True, False, 1)
        assert found.funds
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await observer.close()

    play(tmp_path, test, data=chain)
    said = "".join(lines)
    assert [json.loads(line)["event"] for line in lines] == ["key import begun", "key imported"]
    assert PASSPHRASE not in said
    assert KEY.secret.hex() not in said


def test_zero_utxos_are_said_once_the_key_is_there(tmp_path: Path) -> None:
    async def test(scene: Scene) -> None:
        await scene.with_wallet()
        assert await bring(scene.ask(), KEY) is Brought.IMPORTED
        observer = scene.observer()
        found = await observer.read()
        assert (found.key, found.utxos, found.funds) == (True, 0, 0.0)
        await observer.close()

    play(tmp_path, test)


def test_a_key_that_was_imported_without_a_rescan_finds_its_coins_by_one_that_is_forced(
    tmp_path: Path, chain: Path
) -> None:
    async def test(scene: Scene) -> None:
        await scene.with_wallet()
        wif = KEY.wif(await address_of(scene.ask(), KEY.pubkey))
        scene.daemon.ask("importprivkey", wif, "", False)  # as Iguana does
        assert await bring(scene.ask(), KEY) is Brought.NOTHING
        assert scene.daemon.ask("getbalance") == 0
        assert await bring(scene.ask(), KEY, again=True) is Brought.RESCANNED
        assert scene.daemon.ask("getbalance") > 0

    play(tmp_path, test, data=chain)


def test_no_other_key_gets_into_the_wallet_without_the_epoch(tmp_path: Path) -> None:
    async def test(scene: Scene) -> None:
        await scene.with_wallet()
        address = await address_of(scene.ask(), KEY.pubkey)
        other = derive("somebody else's")
        with pytest.raises(wire.CallError, match="must carry its epoch") as refused:
            await import_key(scene.ask(), other, address)
        assert refused.value.code == wire.REFUSED
        # The own key in another network's form passes, and the daemon takes none of it.
        with pytest.raises(wire.CallError, match="Invalid private key encoding"):
            await scene.ask()("importprivkey", KEY.wif("RCna416S62uNVAKMwRuFtmRH2X3xJuTidD"), "", True)
        assert not scene.daemon.ask("getaddressinfo", address)["ismine"]

    play(tmp_path, test)


def test_signing_needs_the_epoch_alone_and_in_a_batch(tmp_path: Path, chain: Path) -> None:
    async def test(scene: Scene) -> None:
        await scene.with_wallet()
        await bring(scene.ask(), KEY)
        sign = call("signrawtransactionwithwallet", spending(scene))
        assert code(await scene.post(sign)) == wire.REFUSED  # by the agent
        with pytest.raises(wire.CallError, match="epoch") as refused:  # by the gate
            await scene.ask()("signrawtransactionwithwallet", spending(scene))
        assert refused.value.code == wire.REFUSED
        scene.hold(40)
        assert code(await scene.post(sign)) == wire.REFUSED

        tenure = scene.hold()
        assert (await scene.post(sign))["result"]["complete"]
        read, signed = await scene.post(call("getblockcount"), {**sign, "id": 2}, batch=True)
        assert (read["id"], signed["id"], signed["result"]["complete"]) == (1, 2, True)
        answer = await scene.post(call("sendrawtransaction", signed["result"]["hex"], 0))
        assert answer["result"] in scene.daemon.ask("getrawmempool")
        assert (tenure.calls.pending(), tenure.calls.lost) == (0, 0)

    play(tmp_path, test, data=chain)


def test_what_a_daemon_refuses_in_json_is_answered_and_not_lost(tmp_path: Path) -> None:
    async def test(scene: Scene) -> None:
        await scene.with_wallet()
        tenure = scene.hold()
        asked = [call("nosuchmethod"), {**call("sendmany"), "params": "x"}, call("sendrawtransaction", "zz")]
        assert [code(await scene.post(each)) for each in asked] == [-32601, -32600, -22]
        assert (tenure.calls.pending(), tenure.calls.lost) == (0, 0)

    play(tmp_path, test)


def test_a_full_work_queue_is_answered_for_each_call_and_loses_none(tmp_path: Path) -> None:
    async def test(scene: Scene) -> None:
        await scene.with_wallet()
        tenure = scene.hold()
        asked = [scene.post(call("waitfornewblock", 700, number=number)) for number in range(8)]
        found = await asyncio.gather(*asked)
        assert {code(answer) for answer in found} == {0, wire.OVERLOADED}
        refused = [answer for answer in found if code(answer)]
        assert all("work queue" in answer["error"]["message"] for answer in refused)
        assert sorted(answer["id"] for answer in found) == list(range(8))
        assert (tenure.calls.pending(), tenure.calls.lost) == (0, 0)

    play(tmp_path, test, flags=("-rpcworkqueue=1", "-rpcthreads=1"))
