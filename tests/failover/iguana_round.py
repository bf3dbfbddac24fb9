"""One dPoW round as Iguana plays it with a daemon: its calls, in its order and in its bytes.

Source: KomodoPlatform/dPoW 2f846c0, `iguana/dpow/dpow_fsm.c` (dpow_statemachinestart), `dpow_rpc.c`, `dpow_tx.c`
(dpow_rawtxsign), `crypto777/bitcoind_RPC.c` (a request's form). Two things differ, for btcd has no wallet: where
`listunspent` and `signrawtransaction` are refused by the node itself, the double finds the notary's outputs in the
blocks, and signs by itself.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from doubles.iguana_daemons import Coin, Daemons, RefusedError
from tests.failover.coins import SATOSHIS, Key, Output

FEE = 10_000
MATURITY = 100  # blocks until a coinbase may be spent, on btcd's simnet
Ask = Callable[..., Any]


def asking(daemons: Daemons, coin: Coin) -> Ask:
    """Calls as Iguana's. Raises RefusedError, OSError."""
    return lambda method, *params: daemons.call(coin, method, json.dumps(params))


def caller(port: int, login: str) -> Ask:
    """The same of a daemon that is asked directly."""
    coin = Coin(symbol="KMD", at=f"127.0.0.1:{port}", login=login, address_version=0)
    return asking(Daemons(retries=()), coin)


def tip(ask: Ask) -> int:
    """What Iguana polls all the time, for both chains of a round: the height of the best block."""
    return int(ask("getblock", ask("getbestblockhash"))["height"])


class Round:
    """One notary's rounds with one node. Of two candidates, each spends outputs of its own `place`, 0 or 1."""

    def __init__(self, ask: Ask, key: Key, place: int) -> None:
        self._ask, self._key, self._place = ask, key, place

    def sign(self, height: int) -> tuple[str, Output]:
        """All up to the signed transaction, in hex, with what it spends."""
        checkpoint = self._ask("getblockhash", height)
        self._ask("getinfo")
        assert self._ask("validateaddress", self._key.address)["isvalid"]
        output = self._mine(height)
        spent = {"txid": output.transaction, "vout": output.number}
        self._without_wallet("lockunspent", False, [spent])
        raw = self._key.spend(output, fee=FEE)
        self._without_wallet("signrawtransaction", raw, [spent | {"scriptPubKey": output.script.hex()}])
        assert self._ask("decoderawtransaction", raw)["vin"][0]["txid"] == output.transaction
        assert self._ask("getblockhash", height) == checkpoint, "the checkpoint was not reorganised away"
        return raw, output

    def send(self, raw: str, output: Output) -> str:
        """Publish it; the transaction's id. Raises RefusedError."""
        sent = str(self._ask("sendrawtransaction", raw))
        self._without_wallet("lockunspent", True, [{"txid": output.transaction, "vout": output.number}])
        return sent

    def _mine(self, height: int) -> Output:
        self._without_wallet("listunspent", 1, 99999999, [self._key.address])
        for number in range(2 - self._place, height - MATURITY + 1, 2):
            transaction = self._ask("getblock", self._ask("getblockhash", number))["tx"][0]
            if found := self._ask("gettxout", transaction, 0):
                script = bytes.fromhex(found["scriptPubKey"]["hex"])
                return Output(
                    transaction=transaction, number=0, satoshis=round(found["value"] * SATOSHIS), script=script
                )
        raise AssertionError(f"no output is left at height {height}")

    def _without_wallet(self, method: str, *params: object) -> None:
        """A call that reaches the node, which has no such command."""
        try:
            self._ask(method, *params)
        except RefusedError as error:
            if error.code != -1:  # btcd's ErrRPCUnimplemented and ErrRPCNoWallet; the gate's and the agent's are others
                raise


def go_on(folder: Path, round_: Round, ask: Ask, note: Callable[[str, str], None], pause: Callable[[], None]) -> None:
    """A round a block, for ever. While the file `hold` is there, what is signed is not sent yet."""
    last = 0
    while True:
        pause()
        try:
            if (height := tip(ask)) == last:
                continue
            last = height
            raw, output = round_.sign(height)
            note("signed", raw)
            while (folder / "hold").exists():
                pause()
            note("answers", json.dumps({"sent": round_.send(raw, output)}))
        except RefusedError as error:
            note("answers", json.dumps({"code": error.code, "message": str(error)}))
        except OSError as error:
            note("answers", json.dumps({"broken": repr(error)}))
