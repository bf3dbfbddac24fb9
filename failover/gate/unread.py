"""Which of a daemon's answers say that it has executed nothing, though they are no JSON-RPC errors. Pure.

Such an answer must not count as a call without one: that would forfeit a clean release. JSON-RPC errors need none of
this: the daemon has read the call and says what became of it (-32601 with HTTP 404, -32600 with 400, -28 with 500).
Source: litecoin 0.21.2.1 and komodo-daemon 558a174, `src/httpserver.cpp` and `src/httprpc.cpp`, and recordings.
"""

from __future__ import annotations

from failover.gate.answers import RefusedError, full, not_executed

SHORT = 4096  # bytes: such an answer is a line, or a page of libevent's
FULL = b"Work queue depth exceeded"  # HTTP 500, and 503 from Bitcoin Core 22 on
# Of the HTTP server alone, before any call is read: bad head, login, path or method, too large, shutting down.
BEFORE_READING = frozenset({400, 401, 403, 404, 405, 411, 413, 414, 415, 417, 431, 501, 503})


def unread(name: str, status: int, text: bytes) -> RefusedError | None:
    """The refusal for an answer that is no JSON; None where nobody can be sure what became of the call."""
    if FULL in text and status >= 500:
        return full(f"the work queue of {name} is full: not executed")
    if status in (401, 403):
        return not_executed(f"{name} does not accept this gate: HTTP {status}")
    if status in BEFORE_READING:
        return not_executed(f"{name} refused the request unread: HTTP {status}")
    return None
