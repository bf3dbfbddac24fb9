"""The doubles of komodod and litecoind answer every recorded request as the real daemons did: status, heads, shape."""

from __future__ import annotations

import asyncio
import re
from typing import Any

import pytest

from tests.chaos.recorded import Row, ask, played, raw, read, rows, shape
from tests.recorded import NEEDED

pytestmark = NEEDED

# What the doubles can't do, by a part of a row's name; everything else must fit.
CANNOT = {
    "calls:38 ": "a block from before Overwinter: its transactions have no `valueBalance`",
    "wallet locked": "encrypted wallets",
    "encryptwallet": "encrypted wallets",
    "litecoind walletpassphrase": "encrypted wallets",
    "-disablewallet": "daemons that were built or started without a wallet",
}
# What has a test of its own here, for a single request does not show it.
ELSEWHERE = ("pipelining", "idle connection", "of 60 got this", "of 8 got this", "under way at SIGTERM")
AT_ONCE = 16
ROWS = list(rows())


def excuse(row: Row) -> str | None:
    """Why a row is not played; a row without an answer is one that no daemon was there for."""
    found = [why for part, why in CANNOT.items() if part in row.told]
    found += ["a test of its own" for part in ELSEWHERE if part in row.told]
    return found[0] if found else None if row.response else "nobody listens"


def flaws(row: Row, found: bytes, closed: bool) -> list[str]:
    """Everything in which an answer is unlike the recorded one."""
    assert row.response
    head, _, body = found.decode("latin-1").partition("\r\n\r\n")
    line, *heads = head.split("\r\n")
    wrong = [f"line {line}"] if line.partition(" ")[2] != row.response["line"].partition(" ")[2] else []
    if row.real_head:
        wrong += [f"heads {heads}"] if pattern(heads) != pattern(recorded(row)) else []
        wrong += [f"version {line}"] if line[:9] != row.response["line"][:9] else []
    if row.end.startswith(("open", "closed")):
        wrong += ["closed" if closed else "open"] if closed is not row.end.startswith("closed") else []
    return wrong + body_flaws(row, body)


def recorded(row: Row) -> list[str]:
    return [f"{name}:{value}" for name, value in (row.response or {})["headers"]]


def pattern(heads: list[str]) -> list[str]:
    """Heads without a date's and a length's values: neither is the same twice."""
    return [re.sub(r"(?<=Content-Length: )[1-9]\d*|(?<=Date: ).*", "*", head) for head in heads]


def body_flaws(row: Row, body: str) -> list[str]:
    said = row.said
    if said is None:
        return [] if body == (row.response or {})["body"] else [f"body {body[:80]}"]
    try:
        ours = read(body.partition("HTTP/1.1")[0])
    except ValueError:
        return [f"no JSON {body[:80]}"]
    if not isinstance(said, dict) or not said.get("error"):
        theirs = read((row.response or {})["body"])
        return [] if fits(shape(ours), shape(theirs)) else [f"shape {body[:300]}"]
    wanted, got = said["error"], ours["error"]
    if wanted["code"] == -1 and "\n\n" in wanted["message"]:  # a page of help: its first word is the method's name
        wanted, got = ({**one, "message": one["message"].split()[0]} for one in (wanted, got))
    return [] if (got, ours["id"]) == (wanted, said["id"]) else [f"error {got}"]


def fits(ours: Any, theirs: Any) -> bool:
    """Lists may be empty on one side, and have fewer shapes here than there."""
    if isinstance(ours, list) and isinstance(theirs, list) and not (pairs(ours) or pairs(theirs)):
        return not (ours and theirs) or all(any(fits(one, other) for other in theirs) for one in ours)
    if pairs(ours) and pairs(theirs):
        return [key for key, _ in ours] == [key for key, _ in theirs] and all(
            fits(one, other) for (_, one), (_, other) in zip(ours, theirs, strict=True)
        )
    return ours == theirs


def pairs(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and isinstance(value[0], tuple)


@pytest.mark.parametrize("name", ["calls", "activation", "round", "idle", "errors"])
def test_every_recorded_request_gets_an_answer_of_the_recorded_shape(name: str) -> None:
    free = asyncio.Semaphore(AT_ONCE)

    async def compared(row: Row) -> list[str]:
        async with free:
            double = played(row)
            found, closed = await ask(double, raw(row, double), lingers=0.05 if row.end else 0.001)
            return [f"{row.told}: {flaw}" for flaw in flaws(row, found, closed)]

    async def all_of_them() -> list[list[str]]:
        chosen = [row for row in ROWS if row.number.startswith(name) and not excuse(row)]
        assert len(chosen) > 30
        return await asyncio.gather(*(compared(row) for row in chosen))

    assert [flaw for found in asyncio.run(all_of_them()) for flaw in found] == []


def test_what_the_doubles_cannot_do_is_said_by_name_and_is_little() -> None:
    excused = [row for row in ROWS if row.response and excuse(row)]
    for part in (*CANNOT, *ELSEWHERE):
        assert any(part in row.told for row in ROWS), f"no recorded request is {part}"
    assert len(excused) < len(ROWS) / 20
