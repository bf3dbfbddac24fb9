"""A real daemon that starts, ends, stands still, rescans or has no room: what the agent learns of it."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from failover import wire
from failover.health import Reach
from failover.imports import Brought, bring
from tests.failover import litecoind_world
from tests.failover.agent_world import until
from tests.failover.litecoind_world import KEY, Litecoind, Scene, call, code, needs_litecoind, play

pytestmark = needs_litecoind
WARMING_UP = -28
SLOW_START = ("-checkblocks=0", "-checklevel=4")  # all of its chain, by all means


async def codes_until(scene: Scene, wanted: int) -> list[int]:
    """Of a signing call that is sent again and again until it is answered so: each code once, in order."""
    seen: list[int] = []
    while not seen or seen[-1] != wanted:
        found = code(await scene.post(call("keypoolrefill")))
        seen += [found] if found not in seen else []
    return seen


def test_a_restart_is_told_by_its_steps_and_loses_no_call(tmp_path: Path, chain: Path) -> None:
    async def test(scene: Scene) -> None:
        await scene.with_wallet()
        tenure = scene.hold()
        asked = asyncio.create_task(codes_until(scene, wire.GONE))
        await asyncio.to_thread(scene.daemon.end)
        await asked
        observer = scene.observer()
        assert (await observer.read()).reach is Reach.GONE
        assert [await scene.probe(path) for path in ("/chain/lives", "/chain/answers")] == [503, 503]

        scene.daemon.start(*SLOW_START)
        probes: set[tuple[int, int]] = set()
        started = asyncio.create_task(codes_until(scene, 0))
        while not started.done():
            probes.add((await scene.probe("/chain/lives"), await scene.probe("/chain/answers")))
            await asyncio.sleep(0.001)
        assert await started == [wire.GONE, WARMING_UP, 0]
        assert (200, 503) in probes  # it lives while it warms up
        assert await scene.probe("/chain/answers") == 200
        assert (await observer.read()).reach is Reach.ANSWERS
        assert (tenure.calls.pending(), tenure.calls.lost) == (0, 0)
        await observer.close()

    play(tmp_path, test, data=chain)


def test_a_daemon_that_stands_still_lives_is_silent_and_has_one_question(tmp_path: Path) -> None:
    async def test(scene: Scene) -> None:
        await scene.with_wallet()
        observer = scene.observer()
        await observer.read()
        scene.daemon.send_signal(signal.SIGSTOP)
        probes = asyncio.gather(scene.probe("/chain/lives"), scene.probe("/chain/answers"))
        for _ in range(2):
            assert (await observer.read()).reach is Reach.SILENT
        assert await probes == [200, 503]
        waiting = (await _metrics(scene))["gate_requests_under_way"]
        assert waiting == 2  # getblockchaininfo, getpeerinfo: once each
        scene.daemon.send_signal(signal.SIGCONT)
        assert (await observer.read()).reach is Reach.ANSWERS
        await observer.close()

    play(tmp_path, test)


async def _metrics(scene: Scene) -> dict[str, float]:
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"http://127.0.0.1:{scene.gate_config.health_port}/metrics") as answer,
    ):
        lines = [line for line in (await answer.text()).splitlines() if not line.startswith("#")]
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines)}


def test_a_second_import_is_refused_while_one_is_under_way_and_reading_goes_on(tmp_path: Path, chain: Path) -> None:
    async def test(scene: Scene) -> None:
        await scene.with_wallet()
        scene.daemon.send_signal(signal.SIGSTOP)
        ask = scene.ask()
        first = asyncio.create_task(ask("rescanblockchain"))
        await until(lambda: _connected(scene), "the first is at the daemon")
        with pytest.raises(wire.CallError, match="under way since") as refused:
            await ask("rescanblockchain")
        assert refused.value.code == wire.OVERLOADED
        scene.daemon.send_signal(signal.SIGCONT)
        assert (await first)["stop_height"] == scene.daemon.height()
        assert (await ask("rescanblockchain"))["start_height"] == 0

    play(tmp_path, test, data=chain)


def _connected(scene: Scene) -> bool:
    """Whether bytes wait at the daemon's port, which reads none."""
    lines = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return any(line[1].endswith(f":{scene.daemon.port:04X}") and int(line[4].split(":")[1], 16) for line in lines)


def test_a_rescan_is_seen_while_it_lasts_and_calls_go_on(tmp_path: Path, chain: Path) -> None:
    async def test(scene: Scene) -> None:
        await scene.with_wallet()
        scene.daemon.mine(1000, litecoind_world.ANYBODYS)
        bringing = asyncio.create_task(bring(scene.ask(), KEY))
        observer, seen = scene.observer(), list[tuple[Any, ...]]()
        while not bringing.done():
            found = await observer.read()
            seen.append((found.reach, found.key, found.scanning))
        assert {reach for reach, _, _ in seen} == {Reach.ANSWERS}
        assert (Reach.ANSWERS, True, True) in seen
        assert await bringing is Brought.IMPORTED
        found = await observer.read()
        assert (found.key, found.scanning, found.utxos) == (True, False, 1)
        await observer.close()

    play(tmp_path, test, data=chain)


def test_an_import_that_a_kill_breaks_off_is_done_anew(tmp_path: Path, chain: Path) -> None:
    async def test(scene: Scene) -> None:
        await scene.with_wallet()
        scene.daemon.mine(1000, litecoind_world.ANYBODYS)
        bringing = asyncio.create_task(bring(scene.ask(), KEY))
        await until(lambda: scene.daemon.ask("getwalletinfo")["scanning"] is not False, "it looks through its chain")
        scene.daemon.end(signal.SIGKILL)
        scene.daemon.start()
        await bringing
        assert scene.daemon.ask("getbalance") > 0

    play(tmp_path, test, data=chain)


def on_a_small_disk(command: Sequence[str], folder: Path) -> list[str]:
    """The command with a file system of its own for its data, in a mount namespace that ends with it."""
    script = f'mount -t tmpfs -o size=150m none "{folder}" && exec "$@"'
    return ["unshare", "--mount", "sh", "-c", script, "sh", *command]


@pytest.mark.skipif(
    os.geteuid() != 0 or not shutil.which("unshare"), reason="a file system of its own wants root and unshare"
)
def test_with_a_full_disk_an_import_is_refused_and_the_coins_are_found_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = Litecoind.command
    monkeypatch.setattr(Litecoind, "command", lambda it, *flags: on_a_small_disk(command(it, *flags), it.folder))
    refusals: list[str] = []

    async def test(scene: Scene) -> None:
        await scene.with_wallet()
        tenure = scene.hold()
        scene.daemon.mine(1, litecoind_world.OWN)
        assert scene.daemon.process
        fill(Path(f"/proc/{scene.daemon.process.pid}/root{scene.daemon.folder}/ballast"))
        # The wallet's file has some room of its own: keys are made until it has none.
        while not code(await scene.post(call("getnewaddress"))):
            pass
        ask = scene.ask()

        async def noting(method: str, *params: object) -> Any:
            try:
                return await ask(method, *params)
            except wire.CallError as error:
                refusals.append(str(error))
                raise

        # The daemon has the key in its memory then, and so do its signatures.
        assert await bring(noting, KEY) is Brought.RESCANNED
        assert [refusal.startswith("LTC importprivkey: ") for refusal in refusals] == [True]
        assert scene.daemon.ask("getwalletinfo")["txcount"] == 1
        assert (tenure.calls.pending(), tenure.calls.lost) == (0, 0)

    play(tmp_path, test)


def fill(path: Path) -> None:
    """Until nothing fits any more."""
    with path.open("wb", buffering=0) as file:
        try:
            while file.write(b"x" * 4096):
                pass
        except OSError:
            return
