"""An agent that starts, signs, and ends in order, with real processes."""

from __future__ import annotations

import asyncio
import json
import signal
from pathlib import Path

import aiohttp

from failover import wire
from tests.failover.agent_world import PASSPHRASE, PUBKEY, World, run, runs, until


def test_a_candidate_signs_through_the_gate_and_lets_go_cleanly_when_told_to_end(tmp_path: Path) -> None:
    async def scene(world: World) -> None:
        world.start("watchdog")
        agent = world.start("agent")
        await world.signing()
        headers = world.gate.signed[-1]
        assert headers[wire.DUTY_HEADER] == "alice.main"
        assert headers[wire.EPOCH_HEADER] == str(world.ledger.now["holder"]["epoch"])
        pids = world.signer_pids()
        assert all(runs(pid) for pid in pids)
        agent.send_signal(signal.SIGTERM)
        await until(lambda: agent.poll() is not None, "the agent ends")
        assert agent.returncode == 0, world.text("agent.log")
        assert world.ledger.now["releases"] == ["clean"], world.text("agent.log")
        assert not any(runs(pid) for pid in pids)
        assert not (tmp_path / "state" / "deadline.json").exists()
        watchdog = world.started["watchdog"]
        watchdog.send_signal(signal.SIGTERM)
        await until(lambda: watchdog.poll() is not None, "the watchdog ends when nobody is left to watch")
        assert watchdog.returncode == 0
        calls = [json.loads(line) for line in world.text("calls").splitlines()]
        assert [call["method"] for call in calls] == ["addcoin", "addcoin", "walletpassphrase", "dpow"]
        assert calls[0]["rpchost"] == f"127.0.0.1:{world.rpc_port}"
        assert calls[3]["symbol"] == "KMD"
        assert calls[3]["pubkey"] == PUBKEY
        assert "signer says" in world.events("agent")
        assert PASSPHRASE not in world.text("agent.log") + world.text("watchdog.log")

    run(tmp_path, scene)


def test_a_hot_standby_has_its_coins_but_no_key_and_takes_over_when_the_duty_is_free(tmp_path: Path) -> None:
    async def scene(world: World) -> None:
        with world.ledger.open() as values:
            values["holder"] = {"candidate": "us-east", "epoch": 50, "session": 1}
        world.start("watchdog")
        world.start("agent")
        await until(lambda: "signer prepared" in world.events("agent"), "the standby is prepared")
        assert "walletpassphrase" not in world.text("calls")
        world.ledger.end_session(1)
        await world.signing()
        assert world.ledger.now["holder"]["candidate"] == "eu-west"

    run(tmp_path, scene)


def test_without_a_watchdog_nobody_signs(tmp_path: Path) -> None:
    async def scene(world: World) -> None:
        world.start("agent")
        await until(lambda: "no watchdog runs" in world.text("agent.log"), "the reason is told")
        assert world.ledger.now["holder"] is None
        world.start("watchdog")
        await world.signing()

    run(tmp_path, scene)


def test_an_agent_that_is_cut_off_kills_its_signer_before_its_session_can_end(tmp_path: Path) -> None:
    async def scene(world: World) -> None:
        world.start("watchdog")
        world.start("agent")
        await world.signing()
        pids = world.signer_pids()
        with world.ledger.open() as values:
            values["cut"] = True
        await until(lambda: not any(runs(pid) for pid in pids), "the signer is dead")
        with world.ledger.open() as values:
            values["cut"] = False
        await until(lambda: world.ledger.now["epoch"] > 101, "the duty is taken anew")

    run(tmp_path, scene)


def test_all_stop_stands_above_everything_until_it_is_lifted(tmp_path: Path) -> None:
    async def scene(world: World) -> None:
        world.start("watchdog")
        world.start("agent")
        await world.signing()
        pids = world.signer_pids()
        with world.ledger.open() as values:
            values["all_stop"] = True
        await until(lambda: world.ledger.now["releases"] == ["clean"], "the duty is let go")
        assert not any(runs(pid) for pid in pids)
        await asyncio.sleep(0)
        with world.ledger.open() as values:
            values["all_stop"] = False
        await until(lambda: world.ledger.now["holder"] is not None, "the duty is taken again")

    run(tmp_path, scene)


def test_the_health_port_says_that_it_lives_campaigns_and_holds(tmp_path: Path) -> None:
    async def scene(world: World) -> None:
        world.start("watchdog")
        world.start("agent")
        await world.signing()
        async with aiohttp.ClientSession() as session:
            for path, words in (
                ("livez", "last tick"),
                ("readyz", "campaigns"),
                ("metrics", "notary_agent_holder 1.0"),
            ):
                async with session.get(f"http://127.0.0.1:{world.health_port}/{path}") as answer:
                    assert answer.status == 200
                    assert words in await answer.text()

    run(tmp_path, scene)


def test_an_ensemble_that_answers_later_than_a_heartbeat_is_a_slow_one_and_no_lost_one(tmp_path: Path) -> None:
    async def scene(world: World) -> None:
        with world.ledger.open() as values:
            values["slow"] = 2 * world.config.timing.heartbeat_ms / 1000
        world.start("watchdog")
        agent = world.start("agent")
        await world.signing()
        with world.ledger.open() as values:
            values["orders"] = {"drained": ["eu-west"]}
        await until(lambda: world.ledger.now["releases"] == ["clean"], "its holder obeys")
        assert agent.poll() is None, world.text("agent.log")

    run(tmp_path, scene)
