"""What becomes of a signer, and of its duty, when one of the processes dies or freezes."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

import pytest

from tests.failover.agent_world import World, run, runs, state, until


@pytest.mark.parametrize(("answer", "word"), [("whole", "clean"), ("never", "unclean"), ("cut off", "unclean")])
def test_a_dead_signer_frees_the_duty_at_once_cleanly_only_if_every_call_was_answered(
    tmp_path: Path, answer: str, word: str
) -> None:
    async def scene(world: World) -> None:
        world.start("watchdog")
        world.start("agent")
        await world.signing()
        before = len(world.gate.signed)
        world.gate.answer = answer
        await until(lambda: len(world.gate.signed) > before + (answer == "whole"), "a call of that kind is made")
        if answer == "cut off":
            await until(
                lambda: "Error" in world.text("answers") or "Incomplete" in world.text("answers"), "it is cut off"
            )
        elif answer == "whole":
            with world.ledger.open():  # the double calls ten times a second: between two calls all are answered
                await asyncio.sleep(0)
        pids = world.signer_pids()
        os.kill(pids[0], signal.SIGKILL)
        await until(lambda: bool(world.ledger.now["releases"]), "the duty is released")
        assert not any(runs(pid) for pid in pids), "the whole family goes with its leader"
        if answer != "whole":  # a kill may catch a call of the double's under way: that is unclean by right
            assert world.ledger.now["releases"][0] == word, world.text("agent.log")

    run(tmp_path, scene)


def test_an_agent_that_is_killed_takes_its_whole_signer_along_and_the_duty_is_free_at_once(tmp_path: Path) -> None:
    async def scene(world: World) -> None:
        world.start("watchdog")
        agent = world.start("agent")
        await world.signing()
        pids = world.signer_pids()
        agent.kill()
        agent.wait()
        await until(lambda: not any(runs(pid) for pid in pids), "the whole family is dead, the stray too")
        await until(lambda: world.ledger.now["holder"] is None, "the session is ended")
        assert world.ledger.now["clean"] is False, "nobody can say that every call was answered"
        assert world.events("watchdog") == ["watching", "signer killed", "session ended"]

    run(tmp_path, scene)


def test_a_frozen_agent_loses_its_signer_when_its_deadline_passes_and_then_its_session(tmp_path: Path) -> None:
    async def scene(world: World) -> None:
        world.start("watchdog")
        agent = world.start("agent")
        await world.signing()
        pids = world.signer_pids()
        epoch = world.ledger.now["holder"]["epoch"]
        with world.ledger.open():  # else it may stand still with the double's lock in its hand
            agent.send_signal(signal.SIGSTOP)
            await until(lambda: state(agent.pid) == "T", "it stands still")
        await until(lambda: not any(runs(pid) for pid in pids), "the watchdog has killed the whole family")
        await until(lambda: world.ledger.now["holder"] is None, "the session is ended")
        agent.send_signal(signal.SIGCONT)
        await until(
            lambda: (world.ledger.now["holder"] or {}).get("epoch", 0) > epoch, "it comes back with a new epoch"
        )
        assert "signer killed" in world.events("watchdog")

    run(tmp_path, scene)


def test_a_new_agent_ends_what_an_earlier_one_has_left_before_it_campaigns(tmp_path: Path) -> None:
    async def scene(world: World) -> None:
        world.start("watchdog")
        agent = world.start("agent")
        await world.signing()
        stray = world.signer_pids()[2]
        world.started["watchdog"].kill()
        world.started["watchdog"].wait()
        agent.kill()
        agent.wait()
        assert runs(stray), "nobody is left who would end it"
        world.ledger.end_session(world.ledger.now["holder"]["session"])
        world.start("agent")
        await until(lambda: not runs(stray), "the new agent ends it")
        await until(lambda: "leftover signer killed" in world.events("agent"), "and says so")

    run(tmp_path, scene)


def test_a_watchdog_that_is_told_to_end_stays_while_there_is_a_signer(tmp_path: Path) -> None:
    async def scene(world: World) -> None:
        watchdog = world.start("watchdog")
        agent = world.start("agent")
        await world.signing()
        watchdog.send_signal(signal.SIGTERM)
        agent.kill()
        agent.wait()
        pids = world.signer_pids()
        await until(lambda: watchdog.poll() is not None, "it ends after the last of the family")
        assert not any(runs(pid) for pid in pids)
        assert world.ledger.now["holder"] is None
        assert watchdog.returncode == 0

    run(tmp_path, scene)
