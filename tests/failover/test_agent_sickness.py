"""Two candidates as processes, each with daemons of its own: who holds the duty when a daemon or a signer is sick."""

from __future__ import annotations

import asyncio
import dataclasses
import os
import signal
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from config.failover import GateRoute
from failover import wire
from sandbox.processes import free_ports
from tests.failover.agent_world import GateDouble, World, runs, until

GONE = {"code": wire.GONE, "message": "the daemon is gone"}


class Candidate:
    """One region: agent, watchdog, signer, a daemon's double for KMD and LTC and another one for CCL."""

    def __init__(self, folder: Path, region: str, priority: int, first: Candidate | None = None) -> None:
        folder.mkdir()
        self.region, self.world = region, World(folder)
        self.ccl = GateDouble(self.world.files)
        if first:
            self.world.ledger = first.world.ledger
        route = GateRoute(chain="CCL", rpc_port=free_ports(1)[0], gate=f"127.0.0.1:{self.ccl.port}")
        config = self.world.config
        self.world.config = dataclasses.replace(
            config, region=region, priority=priority, routes=(*config.routes, route)
        )

    def start(self) -> None:
        for what in ("watchdog", "agent"):
            self.world.start(what)

    @property
    def holds(self) -> bool:
        holder = self.world.ledger.now["holder"]
        return holder is not None and holder["candidate"] == self.region

    @property
    def epoch(self) -> int:
        return self.world.ledger.now["holder"]["epoch"]

    @property
    def reasons(self) -> list[str]:
        return [line["reason"] for line in self.world.lines("agent") if line["event"] == "decided"]

    async def signing(self, *chains: str) -> None:
        def signs() -> bool:
            lines = [
                line for line in self.world.lines("agent") if line["event"] in ("signer activated", "chains joined")
            ]
            told = {chain for line in lines for chain in line["chains"]}
            return self.holds and {*chains} <= told and '"hex"' in self.world.text("answers")

        await until(signs, f"{self.region} signs for {chains}: {self.reasons[-1:]}", 40)

    @property
    def published(self) -> dict[str, Any]:
        listed = self.world.ledger.now["candidates"].get(self.region)
        return listed["candidacy"] if listed else {"settled": False, "penalised": False}


def play(folder: Path, scene: Callable[[Candidate, Candidate], Coroutine[Any, Any, None]]) -> None:
    """With the daemons up; the scene starts the candidates."""

    async def act() -> None:
        west = Candidate(folder / "west", "eu-west", 1)
        central = Candidate(folder / "central", "eu-central", 2, west)
        runners = [await gate.start() for one in (west, central) for gate in (one.world.gate, one.ccl)]
        try:
            await scene(west, central)
        finally:
            for one in (west, central):
                one.world.end()
            for runner in runners:
                await runner.cleanup()

    asyncio.run(act())


async def both_up(west: Candidate, central: Candidate) -> None:
    """west signs for all chains, and central could."""
    west.start()
    await west.signing("KMD", "CCL")
    central.start()
    await until(lambda: central.published["settled"], "the standby has settled", 40)


def test_a_dead_daemon_moves_the_duty_to_the_candidate_that_can_sign_for_its_chain(tmp_path: Path) -> None:
    async def scene(west: Candidate, central: Candidate) -> None:
        await both_up(west, central)
        west.ccl.error = GONE
        await central.signing("KMD", "CCL")
        assert any("eu-central can sign for more chains (CCL: the daemon is gone)" in text for text in west.reasons)

    play(tmp_path, scene)


def test_a_chain_that_is_sick_everywhere_stops_no_other_and_moves_nothing(tmp_path: Path) -> None:
    async def scene(west: Candidate, central: Candidate) -> None:
        west.ccl.error = central.ccl.error = GONE
        west.start()
        await west.signing("KMD")
        epoch = west.epoch
        central.start()
        await until(lambda: central.published["settled"], "the standby has settled", 40)
        said = "holds the duty and signs, as nobody is better off: CCL: the daemon is gone"
        await until(lambda: west.reasons[-1] == said, "the holder tells what is wrong")
        west.ccl.error = None
        await west.signing("KMD", "CCL")
        assert west.epoch == epoch, "the chain joined a signer that went on"
        assert west.world.events("agent").count("signer activated") == 1

    play(tmp_path, scene)


def test_coins_that_the_key_lacks_in_every_region_move_nothing(tmp_path: Path) -> None:
    async def scene(west: Candidate, central: Candidate) -> None:
        for one in (west, central):
            one.ccl.reading |= {"listunspent": [], "getbalance": 0.0}
        await both_up(west, central)
        await until(lambda: "no notary UTXO is seen" in west.reasons[-1], "the holder tells what is wrong")
        assert west.reasons[-1].startswith("holds the duty and signs, as nobody is better off")
        assert west.world.ledger.now["releases"] == []

    play(tmp_path, scene)


def test_a_frozen_signer_is_killed_and_another_candidate_signs(tmp_path: Path) -> None:
    async def scene(west: Candidate, central: Candidate) -> None:
        await both_up(west, central)
        pids = west.world.signer_pids()
        os.kill(pids[0], signal.SIGSTOP)
        await central.signing("KMD", "CCL")
        assert not any(runs(pid) for pid in pids)
        assert "the signer neither answers nor works" in west.reasons

    play(tmp_path, scene)


def test_a_candidate_whose_activation_fails_takes_the_duty_from_nobody_for_a_while(tmp_path: Path) -> None:
    async def scene(west: Candidate, central: Candidate) -> None:
        central.start()
        await central.signing("KMD", "CCL")
        for gate in (west.world.gate, west.ccl):
            # What Iguana's dpow asks, and the agent where there is no getaddressinfo: each activation is refused.
            gate.reading["validateaddress"] = {"isvalid": True, "ismine": False}
        west.start()
        await until(lambda: west.published["penalised"], "its activation has failed", 60)
        await central.signing("KMD", "CCL")
        epoch = central.epoch
        await until(lambda: west.published["settled"], "it is well but for that", 40)
        await asyncio.sleep(2)
        assert (central.holds, central.epoch) == (True, epoch)
        assert west.world.events("agent").count("signer not activated") == 1

    play(tmp_path, scene)
