"""What agent and gate say to each other beside JSON-RPC."""

from __future__ import annotations

from typing import Any

DUTY_HEADER = "X-Notary-Duty"
EPOCH_HEADER = "X-Notary-Epoch"
# JSON-RPC leaves -32000 to -32099 to servers; bitcoind's own codes lie above -32000.
REFUSED = -32050  # not now: the epoch is not the current one, or nobody could confirm it
FORBIDDEN = -32051  # never: a call that no signer may make
OVERLOADED = -32052  # later: a limit of the gate's
UNREACHABLE = -32053  # the daemon gave no answer


def error(code: int, message: str, call_id: Any) -> dict[str, Any]:
    """An error as daemons write it."""
    return {"result": None, "error": {"code": code, "message": message}, "id": call_id}
