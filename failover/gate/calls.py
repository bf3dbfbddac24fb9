"""Which calls a request holds, and how strictly each is let through. Pure.

The gate forwards a request's very bytes, so that no number is written anew, and therefore refuses every request that
the daemon could read in another way than the gate has: UniValue takes the first of two equal keys, Python and Go the
last, and Go (btcd) takes "Method" for "method".
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any, NoReturn, cast


class Kind(IntEnum):
    """What a call may do, in order of strictness; a batch is as strict as its strictest call."""

    READING = 0  # changes nothing of the wallet or the chain: needs no epoch
    SIGNING = 1  # signs, spends, imports or locks, or is unknown: needs the current epoch
    FORBIDDEN = 2  # gives away keys, or ends or cripples the daemon: not through a gate


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


# komodo-daemon 558a174, litecoin 122d8fe and bitcoin's RPC tables. A call that is missing here counts as signing, so
# what changes anything stays out, be it only by a new key or a result that is forgotten once it was read.
READING = _names(
    """
    help uptime getinfo getrpcinfo getiguanajson getnotarysendmany geterablockheights getmemoryinfo
    getbestblockhash getblock getblockchaininfo getblockcount getblockhash getblockhashes getblockheader getblockstats
    getblockfilter getblockdeltas getblocksubsidy getchaintips getchaintxstats getcheckpoint getdeploymentinfo
    getdifficulty getindexinfo getlastsegidstakes getmempoolancestors getmempooldescendants getmempoolentry
    getmempoolinfo getrawmempool getspentinfo gettxout gettxoutproof gettxoutsetinfo verifytxoutproof coinsupply
    kvsearch minerids notaries txnotarizedconfirmed z_gettreestate paxpending
    getNotarisationsForBlock scanNotarisationsDB MoMoMdata calc_MoM height_MoM assetchainproof crosschainproof
    checknotarization getnotarypayinfo getsnapshot
    getaddressbalance getaddressdeltas getaddressmempool getaddresstxids getaddressutxos
    getaddednodeinfo getconnectioncount getdeprecationinfo getnettotals getnetworkinfo getnodeaddresses getpeerinfo
    listbanned getgenerate getlocalsolps getmininginfo getnetworkhashps getnetworksolps
    createrawtransaction decoderawtransaction decodescript getrawtransaction combinerawtransaction testmempoolaccept
    createpsbt decodepsbt analyzepsbt createmultisig decodeccopret estimatefee estimatepriority estimatesmartfee
    getdescriptorinfo deriveaddresses validateaddress verifymessage z_validateaddress z_validatepaymentdisclosure
    getaccount getaddressesbyaccount getaddressesbylabel getaddressinfo getbalance getbalance64 getbalances
    getreceivedbyaccount getreceivedbyaddress getreceivedbylabel gettransaction getunconfirmedbalance getwalletinfo
    listaccounts listaddressgroupings listlabels listlockunspent listreceivedbyaccount listreceivedbyaddress
    listreceivedbylabel listsinceblock listtransactions listunspent listwalletdir listwallets
    z_getbalance z_getoperationstatus z_gettotalbalance z_listaddresses z_listoperationids z_listreceivedbyaddress
    z_listunspent z_viewtransaction
    """
)
FORBIDDEN = _names(
    """
    stop setmocktime invalidateblock reconsiderblock pruneblockchain
    dumpprivkey dumpwallet backupwallet restorewallet listdescriptors convertpassphrase gatewaysdumpprivkey
    z_exportkey z_exportviewingkey z_exportwallet
    encryptwallet walletpassphrasechange sethdseed migratewallet createwallet loadwallet unloadwallet
    """
)

# Whose parameters are looked at: they may be the wallet's upkeep, see `failover/gate/upkeep.py`.
LOOKED_AT = _names("importprivkey importdescriptors rescanblockchain importaddress")

_METHOD = re.compile(r"[A-Za-z0-9_]{1,64}")
_FIELDS = ("jsonrpc", "id", "method", "params")


class MalformedError(ValueError):
    """One sentence: why nobody can be sure what the daemon would make of this request."""


@dataclass(frozen=True, kw_only=True)
class Call:
    """One call: its method, the `id` that its answer must carry, and of some methods the parameters."""

    method: str
    id: Any
    params: Any = field(default=None, repr=False)


@dataclass(frozen=True, kw_only=True)
class Request:
    """What one HTTP body asks for."""

    calls: tuple[Call, ...]
    batch: bool

    @property
    def kind(self) -> Kind:
        """The strictest of its calls."""
        return max(classify(call.method) for call in self.calls)


def classify(method: str) -> Kind:
    """By the exact name: daemons tell upper case from lower. An unknown one counts as signing."""
    if method.lower() in FORBIDDEN:
        return Kind.FORBIDDEN
    return Kind.READING if method in READING else Kind.SIGNING


def parse(body: bytes) -> Request:
    """Read a single call or a batch. Raises MalformedError."""
    try:
        found = json.loads(body.decode("utf-8"), object_pairs_hook=_object, parse_constant=_no_constant)
    except MalformedError:
        raise
    except RecursionError:
        raise MalformedError("the request is nested too deeply") from None
    except ValueError:
        raise MalformedError("the request is not JSON in UTF-8") from None
    if not isinstance(found, list):
        return Request(calls=(_call(found),), batch=False)
    if not found:
        raise MalformedError("the batch is empty")
    return Request(calls=tuple(_call(item) for item in cast("list[Any]", found)), batch=True)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise MalformedError("the request has a key twice in one object")
    return made


def _no_constant(name: str) -> NoReturn:
    raise MalformedError(f"the request holds {name}, which is not JSON")


def _call(found: Any) -> Call:
    if not isinstance(found, dict):
        raise MalformedError("a call is not an object")
    call = cast("dict[str, Any]", found)
    for key in call:
        # "ſ" and the Kelvin sign fold to letters of ASCII, in Go as here.
        if key not in _FIELDS and key.casefold() in _FIELDS:
            raise MalformedError(f"a call has a key that could be read as {key.casefold()!r}: write it in lower case")
    method = call.get("method")
    if not isinstance(method, str):
        raise MalformedError("a call's method is not a string")
    if not _METHOD.fullmatch(method):
        raise MalformedError("a call's method is not a name of letters, digits and _")
    return Call(method=method, id=call.get("id"), params=call.get("params") if method in LOOKED_AT else None)
