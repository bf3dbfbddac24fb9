"""litecoind 0.21.2.1: no wallet unless somebody makes one, and a chain that answers while a wallet rescans."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from decimal import Decimal
from typing import Any

from doubles.chain import OUTPUTS
from doubles.komodod import number_of
from doubles.rpc import (
    BAD_ADDRESS,
    BAD_PARAMETER,
    MISC,
    NOTHING,
    WALLET,
    WALLETS,
    Asked,
    Method,
    RpcError,
    method,
)
from doubles.transactions import Transaction
from doubles.wallet_files import WalletFiles

SLICE_SECONDS = 1.0  # after which a rescan lets a call in


class Litecoind(WalletFiles):
    """LTC's. Every method of its wallets has `needs` WALLETS."""

    family = "litecoind"
    longest_head = 8192
    takes_names = True
    wrong_params = "Params must be an array or object"
    cut_text = "TX decode failed"
    unsigned_text = "non-mandatory-script-verify-flag (Witness program hash mismatch)"
    conflict_text, missing_text = "txn-mempool-conflict", "bad-txns-inputs-missingorspent"
    mined_text = "Transaction already in block chain"
    keyless_text = "Unable to sign input, invalid stack size (possibly missing key)"

    def heads(self) -> tuple[tuple[str, str], ...]:
        """An ending one closes each connection."""
        return (("Connection", "close"),) if self.stopping.is_set() else ()

    @asynccontextmanager
    async def held(self, known: Method) -> AsyncIterator[None]:
        """A rescan makes only the wallet's own methods wait, for a while."""
        if known.needs == WALLETS and (self.scan.locked() or self.trouble.scanning) and known.name != "getwalletinfo":
            await asyncio.sleep(SLICE_SECONDS)
        yield

    def odd_block(self, block: str) -> int:
        raise RpcError(BAD_PARAMETER, f"blockhash must be of length 64 (not {len(block)}, for '{block}')")

    def address_told(self, address: str, script: str) -> dict[str, Any]:
        found = {"isvalid": True, "address": address, "scriptPubKey": script}
        return found | {"isscript": False, "iswitness": False, "ismweb": False}

    @method("uptime", needs=NOTHING)
    async def _uptime(self, _: Asked) -> int:
        return 109

    @method("getblockchaininfo")
    async def _getblockchaininfo(self, _: Asked) -> dict[str, Any]:
        height = self.chain.height
        made = {"blocks": height, "headers": self.chain.best, "bestblockhash": self.chain.hash_of(height)}
        made |= {"mediantime": self.chain.time_of(height), "initialblockdownload": False}
        return {**self.answers["getblockchaininfo"], **made}

    @method("waitfornewblock", 0, 1)
    async def _waitfornewblock(self, asked: Asked) -> dict[str, Any]:
        """Here none comes. It ends early where the daemon does."""
        limit = (asked.params[0] if asked.params else 0) / 1000
        with suppress(TimeoutError):
            await asyncio.wait_for(self.stopping.wait(), limit or None)
        return {"hash": self.chain.hash_of(self.chain.height), "height": self.chain.height}

    @method("getwalletinfo", needs=WALLETS)
    async def _getwalletinfo(self, asked: Asked) -> dict[str, Any]:
        name = self.wallet_for(asked)
        scanning = {"duration": 1, "progress": Decimal("0.5")} if self._scans() else False
        made = {"walletname": name, "balance": self.balance(name), "txcount": self._seen(name), "scanning": scanning}
        return {**self.answers["getwalletinfo"], **made}

    def _seen(self, name: str) -> int:
        return self.wallets.outputs(name, self.settings.pubkey, self.trouble.utxos)

    def _scans(self) -> bool:
        return self.scan.locked() or self.trouble.scanning

    @method("getaddressinfo", 1, needs=WALLETS)
    async def _getaddressinfo(self, asked: Asked) -> dict[str, Any]:
        address, pubkey = str(asked.params[0]), self.settings.pubkey
        script, name = self.network.script_of(address), self.wallet_for(asked)
        if script is None:
            raise RpcError(BAD_ADDRESS, "Invalid address")
        mine = address == self.network.address_of(pubkey) and self.wallets.has(name, pubkey)
        made = {**self.answers["getaddressinfo"], "address": address, "scriptPubKey": script, "pubkey": pubkey}
        if not mine:
            own = ("desc", "pubkey", "iscompressed", "timestamp")
            made = {key: value for key, value in made.items() if key not in own}
        return {**made, "ismine": mine, "solvable": mine, "labels": [""] if mine else []}

    @method("getbalance", 0, 3, needs=WALLETS)
    async def _getbalance(self, asked: Asked) -> Decimal:
        return self.balance(self.wallet_for(asked))

    @method("listunspent", 0, 5, needs=WALLETS)
    async def _listunspent(self, asked: Asked) -> list[dict[str, Any]]:
        wanted = asked.params[2] if len(asked.params) > 2 else None
        for address in wanted or ():
            if self.network.script_of(str(address)) is None:
                raise RpcError(BAD_ADDRESS, f"Invalid Litecoin address: {address}")
        found = self.unspent(self.wallet_for(asked))
        return found if wanted is None else [item for item in found if item["address"] in wanted]

    @method("getnewaddress", 0, 2, needs=WALLETS)
    async def _getnewaddress(self, _: Asked) -> str:
        return self.network.address_of("02" + hashlib.sha256(b"new").hexdigest())

    @method("importprivkey", 1, 3, needs=WALLETS)
    async def _importprivkey(self, asked: Asked) -> None:
        pubkey = self.network.pubkey_of(str(asked.params[0]))
        if pubkey is None:
            raise RpcError(BAD_ADDRESS, "Invalid private key encoding")
        wanted = bool(asked.params[2]) if len(asked.params) > 2 else True
        name = self.wallet_for(asked)
        if not self.wallets.has(name, pubkey):
            async with self.scan:
                await self.rescan(self.settings.rescan if wanted else 0.0)
            self.wallets.imported(name, pubkey, scanned=wanted)

    @method("rescanblockchain", 0, 2, needs=WALLETS)
    async def _rescanblockchain(self, _: Asked) -> dict[str, int]:
        async with self.scan:
            await self.rescan(self.settings.rescan)
        return {"start_height": 0, "stop_height": self.chain.height}

    @method("dumpprivkey", 1, needs=WALLETS)
    async def _dumpprivkey(self, asked: Asked) -> str:
        raise RpcError(WALLET, f"Private key for address {asked.params[0]} is not known")

    @method("walletpassphrase", 2, needs=WALLETS)
    async def _walletpassphrase(self, _: Asked) -> None:
        raise RpcError(-15, "Error: running with an unencrypted wallet, but walletpassphrase was called.")

    @method("lockunspent", 1, 2, needs=WALLETS)
    async def _lockunspent(self, asked: Asked) -> bool:
        unlock, given = asked.params[0], asked.params[1] if len(asked.params) > 1 else None
        locked = set() if given is None else set(self.wallets.locked)
        for item in given or ():
            point = (str(item.get("txid")), number_of(item))
            if point[0] in self.chain.missing:
                raise RpcError(BAD_PARAMETER, "Invalid parameter, unknown transaction")
            if point[1] >= OUTPUTS:
                raise RpcError(BAD_PARAMETER, "Invalid parameter, vout index out of bounds")
            if unlock is not (point in locked):
                odd = "expected locked output" if unlock else "output already locked"
                raise RpcError(BAD_PARAMETER, f"Invalid parameter, {odd}")
            locked ^= {point}
        self.wallets.locked = locked
        return True

    @method("listlockunspent", needs=WALLETS)
    async def _listlockunspent(self, _: Asked) -> list[dict[str, Any]]:
        return [{"txid": txid, "vout": number} for txid, number in sorted(self.wallets.locked)]

    @method("signrawtransactionwithwallet", 1, 3, needs=WALLETS)
    async def _sign(self, asked: Asked) -> dict[str, Any]:
        return await self.signed(asked, self.wallet_for(asked), self.to_sign(asked))

    @method("generate", 0, 2)
    async def _generate(self, _: Asked) -> None:
        gone = "has been replaced by the -generate cli option. Refer to -help for more information."
        raise RpcError(MISC, f"generate\n{gone}")

    @method("decoderawtransaction", 1, 2)
    async def _decoderawtransaction(self, asked: Asked) -> dict[str, Any]:
        made = self.transaction(asked)
        return {"txid": made.txid, "vin": [{"txid": one.transaction, "vout": one.number} for one in made.inputs]}

    @method("getrawtransaction", 1, 3)
    async def _getrawtransaction(self, _: Asked) -> object:
        raise RpcError(
            BAD_ADDRESS,
            "No such mempool or blockchain transaction. Use gettransaction for wallet transactions.",
        )

    def to_sign(self, asked: Asked) -> Transaction:
        """The error says more."""
        try:
            return self.transaction(asked)
        except RpcError as error:
            raise RpcError(error.code, f"{error.message}. Make sure the tx has at least one input.") from None

    def to_send(self, asked: Asked) -> Transaction:
        """The error says more."""
        return self.to_sign(asked)

    def flaw(self, item: Any, why: str) -> dict[str, Any]:
        found = super().flaw(item, why)
        return {"txid": found["txid"], "vout": found["vout"], "witness": [], **found}

    async def end(self) -> None:
        """As on SIGTERM: what waits for a block is answered, and then it is gone."""
        self.stopping.set()
        await asyncio.sleep(0.05)
        self.interrupted = True
        await self.server.close()
