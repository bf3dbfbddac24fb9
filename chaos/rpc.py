"""A chain's RPC as the daemon's double answers it: a chain in sync, with peers, funds and small coins. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

SIGNING = frozenset({"signrawtransaction", "signrawtransactionwithwallet"})
PEERS = 8
COINS = 50
_COIN = 0.0001  # 10,000 sat
METHOD_NOT_FOUND = -32601


def answer(call: Mapping[str, Any], now: float, height: int) -> dict[str, Any]:
    """The reply to one call, at a time in seconds since 1970."""
    method, params = str(call.get("method")), call.get("params") or []
    known = _reading(now, height)
    if method in SIGNING:
        result: Any = {"hex": params[0] if params else "", "complete": True}
    elif method in known:
        result = known[method]
    elif method == "validateaddress":
        result = {"isvalid": True, "ismine": True, "address": params[0] if params else ""}
    else:
        error = {"code": METHOD_NOT_FOUND, "message": "Method not found"}
        return {"result": None, "error": error, "id": call.get("id")}
    return {"result": result, "error": None, "id": call.get("id")}


def _reading(now: float, height: int) -> dict[str, Any]:
    tip, seconds = f"{height:064x}", int(now)
    block = {"hash": tip, "height": height, "time": seconds, "mediantime": seconds, "confirmations": 1, "tx": []}
    chain = {"chain": "main", "blocks": height, "headers": height, "bestblockhash": tip, "mediantime": seconds}
    peers = [{"id": number, "startingheight": height, "synced_headers": height} for number in range(PEERS)]
    coin = {"txid": tip, "vout": 0, "amount": _COIN, "spendable": True, "confirmations": 100, "generated": False}
    sums = {"balance": 10.0, "blocks": height, "longestchain": height, "connections": PEERS, "tiptime": seconds}
    return {
        "getblockchaininfo": {**chain, "initialblockdownload": False, "verificationprogress": 1.0, "time": seconds},
        "getinfo": {**sums, "notarized": height, "errors": ""},
        "getnetworkinfo": {"version": 1, "connections": PEERS, "warnings": ""},
        "getconnectioncount": PEERS,
        "getpeerinfo": peers,
        "getblockcount": height,
        "getbestblockhash": tip,
        "getblockhash": tip,
        "getblock": block,
        "getblockheader": block,
        "getbalance": 10.0,
        "getwalletinfo": {"balance": 10.0, "walletversion": 1, "txcount": 1},
        "listunspent": [{**coin, "vout": number} for number in range(COINS)],
        "listlockunspent": [],
        "listtransactions": [],
        "listsinceblock": {"transactions": [], "lastblock": tip},
        "getaddresstxids": [],
        "getrawmempool": [],
    }


def signer_of(params: Sequence[Any]) -> str:
    """Who called: the signer's double puts its name, as hex, where the transaction would be."""
    try:
        return bytes.fromhex(str(params[0])).decode()
    except (IndexError, ValueError):
        return "unknown"
