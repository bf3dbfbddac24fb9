"""The loopback ports: what is passed on, what is refused, and which answers count."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from failover import wire
from failover.agent.forward import Forwarder
from failover.agent.main import signs
from failover.agent.tenure import Tenure
from failover.lease import Lease
from failover.log import Log
from failover.model import Claim
from failover.settings import timing
from failover.tls import Identity
from tests.failover.agent_world import World

SIGN = {"id": 1, "method": "signrawtransaction", "params": []}
READ = {"id": 2, "method": "getblockchaininfo", "params": []}


class Port:
    """A forwarder with a clock and a claim of the test's own."""

    def __init__(self, world: World) -> None:
        self.world, self.now = world, 100.0
        claim = Claim(duty="alice.main", candidate="eu-west", epoch=41, term=1, clean=True)
        lease = Lease(timing=timing(world.config), counted_from=100.0)
        self.tenure: Tenure | None = Tenure(claim=claim, acquired_at=100.0, lease=lease, activated=True)
        identity = Identity(world.files, server=False, log=Log(lambda _: None))
        self.forwarder = Forwarder(world.config, identity, lambda: self.tenure, signs, lambda: self.now)

    async def post(self, body: object) -> tuple[int, Any]:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        url = f"http://127.0.0.1:{self.world.rpc_port}/"
        async with aiohttp.ClientSession() as session, session.post(url, data=data) as answer:
            return answer.status, json.loads(await answer.read())


def counted(port: Port) -> tuple[int, int]:
    """Signing calls of the claim: those that may still be answered, and those that never are."""
    assert port.tenure
    return port.tenure.calls.pending(), port.tenure.calls.lost


def play(folder: Path, scene: Callable[[Port], Any]) -> None:
    async def act() -> None:
        world = World(folder)
        runner = await world.gate.start()
        port = Port(world)
        await port.forwarder.start()
        try:
            await scene(port)
        finally:
            await port.forwarder.close()
            await runner.cleanup()

    asyncio.run(act())


def test_a_signing_call_goes_on_with_duty_and_epoch_and_its_answer_comes_back(tmp_path: Path) -> None:
    async def scene(port: Port) -> None:
        status, answer = await port.post(SIGN)
        assert (status, answer["result"]) == (200, {"hex": "00"})
        headers = port.world.gate.signed[0]
        assert (headers[wire.DUTY_HEADER], headers[wire.EPOCH_HEADER]) == ("alice.main", "41")
        assert counted(port) == (0, 0)

    play(tmp_path, scene)


def test_only_the_agents_own_calls_have_the_places_that_gates_keep_for_them(tmp_path: Path) -> None:
    async def scene(port: Port) -> None:
        await port.forwarder.call(port.world.config.routes[0], "getblockchaininfo")
        await port.post(READ)
        assert [wire.HEALTH_HEADER in headers for headers in port.world.gate.read] == [True, False]

    play(tmp_path, scene)


def without_claim(port: Port) -> None:
    port.tenure = None


def draining(port: Port) -> None:
    assert port.tenure
    port.tenure.draining_since = 100.0


def past_the_lease(port: Port) -> None:
    port.now = 103.0


def lost(port: Port) -> None:
    assert port.tenure
    port.tenure.lost = True


def not_activated(port: Port) -> None:
    assert port.tenure
    port.tenure.activated = False


@pytest.mark.parametrize("state", [without_claim, draining, past_the_lease, lost, not_activated])
def test_a_signing_call_is_refused_at_once_and_a_reading_one_passes(
    tmp_path: Path, state: Callable[[Port], None]
) -> None:
    async def scene(port: Port) -> None:
        state(port)
        status, answer = await port.post(SIGN)
        assert (status, answer["error"]["code"], answer["id"]) == (500, wire.REFUSED, 1)
        status, answers = await port.post([READ, SIGN])
        assert status == 500
        assert [item["id"] for item in answers] == [2, 1], "a batch is as strict as its strictest call"
        status, _ = await port.post(b"{")
        assert status == 500
        assert port.world.gate.signed == []
        status, answer = await port.post(READ)
        assert (status, answer["result"]["blocks"]) == (200, 100)

    play(tmp_path, scene)


@pytest.mark.parametrize("kind", ["cut off", "in doubt"])
def test_a_call_whose_answer_is_not_whole_or_in_doubt_is_lost(tmp_path: Path, kind: str) -> None:
    async def scene(port: Port) -> None:
        port.world.gate.answer = kind
        try:
            await port.post(SIGN)
        except aiohttp.ClientError:
            assert kind == "cut off"
        port.world.gate.answer = "whole"
        await port.post(SIGN)
        assert counted(port) == (0, 1)

    play(tmp_path, scene)


@pytest.mark.parametrize("code", [wire.REFUSED, wire.FORBIDDEN, wire.OVERLOADED, wire.NOT_EXECUTED, wire.GONE, -28])
def test_a_call_that_was_certainly_not_executed_is_answered(tmp_path: Path, code: int) -> None:
    async def scene(port: Port) -> None:
        port.world.gate.error = {"code": code, "message": "gate: no"}
        for body in (SIGN, [SIGN, READ]):
            await port.post(body)
        assert counted(port) == (0, 0)

    play(tmp_path, scene)


def test_a_batch_with_one_call_in_doubt_is_lost(tmp_path: Path) -> None:
    async def scene(port: Port) -> None:
        port.world.gate.error = {"code": wire.UNREACHABLE, "message": "gate: no answer"}
        await port.post([SIGN, READ])
        assert counted(port) == (0, 1)

    play(tmp_path, scene)


def test_a_call_that_found_no_gate_was_never_sent(tmp_path: Path) -> None:
    async def scene() -> None:
        world = World(tmp_path)  # its gate is not started
        port = Port(world)
        await port.forwarder.start()
        status, answer = await port.post(SIGN)
        assert (status, answer["error"]["code"]) == (500, wire.NOT_EXECUTED)
        assert counted(port) == (0, 0)
        await port.forwarder.close()

    asyncio.run(scene())


def test_a_signer_that_hangs_up_does_not_end_its_call(tmp_path: Path) -> None:
    async def scene(port: Port) -> None:
        port.world.gate.answer = "never"
        asking = asyncio.create_task(port.post(SIGN))
        while not port.world.gate.signed:
            await asyncio.sleep(0.01)
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)
        await port.post(READ)
        assert counted(port) == (1, 0)
        await port.forwarder.close()
        assert counted(port) == (0, 1)  # cut off: nobody knows what became of it

    play(tmp_path, scene)


def test_a_call_counts_for_the_claim_that_it_was_sent_under(tmp_path: Path) -> None:
    async def scene(port: Port) -> None:
        port.world.gate.answer = "never"
        asking = asyncio.create_task(port.post(SIGN))
        while not port.world.gate.signed:
            await asyncio.sleep(0.01)
        first = port.tenure
        port.tenure = Port(port.world).tenure
        assert first
        assert (first.calls.pending(), counted(port)) == (1, (0, 0))
        asking.cancel()

    play(tmp_path, scene)


def test_a_large_answer_comes_through_whole(tmp_path: Path) -> None:
    async def scene(port: Port) -> None:
        port.world.gate.reading["getblockchaininfo"] = {"blocks": "x" * 20_000_000}
        status, answer = await port.post(READ)
        assert (status, len(answer["result"]["blocks"])) == (200, 20_000_000)

    play(tmp_path, scene)
