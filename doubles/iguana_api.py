"""What Iguana answers, and what it asks daemons meanwhile; some questions hang it for good, some kill it.

Source: KomodoPlatform/dPoW 2f846c0, `iguana/iguana_chains.c` (addcoin), `iguana_notary.c` (addnotary, dpow),
`iguana_wallet.c` (walletpassphrase), `dpow/dpow_rpc.c` (dpow_validateaddress), and recordings of it.
"""

from __future__ import annotations

import hashlib
import json
import secrets
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from doubles.iguana_daemons import Coin, Daemons, RefusedError
from doubles.iguana_http import NO_METHOD, DeathError, HangError
from doubles.iguana_keys import Identity, address, identify, key_hash

ADDCOIN_SECONDS = 0.4
CHAINS = ["KMD", "BTC", "CCL", "PIRATE", "ILN", "DOC", "THC", "MARTY", "KOIN", "GLEEC", "GLEEC_OLD", "TOKEL", "CLC"]
HANGS = {("", "getinfo"), ("bitcoinrpc", "getinfo"), ("SuperNET", "stop")}
NOT_MINE = "source address or dest address has no privkey, importprivkey"
NO_PEER = "0.0.0.0"
Call = Mapping[str, Any]


class _NoError(Exception):
    """An error that is answered."""


@dataclass(kw_only=True)
class Iguana:
    """One process's memory. `began` is told of each chain that `dpow` has begun with, and of its destination.

    Without `wallets` it takes any daemon to have its key: for nodes that have no wallet at all.
    """

    daemons: Daemons = field(default_factory=Daemons)
    began: Callable[[Coin, Coin], None] = lambda *_: None
    identify: Callable[[str], Identity] = identify
    addcoin_seconds: float = ADDCOIN_SECONDS
    wallets: bool = True
    coins: dict[str, Coin] = field(default_factory=dict[str, Coin])
    dpows: list[str] = field(default_factory=list[str])
    identity: Identity | None = None
    ip: str = ""
    _peers: set[str] = field(default_factory=set[str])
    _validates: dict[str, str] = field(default_factory=dict[str, str])

    def answer(self, call: Any) -> str:
        """The answer's text. Raises HangError, DeathError."""
        if not isinstance(call, dict) or not call.get("method"):
            return NO_METHOD
        agent, method = str(call.get("agent") or ""), str(call["method"])
        if (agent, method) in HANGS:
            raise HangError(method)
        steps = {
            ("dpow", "ipaddrs"): lambda: json.dumps(sorted(self._peers, key=_as_number)),
            ("dpow", "notarychains"): lambda: json.dumps(CHAINS),
            ("dpow", "active"): self._of_a_round,
            ("dpow", "cancelratify"): self._of_a_round,
            ("SuperNET", "myipaddr"): lambda: self._is_at(call),
            ("iguana", "addnotary"): lambda: self._meets(call),
            ("iguana", "addcoin"): lambda: self._adds(call),
            ("iguana", "dpow"): lambda: self._begins(call),
            ("bitcoinrpc", "walletpassphrase"): lambda: self._unlocks(call),
            ("bitcoinrpc", "walletlock"): lambda: tagged(result="success"),
        }
        if not agent:
            return tagged(error="need both agent and method")
        if (agent, method) not in steps:
            return tagged(error="unsupported call", agent=agent, method=method)
        try:
            return steps[agent, method]()
        except _NoError as error:
            return tagged(error=str(error))

    def _of_a_round(self) -> str:
        if not self.dpows:
            raise DeathError("it reads what is not there before the first dpow")
        return '{"error":"there is no dpow round yet started to check."}'

    def _is_at(self, call: Call) -> str:
        self.ip = str(call["ipaddr"])
        self._peers.add(self.ip)
        return tagged(result=self.ip)

    def _meets(self, call: Call) -> str:
        place = str(call.get("ipaddr") or "")
        self._peers.add(place if place.replace(".", "").isdigit() else NO_PEER)
        return tagged(result="notary node added")

    def _adds(self, call: Call) -> str:
        symbol = str(call.get("newcoin") or next(iter(self.coins), ""))
        if not symbol:
            raise _NoError("addcoin needs newcoin")
        if symbol in self.coins:
            return tagged(result="coin already there")
        version, at = int(call.get("pubval", 0)), str(call.get("rpchost") or f"127.0.0.1:{call.get('rpc')}")
        time.sleep(self.addcoin_seconds)
        login = str(call.get("userpass", ""))
        self.coins[symbol] = Coin(symbol=symbol, at=at, login=login, address_version=version)
        return tagged(result="coin added")

    def _unlocks(self, call: Call) -> str:
        if not self.coins:
            raise _NoError("bitcoinrpc needs coin that is active")
        if int(call.get("timeout") or 0) <= 0:
            raise _NoError("timeout must be positive")
        if not call.get("password"):
            raise _NoError("must have password field")
        self.identity = self.identify(str(call["password"]))
        coin = next(iter(self.coins.values()))
        try:
            with suppress(RefusedError):
                self._ismine(coin, self.identity.pubkey)
            for wif in self.identity.wifs:  # whether it is its own already or not: it looks at the wrong answer
                with suppress(RefusedError):
                    self.daemons.call(coin, "importprivkey", f'["{wif}", "", false]')
        except OSError:
            raise HangError("no daemon of the coin that was added first") from None
        return tagged(**self._login(self.identity))

    def _login(self, identity: Identity) -> dict[str, Any]:
        """Of another curve are `pubkey`, `RS`, `NXT` and `persistent`: made up here, of the right form."""
        other = hashlib.sha256(identity.wifs[0].encode()).hexdigest()
        paid = {coin.symbol: address(identity.pubkey, coin.address_version) for coin in self.coins.values()}
        return {
            "pubkey": other,
            "RS": "NXT-AAAA-BBBB-CCCC-DDDDD",
            "NXT": str(int(other[:16], 16)),
            "btcpubkey": identity.pubkey,
            "rmd160": key_hash(identity.pubkey).hex(),
            **paid,
            "result": "success",
            "handle": "",
            "myip": self.ip,
            "persistent": other,
            "status": "unlocked",
            "duration": 3600,  # whatever `timeout` said
        }

    def _begins(self, call: Call) -> str:
        pubkey, symbol = str(call.get("pubkey") or ""), str(call.get("symbol") or "KMD")
        if len(pubkey) != 66:
            raise _NoError("need 33 byte pubkey")
        to = "LTC" if symbol == "KMD" else "KMD"
        for wrong, error in (
            (symbol not in self.coins, "cant dPoW an inactive coin"),
            (to == "LTC" and to not in self.coins, "cant dPoW KMD without LTC"),
            (to not in self.coins, "cant dPoW without KMD (dest)"),
            (symbol in self.dpows, "cant dPoW same coin again"),
        ):
            if wrong:
                raise _NoError(error)
        source, destination = self.coins[symbol], self.coins[to]
        mine = [self._has_key(coin, pubkey) for coin in (source, destination)]  # both are asked in any case
        if not all(mine):
            raise _NoError(NOT_MINE)
        with suppress(OSError, RefusedError):
            self.daemons.call(source, "getinfo")
        self.dpows.append(symbol)
        self.began(source, destination)
        return tagged(result="success")

    def _has_key(self, coin: Coin, pubkey: str) -> bool:
        try:
            return self._ismine(coin, pubkey) or not self.wallets
        except (OSError, RefusedError):
            return not self.wallets

    def _ismine(self, coin: Coin, pubkey: str) -> bool:
        """Whether its wallet has the key; a daemon that does not say is asked in the new way from then on."""
        params = f'["{address(pubkey, coin.address_version)}"]'
        found = self.daemons.call(coin, self._validates.get(coin.symbol, "validateaddress"), params)
        if "ismine" not in found and coin.symbol not in self._validates:
            self._validates[coin.symbol] = "getaddressinfo"
            found = self.daemons.call(coin, "getaddressinfo", params)
        return found.get("ismine") is True


def tagged(**fields: Any) -> str:
    """An answer with a tag behind it, which is another number each time."""
    return json.dumps({**fields, "tag": str(secrets.randbits(64))}, separators=(",", ":"))


def _as_number(place: str) -> int:
    """As Iguana sorts: an IPv4 address's bytes, the last one first."""
    return int.from_bytes(bytes(int(part) for part in place.split(".")), "little")
