"""What a gate lets in: how many at once, how much, how slowly; over real sockets."""

from __future__ import annotations

import asyncio
import json
import ssl
from pathlib import Path

import pytest
from aiohttp import ClientError

from failover import wire
from failover.gate.door import HEALTH_PLACES
from tests.failover.gate_world import (
    READ,
    SIGN,
    error,
    limited,
    run,
    until,
    world,
)

LARGE = 50 << 20


def test_a_reader_that_stops_is_cut_and_its_place_is_free(tmp_path: Path) -> None:
    async def test() -> None:
        async with world(tmp_path, change=limited(concurrency=1)) as it:
            it.daemon.large = LARGE
            async with it.session.post(it.url, json=READ) as answer:
                await answer.content.readexactly(1000)
                assert error(await it.call(READ))[0] == wire.OVERLOADED
                async with asyncio.timeout(20):
                    while "gate_requests_under_way 0.0" not in (await it.health("/metrics"))[1]:
                        await asyncio.sleep(0.05)
                with pytest.raises(ClientError):
                    await answer.read()
            it.daemon.large = 0
            assert (await it.call(READ))["result"] == "done"

    run(test)


def test_a_request_that_is_too_large_is_refused_whether_it_says_so_or_not(tmp_path: Path) -> None:
    async def test() -> None:
        async with world(tmp_path) as it:
            large = json.dumps(READ | {"params": ["x" * 100_000]}).encode()
            _, found = await it.raw(large)
            assert error(found) == (-32600, "gate: a request may have 100000 bytes")

            async def pieces():  # noqa: ANN202
                yield large

            async with it.session.post(it.url, data=pieces()) as answer:
                assert "may have 100000 bytes" in await answer.text()
            assert it.daemon.executed == []

    run(test)


@pytest.mark.parametrize(
    "begun", [b"", b"POST / HTTP/1.1\r\nHost: a\r\n", b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n{"]
)
def test_a_caller_that_takes_too_long_is_cut(tmp_path: Path, begun: bytes) -> None:
    async def test() -> None:
        async with world(tmp_path) as it:
            context = ssl.create_default_context(cadata=it.authority.pem.decode())
            context.load_cert_chain(tmp_path / "agent" / "tls.crt", tmp_path / "agent" / "tls.key")
            for before in (b"", b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"):
                if before and not begun:
                    continue  # idle after an answer is no crime
                reader, writer = await asyncio.open_connection("127.0.0.1", it.config.listen_port, ssl=context)
                writer.write(before)
                if before:
                    await reader.readuntil(b"all there is\n")
                writer.write(begun)
                try:
                    async with asyncio.timeout(8):
                        await reader.read()
                except ConnectionError:
                    pass
                writer.close()
            assert (await it.call(READ))["result"] == "done"

    run(test)


def test_an_agent_may_ask_after_the_daemons_health_while_its_signer_has_every_place(tmp_path: Path) -> None:
    async def test() -> None:
        async with world(tmp_path, change=limited(concurrency=1)) as it:
            it.daemon.hold = asyncio.Event()
            kept = asyncio.create_task(it.call(READ))
            await until(lambda: len(it.daemon.executed) == 1)
            assert error(await it.call(READ))[0] == wire.OVERLOADED
            asked = [asyncio.create_task(it.call(READ, health=True)) for _ in range(HEALTH_PLACES + 1)]
            await until(lambda: len(it.daemon.executed) == 1 + HEALTH_PLACES)
            it.daemon.hold.set()
            answers = [await task for task in (kept, *asked)]
            assert [answer["error"] and answer["error"]["code"] for answer in answers].count(wire.OVERLOADED) == 1

    run(test)


def test_more_calls_than_the_limit_are_refused_and_later_ones_pass(tmp_path: Path) -> None:
    async def test() -> None:
        async with world(tmp_path) as it:
            it.daemon.hold = asyncio.Event()
            calls = [asyncio.create_task(it.call(SIGN, 7)) for _ in range(8)]
            await until(lambda: len(it.daemon.executed) == 8)
            assert error(await it.call(READ))[0] == wire.OVERLOADED
            assert "gate_requests_under_way 8.0" in (await it.health("/metrics"))[1]
            it.daemon.hold.set()
            assert [answer["result"] for answer in await asyncio.gather(*calls)] == ["done"] * 8
            assert (await it.call(READ))["result"] == "done"

    run(test)
