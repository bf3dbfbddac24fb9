"""What Iguana asks daemons once `dpow` was said: polls, and rounds with the recorded calls in their order.

It has no peers: the other notaries' inputs are made up, and each round goes as far as if all had answered at once. It
skips no checkpoint by KMD's height, as Iguana does for an assetchain after a round (docs/adr/0038).
Source: KomodoPlatform/dPoW 2f846c0, `iguana/dpow/dpow_fsm.c`, `dpow_rpc.c`, `dpow_tx.c`, and recordings of it.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from doubles.iguana_daemons import Coin, Daemons, RefusedError
from doubles.iguana_keys import address

POLL_SECONDS, FIRST_SECONDS = 2.0, 0.9
CONFIRMS, FREQUENCY = {"KMD": 10}, {"KMD": 5}  # of the chain's blocks; other chains 5 and 2
OTHERS = 2  # notaries that take part, beside this one
CRYPTO777 = "020e46e79a2a8d12b9b5d12c7a91adb4e454edfae43c0a0cb805427d2ac7613fd9"  # whom notarisations pay
DONATED = 10_000 * OTHERS
Told = Callable[[str, str], None]


@dataclass
class Follower:
    """One `dpow`: a chain, what it is notarised to, and this notary's key. `told` gets what was signed or sent."""

    daemons: Daemons
    source: Coin
    to: Coin
    pubkey: str
    told: Told = lambda *_: None
    _last: dict[str, str] = field(default_factory=dict[str, str])
    _height: int | None = None
    _oldest: int = 0  # the first block that its queue held
    _held: list[str] = field(default_factory=list[str])

    def run(self) -> None:
        """Poll for ever; a daemon that refuses or is not there is asked again the next time."""
        time.sleep(FIRST_SECONDS)
        while True:
            began = time.monotonic()
            with suppress(OSError, RefusedError):
                self.poll()
            time.sleep(max(0.0, began + POLL_SECONDS - time.monotonic()))

    def poll(self) -> None:
        """Ask once after new blocks, and play the round that one of them makes due."""
        height = self._look(self.source)
        if self.to.symbol != "KMD":  # KMD is polled by its own dpow
            self._look(self.to)
        if height is None:
            return
        if self._height is None:  # its queue of blocks begins with the two newest: no round before it is full
            self._oldest, self._height = height - 1, height - 2
        seen, self._height = self._height, height
        for new in range(seen + 1, height + 1):
            self.daemons.call(self.source, "getblockhash", f"[{new}]")
            checkpoint = new - CONFIRMS.get(self.source.symbol, 5) - 1
            if checkpoint >= self._oldest and checkpoint % FREQUENCY.get(self.source.symbol, 2) == 0:
                self.play(checkpoint)

    def play(self, checkpoint: int) -> None:
        """A round for this height of the source chain; without an output of either chain it ends early."""
        before = int(self.daemons.call(self.source, "getinfo").get("prevMoMheight", 0))
        if self.source.symbol != "KMD":
            self.daemons.call(self.source, "calc_MoM", f'["{checkpoint}", "{checkpoint - before - 1}"]')
        coins = self.to, self.source
        outputs = [self._unspent(coin) for coin in coins]
        if not all(outputs):
            return
        self._asked_again(2)
        block = str(self.daemons.call(self.source, "getblockhash", f"[{checkpoint}]"))
        self._asked_again(2)
        for coin, output in zip(coins, outputs, strict=True):
            signed = self._sign(coin, output, block, checkpoint)
            self.daemons.call(coin, "decoderawtransaction", f'["{signed}"]')
            self._asked_again(1)
            self.told("sent", str(self.daemons.call(coin, "sendrawtransaction", f'["{signed}"]')))
            self._asked_again(1)

    def _look(self, coin: Coin) -> int | None:
        """The height of a block that was not the best one at the last poll."""
        best = str(self.daemons.call(coin, "getbestblockhash"))
        if self._last.get(coin.symbol) == best:
            return None
        self._last[coin.symbol] = best
        return int(self.daemons.call(coin, "getblock", f'["{best}"]')["height"])

    def _unspent(self, coin: Coin) -> dict[str, Any]:
        """One of this notary's outputs, or nothing. KMD's is locked, and that of two rounds before it unlocked."""
        own = address(self.pubkey, coin.address_version)
        found = self.daemons.call(coin, "listunspent", f'[1, 99999999, ["{own}"]]')
        small = [one for one in found if abs(one["amount"] - 0.0001) < 1e-9]
        if not small:
            return {}
        output = small[int(self._last[self.source.symbol][-8:], 16) % len(small)]
        if coin.symbol == "KMD":
            self._held.append(f'{{"txid":"{output["txid"]}","vout":{output["vout"]}}}')
            self.daemons.call(coin, "lockunspent", f"[false, [{self._held[-1]}]]")
            if len(self._held) > 2:
                self.daemons.call(coin, "lockunspent", f"[true, [{self._held.pop(0)}]]")
        return output

    def _asked_again(self, times: int) -> None:
        """Of KMD, while it waits for the others' messages: more or less often, as these come."""
        for _ in range(times if self.to.symbol == "KMD" else 0):
            height = self.daemons.call(self.to, "getinfo")["blocks"]
            self.daemons.call(self.to, "MoMoMdata", f'["{self.source.symbol}", "{height}", "3"]')

    def _sign(self, coin: Coin, output: dict[str, Any], block: str, height: int) -> str:
        inputs = [output, *(_made_up(block, number) for number in range(OTHERS))]
        method = "signrawtransactionwithwallet" if coin.symbol == "LTC" else "signrawtransaction"
        listed = ", ".join(_spent(one) for one in inputs)
        raw = raw_transaction(inputs, block, height, self.source.symbol)
        signed = str(self.daemons.call(coin, method, f'["{raw}", [{listed}]]')["hex"])
        self.told("signed", signed)
        return signed


@dataclass(frozen=True, kw_only=True)
class Steady:
    """In place of rounds: signing calls at a rate, on and on, whatever comes of them. `before` comes before each."""

    daemons: Daemons
    coin: Coin
    calls_a_second: float
    param: str
    before: Callable[[], None] = lambda: None
    told: Told = lambda *_: None

    def run(self) -> None:
        """For ever."""
        while True:
            began = time.monotonic()
            self.before()
            self._once()
            time.sleep(max(0.0, began + 1 / self.calls_a_second - time.monotonic()))

    def _once(self) -> None:
        try:
            found = self.daemons.call(self.coin, "signrawtransaction", f'["{self.param}"]')
            self.told("hex", str(found["hex"]))
        except RefusedError as error:
            self.told("refused", f"{error.code} {error}")
        except (OSError, LookupError, TypeError) as error:
            self.told("broken", repr(error))


def in_background(work: Callable[[], None]) -> None:
    """Iguana's other threads, which its API does not wait for."""
    threading.Thread(target=work, daemon=True).start()


def raw_transaction(inputs: list[dict[str, Any]], block: str, height: int, symbol: str) -> str:
    """A notarisation that nobody has signed: version 4, who spends what, whom it pays, and what it says."""
    spends = "".join(_outpoint(one) + "00ffffffff" for one in inputs)
    pays = DONATED.to_bytes(8, "little").hex() + "23" + f"21{CRYPTO777}ac"
    said = bytes.fromhex(block)[::-1] + height.to_bytes(4, "little") + symbol.encode() + b"\0" + bytes(36)
    says = "00" * 8 + f"{len(said) + 3:02x}6a4c{len(said):02x}" + said.hex()
    return f"0400008085202f89{len(inputs):02x}{spends}02{pays}{says}" + "00" * 19


def _outpoint(output: dict[str, Any]) -> str:
    return bytes.fromhex(output["txid"])[::-1].hex() + int(output["vout"]).to_bytes(4, "little").hex()


def _spent(output: dict[str, Any]) -> str:
    amount, script = f"{output['amount']:.8f}", output["scriptPubKey"]
    return f'{{"txid":"{output["txid"]}","vout":{output["vout"]},"amount":{amount},"scriptPubKey":"{script}"}}'


def _made_up(block: str, number: int) -> dict[str, Any]:
    seed = hashlib.sha256(f"{block} {number}".encode()).hexdigest()
    return {"txid": seed, "vout": number, "amount": 0.0001, "scriptPubKey": f"2102{seed}ac"}
