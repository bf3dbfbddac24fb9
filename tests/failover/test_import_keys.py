"""`import-keys`, as an operator types it in a signer's pod, before real daemons behind real gates."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from config.failover import GateRoute, to_json
from failover import import_keys as command
from failover.__main__ import main
from failover.gates import Gates
from failover.import_keys import import_keys
from failover.wire import CallError
from sandbox.processes import free_ports
from tests.failover.agent_world import ROOT, World
from tests.failover.litecoind_world import KEY, PASSPHRASE, Scene, needs_litecoind, play
from tests.failover.wallet_double import KOMODOD, WalletDouble


async def typed(scene: Scene, *words: str) -> tuple[int, str, str]:
    """The command in a process of its own: its code, stdout, stderr."""
    file = scene.folder / "agent.json"
    file.write_text(to_json(scene.config))
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "failover", "import-keys", "--config", str(file), *words),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    lines = Path(f"/proc/{process.pid}/cmdline").read_text()
    out, error = await process.communicate()
    for text in (lines, out.decode(), error.decode()):
        assert not [secret for secret in (PASSPHRASE, KEY.secret.hex()) if secret in text]
    return process.returncode or 0, out.decode(), error.decode()


@needs_litecoind
def test_a_key_is_imported_and_looked_for_again_by_a_command(tmp_path: Path, chain: Path) -> None:
    async def test(scene: Scene) -> None:
        await scene.with_wallet()
        code, out, error = await typed(scene, "--json")
        assert (code, error) == (0, "")
        assert [(item["chain"], item["outcome"], item["reason"]) for item in json.loads(out)] == [
            ("LTC", "imported", None)
        ]
        assert scene.daemon.ask("getbalance") > 0
        code, out, _ = await typed(scene, "--chain", "LTC")
        assert (code, out) == (0, "LTC: there already, 0 s; --rescan looks for coins that it owned before\n")
        code, out, _ = await typed(scene, "--chain", "LTC", "--rescan")
        assert (code, out.startswith("LTC: rescanned, ")) == (0, True)

        code, out, error = await typed(scene, "--chain", "DOC")
        assert (code, error) == (2, "--chain: found DOC, expected one of the duty's: LTC\n")
        (scene.folder / "keys" / "passphrase").write_text("another notary's")
        code, out, error = await typed(scene)
        assert (code, error.count("\n"), "expected the duty's" in error) == (2, 1, True)

    play(tmp_path, test, data=chain)


class Fleet:
    """Two chains' daemons behind nothing: what the command asks is answered by doubles."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        world = World(folder)
        (folder / "keys" / "passphrase").write_text(PASSPHRASE)
        routes = tuple(
            GateRoute(chain=chain, rpc_port=free_ports(1)[0], gate="127.0.0.1:1") for chain in ("KMD", "CCL")
        )
        self.config = replace(world.config, pubkey=KEY.pubkey, routes=routes)
        self.wallets = {route.chain: WalletDouble(kind=KOMODOD, pubkey=KEY.pubkey) for route in routes}
        self.said: list[str] = []
        self.complained: list[str] = []
        self.hold: asyncio.Event | None = None

        async def answer(_: Gates, route: GateRoute, method: str, *params: Any, **limits: Any) -> Any:
            assert limits.keys() == {"seconds"}
            if self.hold and method == "importprivkey":
                await self.hold.wait()
            return await self.wallets[route.chain].ask(method, *params)

        monkeypatch.setattr(Gates, "call", answer)

    async def run(self, chain: str | None = None, *, again: bool = False, as_json: bool = False) -> int:
        return await import_keys(
            self.config, chain, again=again, as_json=as_json, say=self.said.append, complain=self.complained.append
        )


def test_all_chains_are_done_side_by_side_and_one_that_refuses_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fleet = Fleet(tmp_path, monkeypatch)
    ccl = fleet.wallets["CCL"]
    ccl.key_stays, ccl.failures = False, [CallError(-13, f"CCL importprivkey: {KEY.wif(ccl.address)}: locked")]
    assert asyncio.run(fleet.run()) == 1
    assert fleet.said == ["KMD: imported, 0 s", "CCL: CCL importprivkey: ***: locked"]
    assert asyncio.run(fleet.run(as_json=True)) == 0
    assert [item["outcome"] for item in json.loads(fleet.said[-1])] == ["there already", "imported"]


def test_one_chain_alone_is_looked_through_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fleet = Fleet(tmp_path, monkeypatch)
    fleet.wallets["KMD"].key = True
    assert asyncio.run(fleet.run("KMD", again=True)) == 0
    assert (fleet.wallets["KMD"].seen, fleet.wallets["CCL"].key) == (True, False)


def test_it_says_how_long_it_has_been_at_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "PROGRESS_SECONDS", 0.01)
    fleet = Fleet(tmp_path, monkeypatch)

    async def test() -> None:
        fleet.hold = asyncio.Event()
        running = asyncio.create_task(fleet.run("KMD"))
        async with asyncio.timeout(10):
            while len(fleet.complained) < 2:
                await asyncio.sleep(0.01)
            fleet.hold.set()
            assert await running == 0

    asyncio.run(test())
    assert fleet.complained[0] == "KMD: under way since 0 s"


def test_a_checkpoint_masters_file_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    world = World(tmp_path)
    file = tmp_path / "agent.json"
    file.write_text(to_json(replace(world.config, kind="checkpoint-master")))
    assert main(["import-keys", "--config", str(file)]) == 2
    assert capsys.readouterr().err.startswith("kind: found checkpoint-master, expected iguana")
