"""Iguana's dialect of HTTP: read as it is spoken, one connection at a time, and never for longer than its deadline."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable

import aiohttp
import pytest

from doubles.iguana_http import HangError, listen, serve
from failover.roles.iguana_api import IguanaApi, NoAnswerError, read
from sandbox.processes import free_ports

WHOLE = b"HTTP/1.1 200 OK\r\nCache-Control :  no-cache\r\nContent-Length :        2\r\n\r\n[]\n"
CALL = {"agent": "dpow", "method": "ipaddrs"}


def play(answer: Callable[[object], str], scene: Callable[[int], Awaitable[None]]) -> None:
    """With the double's API on a port."""
    [port] = free_ports(1)
    sock = listen(port)
    threading.Thread(target=lambda: serve(sock, answer), daemon=True).start()
    asyncio.run(scene(port))


def test_iguanas_answer_is_read_though_an_ordinary_client_refuses_it() -> None:
    async def scene(port: int) -> None:
        assert await IguanaApi(port).post("ipaddrs", CALL, 5) == ["192.0.2.1"]
        async with aiohttp.ClientSession() as session:
            with pytest.raises(aiohttp.ClientError):
                await session.post(f"http://127.0.0.1:{port}/", json=CALL)

    play(lambda _: '["192.0.2.1"]', scene)


def test_there_is_never_a_second_connection_while_one_is_under_way() -> None:
    under_way, most = list[int](), list[int]()

    async def slow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        under_way.append(1)
        most.append(len(under_way))
        await reader.read(1000)
        await asyncio.sleep(0.02)
        under_way.pop()
        writer.write(WHOLE)
        writer.close()

    async def scene() -> None:
        [port] = free_ports(1)
        async with await asyncio.start_server(slow, "127.0.0.1", port):
            api = IguanaApi(port)
            assert await asyncio.gather(*(api.post("ipaddrs", CALL, 5) for _ in range(5))) == [[]] * 5

    asyncio.run(scene())
    assert most == [1] * 5


def test_a_call_that_hangs_iguana_ends_at_its_deadline_and_so_does_whoever_waits_behind_it() -> None:
    def answer(call: object) -> str:
        if call != CALL:
            raise HangError
        return "[]"

    async def scene(port: int) -> None:
        api = IguanaApi(port)
        assert await api.post("ipaddrs", CALL, 5) == []
        waiting = asyncio.create_task(api.post("getinfo", {"method": "getinfo"}, 0.3))
        await asyncio.sleep(0)
        with pytest.raises(NoAnswerError, match=r"ipaddrs: no answer within 0\.1 s"):
            await api.post("ipaddrs", CALL, 0.1)
        with pytest.raises(NoAnswerError, match="getinfo: no answer"):
            await waiting
        with pytest.raises(NoAnswerError):
            await api.post("ipaddrs", CALL, 0.1)

    play(answer, scene)


def test_a_connection_that_the_role_has_given_up_does_not_stop_iguana() -> None:
    """Its request is whole when it is closed: one that is closed in the middle stops the API for good."""
    slow = iter([0.3])

    def answer(_: object) -> str:
        time.sleep(next(slow, 0))
        return "[]"

    async def scene(port: int) -> None:
        api = IguanaApi(port)
        with pytest.raises(NoAnswerError):
            await api.post("ipaddrs", CALL, 0.1)
        assert await api.post("ipaddrs", CALL, 5) == []
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"POST / HTTP/1.1\r\nContent-Length: 99\r\n\r\n{")
        await writer.drain()
        writer.close()
        with pytest.raises(NoAnswerError):
            await api.post("ipaddrs", CALL, 0.3)

    play(answer, scene)


def test_an_api_that_nobody_listens_on_gives_no_answer() -> None:
    [port] = free_ports(1)
    with pytest.raises(NoAnswerError, match=f"ipaddrs: .*at port {port}"):
        asyncio.run(IguanaApi(port).post("ipaddrs", CALL, 1))


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (b"", "closed without an answer"),
        (b'{"error":"no method"}', "no answer of Iguana's"),
        (WHOLE.replace(b"200 OK", b"500 Internal Server Error"), "no answer of Iguana's"),
        (WHOLE.replace(b"Content-Length :        2\r\n", b""), "without its length"),
        (WHOLE.replace(b"Content-Length :        2", b"Content-Length :       20"), "cut off"),
        (WHOLE.replace(b"[]", b"[,"), "no JSON"),
    ],
)
def test_what_is_no_whole_answer_is_none_and_is_not_repeated(answer: bytes, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        read(answer)


def test_a_whole_answer_is_read_without_the_byte_behind_it() -> None:
    assert read(WHOLE) == []
    assert read(WHOLE.replace(b"Content-Length :        2", b"content-length: 2")) == []
