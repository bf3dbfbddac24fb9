"""Iguana's double is held against recordings of the real one: its answers, heads included, and its failures."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from doubles.iguana_api import Iguana
from doubles.iguana_http import DeathError, HangError, listen, respond, serve
from sandbox.processes import free_ports
from tests.failover.iguana_recordings import LENGTH, Row, as_it_was, compared, rows
from tests.recorded import NEEDED

pytestmark = NEEDED

# What the double can't: by the case's name in errors.jsonl, or by what the answer holds.
CANNOT = {
    "pubkey": "of another curve: made up, of the right form",
    "RS": "made from it: made up, of the right form",
    "NXT": "made from it: made up, of the right form",
    "persistent": "it is `pubkey` again",
    "tag": "a random number",
    "round 3": "it fails for want of other notaries' messages, of which the double has none",
    "a round's times": "while the others are waited for, KMD is asked again and again: here a fixed number of times",
    "lockunspent true": "when an older round's output is unlocked depends on the others: here with the next round",
    "the others' inputs": "made up: a daemon that checks them signs its own alone",
    "an assetchain's rounds": "the real one skips what comes within 10 blocks of KMD: here every second block has one",
    "KMD to LTC": "none was recorded whole: it ends where LTC has no outputs, as the recorded ones do",
    "no Iguana": "a process that is not there",
    "before it is ready: 0.001 s after the start": "a process that is not there yet",
    "SIGTERM: 0.000 s after": "a process that is gone",
}
APART = {  # cases that are about connections: a test of their own each
    "another connection open and silent": "one thread",
    "head in two segments": "segments",
    "head and body in two segments": "segments",
    "body in two segments": "segments",
}
HUNG = "after the hang"
TO_IGUANA = [row for row in rows() if row.to == "iguana"]


def test_every_recorded_request_is_one_of_the_double_s_or_in_a_table() -> None:
    assert len(TO_IGUANA) == 213
    cases = {row.case for row in TO_IGUANA}
    assert set(APART) < cases
    assert {case for case in CANNOT if case in cases} == {*list(CANNOT)[-3:]}


@pytest.mark.parametrize("row", [r for r in TO_IGUANA if r.case not in {*APART, *CANNOT}], ids=lambda row: row.told)
def test_each_recorded_request_gets_the_recorded_answer_heads_included(row: Row) -> None:
    iguana = as_it_was(row)
    if row.response:
        answer = respond(row.request, iguana.answer)
        assert compared(answer) == compared(row.response)
        if found := LENGTH.search(answer):
            body = answer.partition(b"\r\n\r\n")[2]
            assert found[1] == f"{len(body) - 1:8d}".encode(), "the newline at the end is not counted"
    elif row.found["end"].startswith("closed"):
        with pytest.raises(DeathError):
            respond(row.request, iguana.answer)
    elif not row.case.startswith(HUNG):  # whoever comes after is not accepted: the test of one thread
        with pytest.raises(HangError):
            respond(row.request, iguana.answer)


@contextmanager
def served(answer: Callable[[Any], str]) -> Iterator[int]:
    [port] = free_ports(1)
    sock = listen(port)
    threading.Thread(target=lambda: serve(sock, answer), daemon=True).start()
    yield port


def exchange(port: int, *pieces: bytes, seconds: float = 5) -> bytes:
    """All that comes back until the connection is closed. Raises TimeoutError."""
    with socket.create_connection(("127.0.0.1", port), timeout=seconds) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        answer = b""
        for piece in pieces:
            connection.sendall(piece)
            threading.Event().wait(0.05)
        while data := connection.recv(4096):
            answer += data
    return answer


@pytest.mark.parametrize("row", [r for r in TO_IGUANA if APART.get(r.case) == "segments"], ids=lambda row: row.told)
def test_a_head_in_two_segments_is_not_understood_and_a_body_is(row: Row) -> None:
    body = row.request.index(b"\r\n\r\n") + 4
    cut = {"head": body // 2, "head and body": body, "body": body + 7}[row.case.partition(" in ")[0]]
    with served(as_it_was(row).answer) as port:
        assert compared(exchange(port, row.request[:cut], row.request[cut:])) == compared(row.response)


@pytest.mark.parametrize("first", [b"", b'POST / HTTP/1.1\r\nContent-Length: 20\r\n\r\n{"method":"getinfo"}'])
def test_a_silent_connection_and_a_call_that_hangs_stop_all_others(first: bytes) -> None:
    """The recorded cases `another connection open and silent`, and all that begin with `after the hang`."""
    asked = next(row for row in TO_IGUANA if row.case.startswith(HUNG))
    with served(Iguana().answer) as port, socket.create_connection(("127.0.0.1", port)) as open_one:
        open_one.sendall(first)
        with pytest.raises(TimeoutError):
            exchange(port, asked.request, seconds=0.3)
        if not first:
            open_one.close()
            assert exchange(port, asked.request).endswith(b"[]\n")
