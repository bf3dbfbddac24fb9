"""A gate as a server: callers, limits, large answers, certificates, links, its end."""

from __future__ import annotations

import asyncio
import json
import ssl
from pathlib import Path

import pytest
from aiohttp import ClientError

from failover import wire
from tests.failover.gate_world import (
    READ,
    SIGN,
    error,
    limited,
    restarted,
    run,
    serving,
    until,
    world,
)

LARGE = 50 << 20


def test_a_large_answer_streams_and_waits_for_its_reader(tmp_path: Path) -> None:
    async def test() -> None:
        async with world(tmp_path, change=limited(slow_client_seconds=10)) as it:
            it.daemon.large = LARGE
            async with it.session.post(it.url, json=READ) as answer:
                await answer.content.readexactly(1000)
                written = -1
                while written != it.daemon.written:  # until nothing moves any more
                    written = it.daemon.written
                    await asyncio.sleep(0.2)
                assert written < LARGE * 0.7  # what sockets hold; the rest is still the daemon's
                rest = await answer.read()
            assert len(rest) == LARGE - 1000

    run(test)


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


@pytest.mark.parametrize(
    ("error", "status"), [(None, 200), ({"code": -8, "message": "no"}, 200), ({"code": -28, "message": "Loading"}, 503)]
)
def test_a_daemon_lives_while_it_reads_its_index_and_answers_once_it_has(
    tmp_path: Path, error: dict[str, object] | None, status: int
) -> None:
    async def test() -> None:
        async with world(tmp_path) as it:
            it.daemon.error = error
            assert (await it.health("/chain/answers"))[0] == status
            assert (await it.health("/chain/lives"))[0] == 200
            assert it.daemon.executed == ["getblockcount"] * 2
            await it.daemon.stop()
            assert (await it.health("/chain/answers"))[0] == 503
            assert (await it.health("/chain/lives"))[0] == 503
            assert (await it.health("/readyz"))[0] == 200

    run(test)


def test_an_end_loses_no_answer_and_the_gate_starts_again(tmp_path: Path) -> None:
    async def test() -> None:
        async with world(tmp_path) as it:
            it.daemon.hold = asyncio.Event()
            call = asyncio.create_task(it.call(SIGN, 7))
            await until(lambda: len(it.daemon.executed) == 1)
            it.stop.set()
            await until(lambda: not _listens(it.config.listen_port))
            assert (await it.health("/readyz"))[0] == 503
            await asyncio.sleep(0.2)  # the daemon takes its time
            assert not it.gate.done()
            it.daemon.hold.set()
            assert (await call)["result"] == "done"
            await it.gate
            await restarted(it)
            assert (await it.call(SIGN, 7))["result"] == "done"

    run(test)


def _listens(port: int) -> bool:
    return f":{port:04X} 00000000:0000 0A" in Path("/proc/net/tcp").read_text()


def test_health_tells_what_happened_and_logs_tell_no_parameters(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async def test() -> None:
        async with world(tmp_path) as it:
            await it.call(READ)
            await it.call(SIGN | {"params": ["0badc0de"]}, 7)
            await it.call(SIGN | {"params": ["0badc0de"]}, 6)
            await it.call({"method": "importprivkey", "params": ["geheim"]}, 6)
            assert await it.health("/livez") == (200, "ok\n")
            assert (await it.health("/elsewhere"))[0] == 404
            _, text = await it.health("/metrics")
            assert 'gate_calls_total{kind="reading",outcome="answered"} 1.0' in text
            assert 'gate_calls_total{kind="signing",outcome="answered"} 1.0' in text
            assert 'gate_refusals_total{reason="old"} 2.0' in text
            assert "gate_highest_epoch 7.0" in text
            assert "gate_confirmation_age_seconds 0." in text
            assert 'gate_upstream_seconds_count{kind="signing"} 1.0' in text

    run(test)
    printed = capsys.readouterr().out
    lines = [json.loads(line) for line in printed.splitlines()]
    refusals = [line for line in lines if line.get("outcome") == "refused"]
    assert [line["methods"] for line in refusals] == [["signrawtransaction"], ["importprivkey"]]
    assert "0badc0de" not in printed
    assert "geheim" not in printed


def test_only_posts_to_the_root_are_calls(tmp_path: Path) -> None:
    async def test() -> None:
        async with world(tmp_path) as it:
            async with it.session.get(it.url) as answer:
                assert answer.status == 405
            async with it.session.post(f"{it.url}wallet/other", json=READ) as answer:
                assert answer.status == 405
            assert it.daemon.executed == []
            await serving(it)

    run(test)
