"""JSON-RPC as Bitcoin's family answers it: which error has which HTTP status, and JSON as it is written there."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from doubles.http import JSON, Reply

# bitcoin's rpc/protocol.h
MISC, TYPE, WALLET, BAD_ADDRESS, BAD_PARAMETER = -1, -3, -4, -5, -8
NO_WALLET, DECODE, MISSING, REJECTED, IN_CHAIN, WARMING_UP = -18, -22, -25, -26, -27, -28
INVALID, NOT_FOUND, PARSE = -32600, -32601, -32700
ANSWERS = Path(__file__).parent / "answers"


class RpcError(Exception):
    """A call's error."""

    def __init__(self, code: int, message: str) -> None:
        self.code, self.message = code, message
        super().__init__(message)


@dataclass(frozen=True, kw_only=True)
class Asked:
    """One call. `headers` are the request's, by names in lower case; `wallet`: the name in its path, None for none."""

    method: str
    params: list[Any]
    id: Any
    headers: Mapping[str, str]
    wallet: str | None = None


Call = Callable[[Any, Asked], Awaitable[Any]]
Marked = TypeVar("Marked", bound=Call)
MAIN, WALLETS, NOTHING = "main", "wallets", ""


@dataclass(frozen=True, kw_only=True)
class Method:
    """How a method is called: the least and the most parameters, and the lock that it needs."""

    name: str
    least: int
    most: int
    needs: str


def method(
    name: str, least: int = 0, most: int | None = None, *, needs: str = MAIN
) -> Callable[[Marked], Marked]:  # fmt: skip
    """Marks what answers a method."""

    def mark(call: Marked) -> Marked:
        known = getattr(call, "methods", ())
        marked = Method(name=name, least=least, most=least if most is None else most, needs=needs)
        call.methods = (*known, marked)  # type: ignore[attr-defined]
        return call

    return mark


def methods_of(daemon: object) -> dict[str, tuple[Method, Call]]:
    """All that a daemon answers, by name."""
    calls = [getattr(type(daemon), name) for name in dir(type(daemon))]
    return {one.name: (one, call) for call in calls for one in getattr(call, "methods", ())}


def written(value: object) -> str:
    """JSON without spaces; amounts keep their eight decimals."""
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, dict):
        return "{" + ",".join(f"{json.dumps(key)}:{written(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(written(item) for item in value) + "]"
    return json.dumps(value, ensure_ascii=False)


@cache
def template(family: str) -> dict[str, Any]:
    """The recorded answers of a family, by method; numbers with a point as they were written."""
    return json.loads((ANSWERS / f"{family}.json").read_text(), parse_float=Decimal)


def answer(result: object, error: RpcError | None, number: object) -> dict[str, object]:
    """One call's."""
    told = {"code": error.code, "message": error.message} if error else None
    return {"result": None if error else result, "error": told, "id": number}


def reply(made: object, *, heads: tuple[tuple[str, str], ...] = ()) -> Reply:
    """As HTTP: a batch is always 200."""
    error = made.get("error") if isinstance(made, dict) else None
    status = {INVALID: 400, NOT_FOUND: 404}.get(error["code"], 500) if error else 200
    return Reply(status=status, headers=(JSON, *heads), body=written(made).encode() + b"\n")
