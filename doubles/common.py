"""Methods that komodod and litecoind answer alike."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from doubles.daemon import Daemon
from doubles.rpc import BAD_ADDRESS, DECODE, IN_CHAIN, MISSING, NOTHING, REJECTED, Asked, RpcError, method
from doubles.transactions import CutError, Transaction, parse
from doubles.wallet import FUNDING, FUNDS, NOTARY_UTXO

PEERS = 8


class Common(Daemon):
    """The chain, the peers and the mempool."""

    cut_text = "TX decode failed"
    unsigned_text = conflict_text = missing_text = mined_text = ""

    @method("getblockcount")
    async def _getblockcount(self, _: Asked) -> int:
        return self.chain.height

    @method("getbestblockhash")
    async def _getbestblockhash(self, _: Asked) -> str:
        return self.chain.hash_of(self.chain.height)

    @method("getblockhash", 1)
    async def _getblockhash(self, asked: Asked) -> str:
        return self.chain.hash_of(self.height_given(asked))

    @method("getblockheader", 1, 2)
    async def _getblockheader(self, asked: Asked) -> dict[str, Any]:
        return self.block("getblockheader", self.height_named(asked))

    @method("getblock", 1, 2)
    async def _getblock(self, asked: Asked) -> dict[str, Any]:
        whole = asked.params[1:] == [2] and "getblock/2" in self.answers
        return self.block("getblock/2" if whole else "getblock", self.height_named(asked))

    @method("getpeerinfo")
    async def _getpeerinfo(self, _: Asked) -> list[dict[str, Any]]:
        height, count = self.chain.best, self.trouble.peers
        known = {"startingheight": height, "synced_headers": height, "synced_blocks": height}
        return [{**self.answers["getpeerinfo"][0], "id": n, **known} for n in range(PEERS if count is None else count)]

    @method("getconnectioncount")
    async def _getconnectioncount(self, _: Asked) -> int:
        return PEERS if self.trouble.peers is None else self.trouble.peers

    @method("getrawmempool", 0, 2)
    async def _getrawmempool(self, _: Asked) -> list[str]:
        return list(self.chain.mempool)

    @method("validateaddress", 1)
    async def _validateaddress(self, asked: Asked) -> dict[str, Any]:
        script = self.network.script_of(str(asked.params[0]))
        return {"isvalid": False} if script is None else self.address_told(str(asked.params[0]), script)

    @method("decodescript", 1)
    async def _decodescript(self, asked: Asked) -> dict[str, Any]:
        script = str(asked.params[0])
        if not (len(script) == 70 and script.startswith("21") and script.endswith("ac")):
            return {"asm": "", "type": "nonstandard", "p2sh": ""}
        pubkey = script[2:-2]
        found = {"asm": f"{pubkey} OP_CHECKSIG", "reqSigs": 1, "type": "pubkey"}
        return {**found, "addresses": [self.network.address_of(pubkey)], "p2sh": ""}

    @method("sendrawtransaction", 1, 2)
    async def _sendrawtransaction(self, asked: Asked) -> str:
        made, chain = self.to_send(asked), self.chain
        spent = {(item.transaction, item.number) for item in made.inputs}
        if made.txid in chain.mined:
            raise RpcError(IN_CHAIN, self.mined_text)
        if spent & chain.spent or any(txid in chain.missing for txid, _ in spent):
            raise RpcError(MISSING, self.missing_text)
        if not made.signed:
            raise RpcError(REJECTED, self.unsigned_text)
        if made.txid not in chain.mempool and chain.disputed(made):
            raise RpcError(REJECTED, self.conflict_text)
        chain.mempool[made.txid] = made
        return made.txid

    @method("stop", needs=NOTHING)
    async def _stop(self, _: Asked) -> str:
        self.stopping.set()
        return f"{self.network.chain} server stopping"

    @method("help", 0, 1, needs=NOTHING)
    async def _help(self, asked: Asked) -> str:
        return str(asked.params[0]) if asked.params else "\n".join(sorted(self._methods))

    def height_named(self, asked: Asked) -> int:
        """The height of the block that the first parameter names. Raises RpcError."""
        block = str(asked.params[0])
        height = self.chain.height_of(block) if len(block) == 64 else self.odd_block(block)
        if height is None:
            raise RpcError(BAD_ADDRESS, "Block not found")
        return height

    def odd_block(self, block: str) -> int:
        """The height of a block that is not named by its hash. Raises RpcError."""
        raise NotImplementedError

    def block(self, name: str, height: int) -> dict[str, Any]:
        """A recorded block with its own height, time and neighbours."""
        chain, made = self.chain, dict(self.answers[name])
        now = chain.time_of(height)
        made |= {
            "hash": chain.hash_of(height),
            "height": height,
            "confirmations": chain.height - height + 1,
            "time": now,
        }
        made |= {key: chain.height - height + 1 for key in ("rawconfirmations",) if key in made}
        made |= {key: now for key in ("mediantime",) if key in made}
        made["previousblockhash"] = chain.hash_of(height - 1)
        made["nextblockhash"] = chain.hash_of(height + 1)
        if height == chain.height:
            del made["nextblockhash"]
        if height == 0:
            del made["previousblockhash"]
        return made

    def transaction(self, asked: Asked) -> Transaction:
        """The first parameter as a transaction. Raises RpcError."""
        try:
            return parse(str(asked.params[0]))
        except CutError:
            raise RpcError(DECODE, self.cut_text) from None

    def to_sign(self, asked: Asked) -> Transaction:
        """The same for a call that signs. Raises RpcError."""
        return self.transaction(asked)

    def to_send(self, asked: Asked) -> Transaction:
        """The same for a call that sends. Raises RpcError."""
        return self.transaction(asked)

    async def signed(self, asked: Asked, name: str, made: Transaction) -> dict[str, Any]:
        """What signing a transaction comes to. `name`: the wallet's."""
        missing = [item for item in made.inputs if item.transaction in self.chain.missing]
        keyless = not self.wallets.has(name, self.settings.pubkey)
        # Outputs that come with the call are known, whether or not this daemon has them.
        given = (
            {str(item.get("txid")) for item in asked.params[1]} if len(asked.params) > 1 and asked.params[1] else set()
        )
        lacking = [item for item in missing if item.transaction not in given]
        wrong = [self.flaw(item, "Input not found or already spent") for item in lacking]
        if keyless and not wrong:
            wrong = [self.flaw(item, self.keyless_text) for item in made.inputs if not item.script]
        if wrong:
            return {"hex": made.written().hex(), "complete": False, "errors": wrong}
        await self.signing(asked, made)
        return {"hex": made.signature().written().hex(), "complete": True}

    keyless_text = ""

    def flaw(self, item: Any, why: str) -> dict[str, Any]:
        """One input that could not be signed."""
        found = {"txid": item.transaction, "vout": item.number, "scriptSig": item.script.hex()}
        return {**found, "sequence": item.sequence, "error": why}

    def address_told(self, address: str, script: str) -> dict[str, Any]:
        """What validateaddress says of an address of this network."""
        raise NotImplementedError

    def unspent(self, name: str) -> list[dict[str, Any]]:
        """The outputs that a wallet can spend and has not locked."""
        pubkey, network = self.settings.pubkey, self.network
        count = self.wallets.outputs(name, pubkey, self.trouble.utxos)
        own = {"address": network.address_of(pubkey), "scriptPubKey": f"21{pubkey}ac", "amount": NOTARY_UTXO}
        kept = {key: value for key, value in self.answers["listunspent"][0].items() if key not in ("txid", "vout")}
        free = [n for n in range(count) if (FUNDING, n) not in self.wallets.locked]
        return [{"txid": FUNDING, "vout": number, **kept, **own} for number in free]

    def balance(self, name: str) -> Decimal:
        """The coins that a wallet knows of."""
        return FUNDS if self.wallets.outputs(name, self.settings.pubkey, None) else Decimal("0.00000000")
