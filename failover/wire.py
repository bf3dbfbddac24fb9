"""What agent and gate say to each other beside JSON-RPC."""

from __future__ import annotations

from typing import Any

DUTY_HEADER = "X-Notary-Duty"
EPOCH_HEADER = "X-Notary-Epoch"
HEALTH_HEADER = "X-Notary-Health"  # on the agent's own calls: a busy signer must not make its daemon look ill
# JSON-RPC leaves -32000 to -32099 to servers; bitcoind's own codes lie above -32000.
REFUSED = -32050  # not now: the epoch is not the current one, or nobody could confirm it
FORBIDDEN = -32051  # never: a call that no signer may make
OVERLOADED = -32052  # later: a limit of the gate's or of the daemon's; not executed
UNREACHABLE = -32053  # the daemon gave no answer, and may have executed the call: the only code that leaves this open
NOT_EXECUTED = -32054  # nothing was sent to the daemon, or it refused the request before it read a call of it
GONE = -32055  # the daemon's port refuses connections: no process listens there; not executed
OURS = (REFUSED, FORBIDDEN, OVERLOADED, UNREACHABLE, NOT_EXECUTED, GONE)  # said by agent or gate, not by the daemon
WARMING_UP = -28  # the daemon's own, until it has read its index


class CallError(ValueError):
    """An answer that is an error: its JSON-RPC code, and one sentence that names chain and method."""

    def __init__(self, code: int, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code


def request(method: str, *params: object) -> dict[str, Any]:
    """A call of our own, in the form that every daemon of the family takes."""
    return {"jsonrpc": "1.0", "id": "agent", "method": method, "params": params}


def error(code: int, message: str, call_id: Any) -> dict[str, Any]:
    """An error as daemons write it."""
    return {"result": None, "error": {"code": code, "message": message}, "id": call_id}
