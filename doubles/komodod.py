"""komodod 0.9.2-2: one wallet, one lock that a rescan holds for its whole time, and locks that it never refuses."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any

from doubles.common import Common
from doubles.daemon import LOCK_PAUSE
from doubles.rpc import (
    BAD_ADDRESS,
    BAD_PARAMETER,
    MISC,
    NOTHING,
    TYPE,
    WALLET,
    Asked,
    Method,
    RpcError,
    method,
)
from doubles.transactions import Transaction, parse

DEATH_SECONDS = 10.0  # for which a call that is under way keeps an ending daemon


class Komodod(Common):
    """KMD's, or an assetchain's."""

    family = "komodod"
    silent_end = True
    wrong_params = "Params must be an array"
    unsigned_text = "16: mandatory-script-verify-flag-failed (Operation not valid with the current stack size)"
    conflict_text, missing_text = "16: mempool conflict", "Missing inputs"
    mined_text = "transaction already in block chain"
    keyless_text = "Operation not valid with the current stack size"

    @asynccontextmanager
    async def held(self, known: Method) -> AsyncIterator[None]:
        """All but `help` and `stop` wait until a rescan is over."""
        if known.needs == NOTHING:
            yield
            return
        async with self.main:
            while self.trouble.scanning:
                await asyncio.sleep(LOCK_PAUSE)
            yield

    def odd_block(self, block: str) -> int:
        """A height will do."""
        if not block.isdecimal():
            raise RpcError(BAD_PARAMETER, "Invalid block height parameter")
        return int(block)

    def address_told(self, address: str, script: str) -> dict[str, Any]:
        """With the key, where the wallet has it."""
        pubkey, mine = self.settings.pubkey, self._has(address)
        found = {"isvalid": True, "address": address, "scriptPubKey": script, "segid": 50, "ismine": mine}
        found |= {"iswatchonly": False, "isscript": False}
        return found | ({"pubkey": pubkey, "iscompressed": True, "account": ""} if mine else {})

    def _has(self, address: str) -> bool:
        pubkey = self.settings.pubkey
        return address == self.network.address_of(pubkey) and self.wallets.has("", pubkey)

    @method("getblockchaininfo")
    async def _getblockchaininfo(self, _: Asked) -> dict[str, Any]:
        name = "getblockchaininfo/KMD" if self.network.chain == "KMD" else "getblockchaininfo"
        height, behind = self.chain.height, self.trouble.behind
        made = {"blocks": height, "synced": not behind, "headers": self.chain.best}
        return {**self.answers[name], **made, "bestblockhash": self.chain.hash_of(height)}

    @method("getinfo")
    async def _getinfo(self, _: Asked) -> dict[str, Any]:
        height = self.chain.height
        made = {
            **self.answers["getinfo"],
            "balance": self.balance(""),
            "blocks": height,
            "longestchain": self.chain.best,
        }
        made |= {"notarized": max(0, height - 5), "tiptime": self.chain.time_of(height), "name": self.network.chain}
        made |= {"pubkey": self.settings.pubkey, "synced": not self.trouble.behind}
        lacking = {"CCid" if self.network.chain == "KMD" else "", "" if self.settings.pubkey else "pubkey"}
        return {key: value for key, value in made.items() if key not in lacking}

    @method("getwalletinfo")
    async def _getwalletinfo(self, _: Asked) -> dict[str, Any]:
        seen = self.wallets.outputs("", self.settings.pubkey, self.trouble.utxos)
        return {**self.answers["getwalletinfo"], "balance": self.balance(""), "txcount": seen}

    @method("getbalance", 0, 3)
    async def _getbalance(self, _: Asked) -> Decimal:
        return self.balance("")

    @method("listunspent", 0, 3)
    async def _listunspent(self, asked: Asked) -> list[dict[str, Any]]:
        found = self.unspent("")
        wanted = asked.params[2] if len(asked.params) > 2 else None
        return found if wanted is None else [item for item in found if item["address"] in wanted]

    @method("getnewaddress", 0, 1)
    async def _getnewaddress(self, _: Asked) -> str:
        return self.network.address_of("02" + hashlib.sha256(b"new").hexdigest())

    @method("importprivkey", 1, 5)
    async def _importprivkey(self, asked: Asked) -> str:
        pubkey = self.network.pubkey_of(str(asked.params[0]))
        if pubkey is None:
            raise RpcError(BAD_ADDRESS, "Invalid private key encoding")
        wanted = bool(asked.params[2]) if len(asked.params) > 2 else True
        if self.wallets.imported("", pubkey, scanned=wanted) and wanted:
            await self.rescan(self.settings.rescan)
        return self.network.address_of(pubkey)

    @method("dumpprivkey", 1)
    async def _dumpprivkey(self, asked: Asked) -> str:
        raise RpcError(WALLET, f"Private key for address {asked.params[0]} is not known")

    @method("encryptwallet", 1)
    async def _encryptwallet(self, _: Asked) -> None:
        raise RpcError(-16, "Error: wallet encryption is disabled.")

    @method("walletpassphrase", 2)
    async def _walletpassphrase(self, _: Asked) -> None:
        raise RpcError(-15, "Error: running with an unencrypted wallet, but walletpassphrase was called.")

    @method("lockunspent", 1, 2)
    async def _lockunspent(self, asked: Asked) -> bool:
        unlock, given = asked.params[0], asked.params[1] if len(asked.params) > 1 else None
        if given is None:
            self.wallets.locked.clear()
            return True
        points = {(str(item["txid"]), number_of(item)) for item in given}
        self.wallets.locked = self.wallets.locked - points if unlock else self.wallets.locked | points
        return True

    @method("listlockunspent")
    async def _listlockunspent(self, _: Asked) -> list[dict[str, Any]]:
        return [{"txid": txid, "vout": number} for txid, number in sorted(self.wallets.locked)]

    @method("signrawtransaction", 1, 5)
    async def _signrawtransaction(self, asked: Asked) -> dict[str, Any]:
        return await self.signed(asked, "", self.to_sign(asked))

    def to_sign(self, asked: Asked) -> Transaction:
        """What is not even hex has an error of its own."""
        text = str(asked.params[0])
        if any(letter not in "0123456789abcdefABCDEF" for letter in text):
            raise RpcError(BAD_PARAMETER, f"argument 1 must be hexadecimal string (not '{text}')")
        return self.transaction(asked)

    @method("createrawtransaction", 2, 4)
    async def _createrawtransaction(self, asked: Asked) -> str:
        head = "0400008085202f8901"
        spent = asked.params[0][0]
        outpoint = bytes.fromhex(spent["txid"])[::-1].hex() + int(spent["vout"]).to_bytes(4, "little").hex()
        return f"{head}{outpoint}00ffffffff0000000000{'00' * 4}{'00' * 8}000000"

    @method("decoderawtransaction", 1)
    async def _decoderawtransaction(self, asked: Asked) -> dict[str, Any]:
        return decoded(self.transaction(asked), self.network.address_of, "valueZat")

    @method("getrawtransaction", 1, 2)
    async def _getrawtransaction(self, asked: Asked) -> object:
        txid = str(asked.params[0])
        if txid in self.chain.missing:
            raise RpcError(BAD_ADDRESS, "No information available about transaction")
        found = (
            f"0400008085202f8901{'00' * 32}0000000000ffffffff0110270000000000002321{self.settings.pubkey}ac{'00' * 19}"
        )
        if asked.params[1:] != [1]:
            return found
        told = decoded(parse(found), self.network.address_of, "valueSat")
        for item in told["vin"]:
            told["vin"][0] = {"txid": item["txid"], "vout": 0, "address": self.network.address_of(self.settings.pubkey)}
            told["vin"][0] |= {"scriptSig": item["scriptSig"], "sequence": item["sequence"]}
        kept = {key: told.get(key, value) for key, value in self.answers["getrawtransaction"].items()}
        made: dict[str, Any] = {"hex": found, **kept, "txid": txid}
        order = [*list(made)[:8], "vin", "vout", *list(made)[8:]]
        return {key: {**made, "vin": told["vin"], "vout": told["vout"]}[key] for key in order}

    @method("generate", 1)
    async def _generate(self, asked: Asked) -> list[str]:
        await asyncio.sleep(0.01)
        self.chain.mine()
        return [self.chain.hash_of(self.chain.height)] * int(asked.params[0])

    @method("calc_MoM", 0, 2)
    async def _calc_mom(self, asked: Asked) -> dict[str, Any]:
        if len(asked.params) != 2:
            raise RpcError(MISC, "calc_MoM height MoMdepth\n")
        height, depth = (int(number) for number in asked.params)
        return {**self.answers["calc_MoM"], "coin": self.network.chain, "height": height, "MoMdepth": depth}

    @method("MoMoMdata", 0, 3)
    async def _momom_data(self, asked: Asked) -> dict[str, Any]:
        if len(asked.params) != 3:
            raise RpcError(MISC, "MoMoMdata symbol kmdheight ccid\n")
        return {**self.answers["MoMoMdata"], "coin": str(asked.params[0]), "ccid": int(asked.params[2])}

    async def end(self) -> None:
        """As on SIGTERM: connections are still taken, and with a call under way nobody gets an answer any more."""
        self.stopping.set()
        self.interrupted = True
        if self.working:
            self.server.deaf = True
            await asyncio.sleep(DEATH_SECONDS)
        await self.server.close()


def number_of(item: dict[str, Any]) -> int:
    """An output's number. Raises RpcError."""
    number = item.get("vout")
    if not isinstance(number, int):
        raise RpcError(TYPE, "Expected type number for vout, got string")
    return number


def decoded(made: Transaction, address_of: Any, value: str) -> dict[str, Any]:
    """A transaction as komodod shows it; `value` is its name for satoshis."""
    vin = [_input(item) for item in made.inputs]
    vout = [_output(number, item, address_of, value) for number, item in enumerate(made.outputs)]
    found: dict[str, Any] = {"txid": made.txid, "overwintered": True, "version": 4, "versiongroupid": "892f2085"}
    found |= {"locktime": 0, "expiryheight": 0, "vin": vin, "vout": vout, "vjoinsplit": []}
    return found | {"valueBalance": Decimal("0.00000000"), "vShieldedSpend": [], "vShieldedOutput": []}


def _input(item: Any) -> dict[str, Any]:
    script = {"asm": item.script[1:].hex(), "hex": item.script.hex()}
    return {"txid": item.transaction, "vout": item.number, "scriptSig": script, "sequence": item.sequence}


def _output(number: int, item: Any, address_of: Any, value: str) -> dict[str, Any]:
    text, coins = item.script.hex(), Decimal(item.satoshis) / 100_000_000
    script: dict[str, Any] = {"asm": text, "hex": text, "type": "nulldata"}
    if len(item.script) == 35:
        pubkey = item.script[1:34].hex()
        script = {"asm": f"{pubkey} OP_CHECKSIG", "hex": text, "reqSigs": 1, "type": "pubkey"}
        script["addresses"] = [address_of(pubkey)]
    return {"value": coins.quantize(Decimal("0.00000001")), value: item.satoshis, "n": number, "scriptPubKey": script}
