"""Which calls only keep a duty's wallet as it must be, and need no epoch: its own key is imported, the chain rescanned.

Pure. Why this is safe: a key in a wallet signs nothing by itself, and every call that signs with it needs the current
epoch as before. Every candidate's daemon needs the key before the first activation, when there is no epoch
([ADR 37](../../docs/adr/0037-the-own-key-needs-no-epoch.md)).

Only what has exactly these forms passes, one call at a time. Anything else counts as signing: another key, a batch,
named parameters, a watched address that somebody could pay to.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, cast

from failover.gate.calls import Request
from failover.keys import public_of_wif

# One key, spelt out, without a path; `combo` pays to the key, to its hash, and to both by witness.
_DESCRIPTOR = re.compile(r"(?:combo|pk|pkh|wpkh)\(([1-9A-HJ-NP-Za-km-z]{52})\)#[a-z0-9]{8}")
# Eight bytes after OP_RETURN: nobody can spend it or be paid by it, and an older daemon looks through its chain for it.
_NOBODYS_SCRIPT = re.compile(r"6a08[0-9a-f]{16}")
_DESCRIPTOR_FIELDS = frozenset({"desc", "timestamp", "label"})
DESCRIPTORS = 4  # at most, as many as there are forms


def is_upkeep(request: Request, pubkey: str) -> bool:
    """Whether it may pass without an epoch; never without a `pubkey`, the duty's own in hex."""
    if request.batch or len(request.calls) != 1 or not pubkey:
        return False
    call = request.calls[0]
    form, params = _FORMS.get(call.method), cast("object", call.params)
    return form is not None and isinstance(params, list) and form(cast("list[Any]", params), pubkey)


def _import_key(params: list[Any], pubkey: str) -> bool:
    """WIF, no label, whether to look through the chain. komodod's fourth and fifth would change what the WIF means."""
    if not 1 <= len(params) <= 3 or not isinstance(params[0], str) or public_of_wif(params[0]) != pubkey:
        return False
    return params[1:2] in ([], [""]) and all(isinstance(rescan, bool) for rescan in params[2:])


def _import_descriptors(params: list[Any], pubkey: str) -> bool:
    if len(params) != 1 or not isinstance(params[0], list):
        return False
    items = cast("list[Any]", params[0])
    return 1 <= len(items) <= DESCRIPTORS and all(_own_descriptor(item, pubkey) for item in items)


def _own_descriptor(item: Any, pubkey: str) -> bool:
    if not isinstance(item, dict):
        return False
    given = cast("dict[str, Any]", item)
    if not given.keys() <= _DESCRIPTOR_FIELDS or given.get("label", "") != "":
        return False
    since = given.get("timestamp")
    if since != "now" and (not isinstance(since, int) or isinstance(since, bool) or since < 0):
        return False
    found = _DESCRIPTOR.fullmatch(given["desc"]) if isinstance(given.get("desc"), str) else None
    return found is not None and public_of_wif(found[1]) == pubkey


def _rescan(params: list[Any], _: str) -> bool:
    return params == []


def _watch_nobody(params: list[Any], _: str) -> bool:
    if len(params) != 3 or params[1] != "" or params[2] is not True or not isinstance(params[0], str):
        return False
    return _NOBODYS_SCRIPT.fullmatch(params[0]) is not None


_FORMS: dict[str, Callable[[list[Any], str], bool]] = {
    "importprivkey": _import_key,
    "importdescriptors": _import_descriptors,
    "rescanblockchain": _rescan,
    "importaddress": _watch_nobody,
}
