"""What a daemon surely has not executed is answered so, for each call; what nobody can be sure of stays in doubt."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from aiohttp import web

from failover import wire
from failover.gate.unread import BEFORE_READING, FULL, unread
from tests.failover.gate_world import READ, SIGN, World, error, run, world


def answering(it: World, status: int, text: str, kind: str = "text/html") -> None:
    """From now on the daemon answers so, whatever it is asked."""

    async def answer(request: web.BaseRequest) -> web.Response:
        await request.read()
        return web.Response(status=status, text=text, content_type=kind, charset="ISO-8859-1")

    it.daemon.answer = answer


@pytest.mark.parametrize("status", [500, 503])
def test_a_full_work_queue_is_said_of_each_call(tmp_path: Path, status: int) -> None:
    async def test() -> None:
        async with world(tmp_path) as it:
            answering(it, status, "Work queue depth exceeded")
            found = await it.call([READ, SIGN], 7)
            assert [item["id"] for item in found] == [READ["id"], SIGN["id"]]
            assert {error(item)[0] for item in found} == {wire.OVERLOADED}
            assert "not executed" in error(await it.call(SIGN, 7))[1]

    run(test)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 413, 503])
def test_a_request_that_was_refused_unread_was_not_executed(tmp_path: Path, status: int) -> None:
    async def test() -> None:
        async with world(tmp_path) as it:
            answering(it, status, "")
            code, message = error(await it.call(SIGN, 7))
            assert code == wire.NOT_EXECUTED
            assert f"HTTP {status}" in message

    run(test)


def test_an_answer_of_another_kind_is_passed_on_as_it_is(tmp_path: Path) -> None:
    async def test() -> None:
        async with world(tmp_path) as it:
            for status, text, kind in (
                (500, "Unhandled request", "text/html"),
                (
                    404,
                    '{"result":null,"error":{"code":-32601,"message":"Method not found"},"id":1}',
                    "application/json",
                ),
            ):
                answering(it, status, text, kind)
                async with it.session.post(it.url, json=READ) as answer:
                    assert (answer.status, await answer.text()) == (status, text)

    run(test)


def test_what_a_daemon_says_after_it_may_have_executed_is_not_called_unexecuted() -> None:
    assert unread("d", 500, b"Unhandled request") is None
    assert unread("d", 500, b"") is None
    assert unread("d", 200, FULL) is None
    assert not BEFORE_READING & {200, 500, 502, 504}


def test_a_port_that_refuses_is_told_from_one_that_does_not_answer(tmp_path: Path) -> None:
    async def test() -> None:
        async with world(tmp_path) as it:
            await it.daemon.stop()
            assert error(await it.call(READ))[0] == wire.GONE
            with nobody_accepts(it.daemon.port):
                assert error(await it.call(READ))[0] == wire.NOT_EXECUTED

    run(test)


@contextmanager
def nobody_accepts(port: int) -> Iterator[None]:
    """Somebody listens there, and more are waiting than he has places for: a connection is neither made nor refused."""
    with ExitStack() as opened:
        listener = opened.enter_context(socket.socket())
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
        listener.listen(0)
        for _ in range(8):
            waiting = opened.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(("127.0.0.1", port))
        yield
