"""A gate as a server: callers, limits, large answers, certificates, links, its end."""

from __future__ import annotations

import asyncio
import json
import ssl
from pathlib import Path

import pytest

from failover import wire
from tests.failover.gate_world import (
    DUTY,
    READ,
    SIGN,
    limited,
    restarted,
    run,
    secured,
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
            assert it.daemon.executed == ["getblockcount"]  # that it lives, its port says
            await it.daemon.stop()
            assert (await it.health("/chain/answers"))[0] == 503
            assert (await it.health("/chain/lives"))[0] == 503
            assert (await it.health("/readyz"))[0] == 200

    run(test)


def test_a_daemon_that_answers_nothing_lives_and_is_asked_once(tmp_path: Path) -> None:
    async def test() -> None:
        async with world(tmp_path) as it:
            it.daemon.hold = asyncio.Event()  # as komodod while it looks through its chain
            for _ in range(2):
                with pytest.raises(TimeoutError):
                    await it.health("/chain/answers")
            assert (await it.health("/chain/lives"))[0] == 200
            assert it.daemon.executed == ["getblockcount"]
            it.daemon.hold.set()
            assert (await it.health("/chain/answers"))[0] == 200

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


def test_a_handshake_that_ends_after_the_end_began_brings_no_call(tmp_path: Path) -> None:
    async def test() -> None:
        async with world(tmp_path) as it:
            it.daemon.hold = asyncio.Event()
            call = asyncio.create_task(it.call(SIGN, 7))
            await until(lambda: len(it.daemon.executed) == 1)
            agent = secured(it.authority.files(tmp_path / "late"), it.authority)
            reader, writer = await asyncio.open_connection("127.0.0.1", it.config.listen_port)
            await asyncio.sleep(0.1)  # until it is accepted: nobody can see that from outside
            it.stop.set()
            await until(lambda: not _listens(it.config.listen_port))
            with pytest.raises((OSError, asyncio.IncompleteReadError)):
                await _sign(reader, writer, agent)
            assert len(it.daemon.executed) == 1
            it.daemon.hold.set()
            assert (await call)["result"] == "done"
            await it.gate

    run(test)


async def _sign(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, context: ssl.SSLContext) -> None:
    """A signing call over a connection that is not secured yet, and the first byte of its answer."""
    await writer.start_tls(context, server_hostname="127.0.0.1")
    body = json.dumps(SIGN).encode()
    head = f"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n"
    writer.write(f"{head}{wire.DUTY_HEADER}: {DUTY}\r\n{wire.EPOCH_HEADER}: 7\r\n\r\n".encode() + body)
    await reader.readexactly(1)


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
