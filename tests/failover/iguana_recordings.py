"""Recordings of a real Iguana, and its double in the state that the real one was in."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from doubles.iguana_api import NOT_MINE, Iguana
from doubles.iguana_daemons import Coin, Daemons
from doubles.iguana_keys import Identity
from tests.recorded import lines

FILES = ("calls", "activation", "round", "idle", "errors")
LOGIN = "loopback:PASSWORD"
VERSIONS = {"KMD": 60, "LTC": 48, "DOC": 60}
PORTS = {"KMD": 7771, "LTC": 9332, "DOC": 62416}
# Whose key it was cannot be told from the recordings: these are what was imported, and the public key.
ALICE = "02a64db41e2968c849c2a5615ba0d6e816734a6d3e6ea6ecd6f3acb7d59daa9102"
BOB = "035d45cb81aa765d69ca52e3869491ecf0e8fdf6a63d64e65b5213647ee4973ae5"
MADE_UP = re.compile(rb'"(tag|pubkey|RS|NXT|persistent)":"[^"]*"')
LENGTH = re.compile(rb"Content-Length : ( *\d+)\r\n")


@dataclass(frozen=True, kw_only=True)
class Row:
    """One recorded request and what came of it; `number` is its file and line."""

    number: str
    found: dict[str, Any]

    @property
    def who(self) -> str:
        return str(self.found["who"])

    @property
    def case(self) -> str:
        return str(self.found.get("case", ""))

    @property
    def to(self) -> str:
        return self.who.partition("->")[2]

    @property
    def asked(self) -> Any:
        """The request's JSON; None where it is none."""
        try:
            return json.loads(self.found["request"]["body"])
        except ValueError:
            return None

    @property
    def said(self) -> Any:
        """The answer's JSON; None where it is none."""
        try:
            return json.loads(self.found["response"]["body"])
        except ValueError:
            return None

    @property
    def request(self) -> bytes:
        return raw(self.found["request"])

    @property
    def response(self) -> bytes:
        """All bytes; empty where there was no answer."""
        found = self.found["response"]
        if not found:
            return b""
        return raw(found) if found["headers"] else str(found["line"]).encode()

    @property
    def told(self) -> str:
        return f"{self.number} {self.case or self.method}"

    @property
    def method(self) -> str:
        return str(self.asked.get("method", "")) if isinstance(self.asked, dict) else ""


def rows(*files: str) -> Iterator[Row]:
    """All of these files, in order; those without a request left out."""
    for name in files or FILES:
        for number, line in enumerate(lines(name), 1):
            found = json.loads(line)
            if found["request"] is not None:
                yield Row(number=f"{name}:{number}", found=found)


def raw(message: dict[str, Any]) -> bytes:
    """The bytes of a recorded request or answer: a header's name and value have kept their spaces."""
    heads = "".join(f"{name}:{value}\r\n" for name, value in message["headers"])
    return f"{message['line']}\r\n{heads}\r\n{message['body']}{message.get('after_body') or ''}".encode()


def compared(answer: bytes) -> bytes:
    """All but what is another number each time, and the length that depends on that."""
    head, end, body = MADE_UP.sub(rb'"\1":"?"', answer).partition(b"\r\n\r\n")
    return LENGTH.sub(b"Content-Length : ?\r\n", head + b"\r\n", count=1) + end + body


def coins(*symbols: str) -> dict[str, Coin]:
    return {
        symbol: Coin(symbol=symbol, at=f"127.0.0.1:{PORTS[symbol]}", login=LOGIN, address_version=VERSIONS[symbol])
        for symbol in symbols
    }


def as_it_was(row: Row) -> Iguana:
    """The double as the real one was when it was asked: by what it answered."""
    said = row.said if row.found["response"] else {}
    text = json.dumps(said)
    mine = NOT_MINE not in text
    identity = Identity(pubkey=said.get("btcpubkey", ALICE) if isinstance(said, dict) else ALICE, wifs=("a", "b"))
    made = Iguana(
        daemons=Daemons(_gone if "no daemon listens" in row.case else lambda *_: _ismine(mine), retries=()),
        identify=lambda _: identity,
        addcoin_seconds=0,
        coins={} if "inactive coin" in text or "is active" in text else coins(*_added(row, said)),
        ip=said.get("myip", "") if isinstance(said, dict) else "",
    )
    if "again" in text:
        made.dpows.append(row.asked["symbol"])
    for place in said if row.method == "ipaddrs" and isinstance(said, list) else ():
        made.answer({"agent": "iguana", "method": "addnotary", "ipaddr": place})
    return made


def _added(row: Row, said: Any) -> list[str]:
    if isinstance(said, dict) and "btcpubkey" in said:
        return [symbol for symbol in PORTS if symbol in said]
    if isinstance(said, dict) and said.get("result") == "coin added":
        return [symbol for symbol in PORTS if symbol != row.asked["newcoin"]]
    return ["KMD"] if "without LTC" in json.dumps(said) else [*PORTS]


def _ismine(mine: bool) -> bytes:
    return b"HTTP/1.1 200 OK\r\n\r\n" + json.dumps({"result": {"ismine": mine}, "error": None}).encode()


def _gone(*_: object) -> bytes:
    raise ConnectionRefusedError
