"""How long a gate believes what it was told, and what it never forgets: over real sockets."""

from __future__ import annotations

import asyncio
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from aiohttp import TCPConnector

from config.failover import GateConfig
from failover import wire
from failover.gate import GateError
from failover.gate.highwater import NAME
from tests.failover.gate_world import READ, SIGN, STALENESS_MS, error, restarted, run, until, world


def test_a_confirmation_ages_from_when_it_was_asked_for(tmp_path: Path) -> None:
    async def test() -> None:
        change = lambda it: replace(it, timing=replace(it.timing, staleness_ms=1000))  # noqa: E731
        async with world(tmp_path, change=change) as it:
            it.verdicts.gate = asyncio.Event()
            call = asyncio.create_task(it.call(SIGN, 7))
            await until(lambda: it.verdicts.asked == 1)
            await asyncio.sleep(0.95)  # what is tested is this age
            it.verdicts.gate.set()
            await call
            executed = len(it.daemon.executed)  # 1, or 0 on a slow machine
            it.verdicts.quorum = False
            await asyncio.sleep(0.06)
            assert "confirmed " in error(await it.call(SIGN, 7))[1]
            assert len(it.daemon.executed) == executed

    run(test)


def test_a_black_hole_closes_the_gate_within_staleness(tmp_path: Path) -> None:
    async def test() -> None:
        async with world(tmp_path) as it:
            await it.call(SIGN, 7)
            it.verdicts.gate = asyncio.Event()
            loop = asyncio.get_running_loop()
            begun, last = loop.time(), 0.0
            while "error" not in (found := await it.call(SIGN, 7)) or not found["error"]:
                last = loop.time()
                assert last - begun < 10
            assert error(found)[0] == wire.REFUSED
            executed = len(it.daemon.executed)
            assert "error" in await it.call(SIGN, 7)
            assert len(it.daemon.executed) == executed
            assert (await it.call(READ))["result"] == "done"

    run(test)


def test_a_confirmation_that_grows_old_on_the_way_to_the_daemon_sends_nothing(tmp_path: Path) -> None:
    """The connection is slow to come: admitted before, refused when the bytes are due."""

    async def test() -> None:
        async with world(tmp_path) as it:
            await it.call(READ)
            await it.daemon.stop()
            real = TCPConnector.connect

            async def late(self: TCPConnector, *args: object, **more: object) -> object:
                await asyncio.sleep(STALENESS_MS / 1000 + 0.1)
                return await real(self, *args, **more)  # type: ignore[arg-type]

            await it.daemon.start()
            session = it.session.connector
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(
                    TCPConnector,
                    "connect",
                    lambda self, *a, **m: real(self, *a, **m) if self is session else late(self, *a, **m),
                )
                code, message = error(await it.call(SIGN, 7))
            assert code == wire.REFUSED
            assert "less than 1.5 s are needed" in message
            assert it.daemon.executed == ["getinfo"]

    run(test)


def test_after_a_restart_an_ensemble_restored_from_a_backup_is_not_believed(tmp_path: Path) -> None:
    async def test() -> None:
        async with world(tmp_path) as it:
            await it.call(SIGN, 7)
            await restarted(it)
            it.verdicts.epoch = 5
            code, message = error(await it.call(SIGN, 5))
            assert code == wire.REFUSED
            assert "epoch 5 is lower than 7" in message
            assert it.daemon.executed == ["signrawtransaction"]
            it.verdicts.epoch = 9
            assert (await it.call(SIGN, 9))["result"] == "done"

    run(test)


def test_an_epoch_that_can_not_be_stored_is_refused_and_nothing_forgotten(tmp_path: Path) -> None:
    async def test() -> None:
        async with world(tmp_path) as it:
            await it.call(SIGN, 7)
            state = tmp_path / "state"
            (state / f"{NAME}.new").mkdir()  # where the new file would be written
            assert (await it.call(SIGN, 7))["result"] == "done"
            it.verdicts.epoch = 8
            code, message = error(await it.call(SIGN, 8))
            assert (code, message) == (wire.REFUSED, "gate: epoch 8 can't be stored: Is a directory")
            assert (await it.call(READ))["result"] == "done"
            shutil.rmtree(state / f"{NAME}.new")
            assert (await it.call(SIGN, 8))["result"] == "done"
            assert it.daemon.executed.count("signrawtransaction") == 3

    run(test)


def test_a_gate_that_can_not_trust_its_memory_does_not_start(tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / NAME).write_text("7")

    async def test() -> None:
        with pytest.raises(GateError, match="highest-epoch is damaged"):
            async with world(tmp_path):
                pass

    run(test)


def test_two_gates_configured_alike_do_not_both_start(tmp_path: Path) -> None:
    async def test() -> None:
        async with world(tmp_path) as it:

            def same(config: GateConfig) -> GateConfig:
                return replace(config, listen_port=it.config.listen_port)

            with pytest.raises(GateError, match="can't be had"):
                async with world(tmp_path / "other", change=same):
                    pass
            assert (await it.call(READ))["result"] == "done"

    run(test)
