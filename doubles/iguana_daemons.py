"""Iguana's calls to daemons, as libcurl makes them for it: a connection each, and byte for byte the same request.

It never asks for `Expect: 100-continue`, whatever a body's size, for it sets an empty `Expect:` itself. Source:
KomodoPlatform/dPoW 2f846c0, `crypto777/bitcoind_RPC.c`, and recordings of it.
"""

from __future__ import annotations

import base64
import contextlib
import json
import socket
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

RETRY_SECONDS = (2.0, 4.0, 8.0)  # what it waits before it tries a connection again that did not come about


@dataclass(frozen=True, kw_only=True)
class Coin:
    """One that was added. `at` is its daemon's host:port; `address_version` the first byte of its addresses."""

    symbol: str
    at: str
    login: str
    address_version: int


class RefusedError(Exception):
    """The daemon's error: its code and its message."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


def body(symbol: str, method: str, params: str) -> bytes:
    """`params` is the list's JSON, brackets included, with the blanks that Iguana puts there."""
    return f'{{"id":"jl777","agent":"{symbol}","method":"{method}","params":{params}}}'.encode()


def request(coin: Coin, method: str, params: str) -> bytes:
    """All bytes of a call."""
    content = body(coin.symbol, method, params)
    login = base64.b64encode(coin.login.encode()).decode()
    lines = (
        "POST / HTTP/1.1",
        f"Host: {coin.at}",
        f"Authorization: Basic {login}",
        "User-Agent: mozilla/4.0",
        "Accept: */*",
        f"Content-Length: {len(content)}",
        "Content-Type: application/x-www-form-urlencoded",
    )
    return "\r\n".join((*lines, "", "")).encode() + content


Exchange = Callable[[Coin, bytes], bytes]


class Daemons:
    """Calls that wait without a limit, as Iguana's do. `note` gets each method before it is called."""

    def __init__(
        self,
        exchange: Exchange | None = None,
        retries: Sequence[float] = RETRY_SECONDS,
        note: Callable[[str, str], None] = lambda *_: None,
    ) -> None:
        self._exchange, self._retries, self._note = exchange or over_tcp, retries, note

    def call(self, coin: Coin, method: str, params: str = "[]") -> Any:
        """The result. Raises RefusedError, and OSError where there is no daemon, or no answer of one."""
        self._note(coin.symbol, method)
        for pause in (*self._retries, None):
            try:
                return result(self._exchange(coin, request(coin, method, params)))
            except OSError:
                if pause is None:
                    raise
                time.sleep(pause)
        raise AssertionError("the last try has no pause")


def over_tcp(coin: Coin, asked: bytes) -> bytes:
    """Send one request on a connection of its own, and read its answer to the end that its length says."""
    host, _, port = coin.at.rpartition(":")
    with socket.create_connection((host, int(port))) as connection:
        connection.sendall(asked)
        answer = b""
        while not _whole(answer):
            data = connection.recv(1 << 16)
            if not data:
                break
            answer += data
    if not answer:
        raise ConnectionResetError("closed without an answer")
    return answer


def result(answer: bytes) -> Any:
    """What an answer brings, whatever its status. Raises RefusedError; ConnectionError for what is no JSON-RPC."""
    content = answer.partition(b"\r\n\r\n")[2]
    if _fields(answer).get("transfer-encoding") == "chunked":
        content = _dechunked(content)
    try:
        found = json.loads(content)
        error, brought = found.get("error"), found.get("result")
    except (ValueError, AttributeError):
        raise ConnectionError("no answer that it can read") from None
    if error:
        raise RefusedError(error["code"], error["message"])
    return brought


def _whole(answer: bytes) -> bool:
    if b"\r\n\r\n" not in answer:
        return False
    content, fields = answer.partition(b"\r\n\r\n")[2], _fields(answer)
    if fields.get("transfer-encoding") == "chunked":
        return content.endswith(b"0\r\n\r\n")
    return "content-length" in fields and len(content) >= int(fields["content-length"])


def _fields(answer: bytes) -> dict[str, str]:
    lines = answer.partition(b"\r\n\r\n")[0].decode("latin-1").split("\r\n")[1:]
    return {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}


def _dechunked(content: bytes) -> bytes:
    parts = b""
    with contextlib.suppress(ValueError):
        while size := int(content.partition(b"\r\n")[0], 16):
            content = content.partition(b"\r\n")[2]
            parts, content = parts + content[:size], content[size + 2 :]
    return parts
