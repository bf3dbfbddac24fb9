"""What is asked of a daemon's wallet about one key, in the words of each daemon of the family, and of its imports."""

from __future__ import annotations

import secrets
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any, Protocol, cast

from failover.keys import NotaryKey
from failover.wire import CallError

# bitcoin's rpc/protocol.h
NO_METHOD = -32601
NO_WALLET = -18  # RPC_WALLET_NOT_FOUND: none is loaded


class Ask(Protocol):
    """A call of one daemon. Raises CallError for an error of JSON-RPC, RoleError, or what the connection does."""

    def __call__(self, method: str, *params: object) -> Coroutine[None, None, Any]: ...


class ImportFailedError(Exception):
    """One sentence, without the key: why a daemon did not import it."""


@dataclass(frozen=True, kw_only=True)
class Scan:
    """Whether a wallet looks through its chain now, and how far it is, 0 to 1; komodod says neither."""

    under_way: bool
    progress: float | None = None


def pay_to(pubkey: str) -> str:
    """The script, in hex, that pays to a compressed public key itself, as notary UTXOs do."""
    return f"21{pubkey}ac"


async def address_of(ask: Ask, pubkey: str) -> str:
    """The notary's address in the daemon's own form, base58, which Iguana asks `ismine` of.

    komodod says it of the script; litecoind 0.21 and bitcoind 28 only of a descriptor [run: the first two].
    """
    script = await ask("decodescript", pay_to(pubkey))
    if addresses := script.get("addresses"):
        return str(addresses[0])
    described = await ask("getdescriptorinfo", f"pkh({pubkey})")
    return str((await ask("deriveaddresses", described["descriptor"]))[0])


async def holds_key(ask: Ask, address: str) -> bool | None:
    """`ismine`; None where the daemon does not say, as one without any wallet does.

    False where no wallet is loaded, for then it certainly can't sign. `dpow` asks the same (`iguana_notary.c`).
    """
    try:
        found = await ask("getaddressinfo", address)
    except CallError as error:
        if error.code == NO_WALLET:
            return False
        if error.code != NO_METHOD:
            raise
        found = await ask("validateaddress", address)
    mine = found.get("ismine")
    return mine if isinstance(mine, bool) else None


def scan_in(wallet: dict[str, Any]) -> Scan:
    """From `getwalletinfo`."""
    scanning: object = wallet.get("scanning")
    if not isinstance(scanning, dict):
        return Scan(under_way=False)
    progress = cast("dict[str, Any]", scanning).get("progress")
    return Scan(under_way=True, progress=float(progress) if isinstance(progress, int | float) else None)


async def import_key(ask: Ask, key: NotaryKey, address: str) -> None:
    """Import with a rescan of the whole chain; answered when that is over. Raises ImportFailedError, or as `ask`.

    A descriptor wallet takes no `importprivkey`. `combo` finds what pays to the key itself, as notary UTXOs do, and to
    its hash.
    """
    wif = key.wif(address)
    try:
        if not (await ask("getwalletinfo")).get("descriptors"):
            await ask("importprivkey", wif, "", True)
            return
        descriptor = f"combo({wif})"
        checksum = (await ask("getdescriptorinfo", descriptor))["checksum"]
        asked = [{"desc": f"{descriptor}#{checksum}", "timestamp": 0}]
        for answer in await ask("importdescriptors", asked):
            if not answer.get("success"):
                raise ImportFailedError(key.blotted(str(answer.get("error"))[:200], wif))
    except CallError as error:
        raise CallError(error.code, key.blotted(str(error), wif)) from None


async def rescan(ask: Ask) -> None:
    """Have the wallet look through the whole chain for what it knows; answered when that is over.

    komodod has no call for it, and importing a key again does nothing. It looks for all that it knows when it begins to
    watch a new script: here one after OP_RETURN, which nobody can be paid by (`src/wallet/rpcdump.cpp`).
    """
    try:
        await ask("rescanblockchain")
    except CallError as error:
        if error.code != NO_METHOD:
            raise
        await ask("importaddress", f"6a08{secrets.token_hex(8)}", "", True)
