"""The loopback ports as HTTP servers: what is no call is answered as real daemons answered it in the recordings."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.failover.test_agent_forward import Port, counted, play

BODY = b'{"id":1,"method":"signrawtransaction","params":[]}'
READ = b'{"id":2,"method":"getblockchaininfo","params":[]}'
NO_POST = b"JSONRPC server handles only POST requests"


async def talk(port: Port, *pieces: bytes, wait: bytes = b"") -> bytes:
    """Send the pieces, the second and later ones once `wait` has come; all that is answered until nothing comes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port.world.rpc_port)
    found = b""
    for number, piece in enumerate(pieces):
        if number:
            found += await reader.readuntil(wait)
        writer.write(piece)
    try:
        async with asyncio.timeout(1):
            while part := await reader.read(65536):
                found += part
        found += b"<closed>"
    except TimeoutError:
        pass
    writer.close()
    return found


def head(line: str, *headers: str, body: bytes = b"") -> bytes:
    lines = [line, "Host: 127.0.0.1", *headers, *([f"Content-Length: {len(body)}"] if body else [])]
    return "\r\n".join([*lines, "", ""]).encode() + body


@pytest.mark.parametrize("path", ["/other", "/wallet/nosuch", "//", "/?x=1", "/wallet/"])
def test_another_path_is_refused_as_komodod_refuses_it_and_nothing_is_sent(tmp_path: Path, path: str) -> None:
    async def scene(port: Port) -> None:
        found = await talk(port, head(f"POST {path} HTTP/1.1", body=BODY))
        assert found.startswith(b"HTTP/1.1 404 Not Found\r\n")
        assert b"Content-Length: 0\r\n" in found
        assert found.endswith(b"\r\n\r\n")
        assert (port.world.gate.signed, counted(port)) == ([], (0, 0))

    play(tmp_path, scene)


@pytest.mark.parametrize("method", ["GET", "PUT", "HEAD"])
def test_what_is_no_post_is_refused_as_daemons_refuse_it(tmp_path: Path, method: str) -> None:
    async def scene(port: Port) -> None:
        found = await talk(port, head(f"{method} / HTTP/1.1"))
        assert found.startswith(b"HTTP/1.1 405 Method Not Allowed\r\n")
        assert b"Content-Length: 41\r\n" in found
        assert b"Content-Type: text/html; charset=ISO-8859-1\r\n" in found
        assert found.endswith(b"\r\n\r\n" if method == "HEAD" else NO_POST)

    play(tmp_path, scene)


def test_whoever_expects_100_gets_it_before_the_body_is_sent(tmp_path: Path) -> None:
    async def scene(port: Port) -> None:
        length = f"Content-Length: {len(BODY)}"
        first = head("POST / HTTP/1.1", "Expect: 100-continue", length)
        found = await talk(port, first, BODY, wait=b"HTTP/1.1 100 Continue\r\n\r\n")
        assert found.count(b"100 Continue") == 1
        assert b'"hex": "00"' in found

    play(tmp_path, scene)


def test_http_1_0_has_no_interim_answer_and_its_connection_ends_unless_it_is_to_be_kept(tmp_path: Path) -> None:
    async def scene(port: Port) -> None:
        found = await talk(port, head("POST / HTTP/1.0", "Expect: 100-continue", body=BODY))
        assert found.startswith(b"HTTP/1.0 200 OK\r\n")
        assert found.endswith(b"}<closed>")
        found = await talk(port, head("POST / HTTP/1.0", "Connection: keep-alive", body=BODY))
        assert b"Content-Length: " in found
        assert not found.endswith(b"<closed>")

    play(tmp_path, scene)


def test_a_chunked_request_and_two_in_one_segment_are_answered(tmp_path: Path) -> None:
    async def scene(port: Port) -> None:
        cut = len(READ) - 4
        chunks = b"%x\r\n%s\r\n4\r\n%s\r\n0\r\n\r\n" % (cut, READ[:cut], READ[cut:])
        found = await talk(port, head("POST / HTTP/1.1", "Transfer-Encoding: chunked") + chunks)
        assert b'"blocks": 100' in found
        found = await talk(port, head("POST / HTTP/1.1", body=READ) + head("POST / HTTP/1.1", body=BODY))
        assert found.count(b"HTTP/1.1 200 OK") == 2
        assert found.index(b'"blocks": 100') < found.index(b'"hex": "00"')

    play(tmp_path, scene)
