"""What a gate says by itself: refusals in the form in which daemons answer."""

from __future__ import annotations

import json
from typing import Any

from aiohttp import web

from failover import wire
from failover.gate.calls import Request

# JSON-RPC's own code for a request that nobody should send again as it is.
INVALID_REQUEST = -32600


class RefusedError(Exception):
    """Why a request is not forwarded, or got no answer: a code of `wire`, a word for the metric, a sentence."""

    def __init__(self, code: int, kind: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code, self.kind = code, kind


def refused(kind: str, sentence: str) -> RefusedError:
    """Not now: nobody can be sure that this caller is the holder."""
    return RefusedError(wire.REFUSED, kind, sentence)


def invalid(kind: str, sentence: str) -> RefusedError:
    """Never, as it is."""
    return RefusedError(INVALID_REQUEST, kind, sentence)


def unreachable(sentence: str) -> RefusedError:
    """The daemon, or the gate beyond a link, has the call and gave no answer."""
    return RefusedError(wire.UNREACHABLE, "unreachable", sentence)


def not_executed(sentence: str) -> RefusedError:
    """The daemon has certainly not executed it."""
    return RefusedError(wire.NOT_EXECUTED, "not-executed", sentence)


def gone(sentence: str) -> RefusedError:
    """No process listens at the daemon's port, so nothing was executed."""
    return RefusedError(wire.GONE, "gone", sentence)


def full(sentence: str) -> RefusedError:
    """Later: a limit of the gate's or of the daemon's; nothing was executed."""
    return RefusedError(wire.OVERLOADED, "overloaded", sentence)


def refusal(error: RefusedError, request: Request | None) -> web.Response:
    """HTTP 500 with the error for each call; one without an id where the request was not understood."""
    body: dict[str, Any] | list[dict[str, Any]]
    if request and request.batch:
        body = [wire.error(error.code, f"gate: {error}", call.id) for call in request.calls]
    else:
        body = wire.error(error.code, f"gate: {error}", request.calls[0].id if request else None)
    return web.Response(status=500, text=json.dumps(body) + "\n", content_type="application/json")
