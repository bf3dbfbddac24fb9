"""A daemon's wallet as its family's three kinds have it: who has which call, what each answers, and when none.

Source: recordings of komodod 0.9.2-2 and litecoind 0.21.2.1; for bitcoind 28, which was never run, its documentation
(bitcoincore.org, RPC of 28.0.0) and `src/wallet/rpc`.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any

from failover.keys import public_of_wif
from failover.wire import CallError
from tests.failover.coins import base58

KOMODOD, LITECOIND, BITCOIND = "komodod", "litecoind", "bitcoind"
VERSIONS = {KOMODOD: 60, LITECOIND: 48, BITCOIND: 0}  # the first byte of an address
COMMON = frozenset({"getwalletinfo", "decodescript", "validateaddress", "importprivkey", "importaddress"})
LATER_ONES = COMMON | {"getaddressinfo", "getdescriptorinfo", "deriveaddresses", "rescanblockchain"}
CALLS = {KOMODOD: COMMON, LITECOIND: LATER_ONES, BITCOIND: LATER_ONES | {"importdescriptors"}}


@dataclass
class WalletDouble:
    """`key`: it has the key; `seen`: it knows the key's coins. `failures`: raised by the next imports or rescans."""

    kind: str
    pubkey: str
    key: bool = False
    seen: bool = False
    failures: list[Exception] = field(default_factory=list[Exception])
    asked: list[tuple[str, tuple[object, ...]]] = field(default_factory=list[tuple[str, tuple[object, ...]]])
    scanning: list[float] = field(default_factory=list[float])  # progress, an answer each
    key_stays: bool = True  # of an import that fails

    @property
    def address(self) -> str:
        return base58(bytes([VERSIONS[self.kind]]) + bytes(20))

    @property
    def methods(self) -> list[str]:
        return [method for method, _ in self.asked]

    async def ask(self, method: str, *params: Any) -> Any:
        """As `Forwarder.call`."""
        await asyncio.sleep(0)
        self.asked.append((method, params))
        if method not in CALLS[self.kind]:
            raise CallError(-32601, f"LTC {method}: Method not found")
        return getattr(self, f"_{method}")(*params)

    def _getwalletinfo(self) -> dict[str, Any]:
        found: dict[str, Any] = {"txcount": 1 if self.seen else 0}
        if self.kind != KOMODOD:
            found["scanning"] = {"duration": 1, "progress": self.scanning.pop(0)} if self.scanning else False
            found["descriptors"] = self.kind == BITCOIND
        return found

    def _decodescript(self, script: str) -> dict[str, Any]:
        assert script == f"21{self.pubkey}ac"
        return {"type": "pubkey"} | ({"addresses": [self.address]} if self.kind == KOMODOD else {})

    def _getdescriptorinfo(self, descriptor: str) -> dict[str, Any]:
        public = f"pkh({self.pubkey})#abcdefgh"  # a private one is shown as public, with the checksum of what was given
        return {"descriptor": public, "checksum": "qqqqqqqq" if "combo" in descriptor else "abcdefgh"}

    def _deriveaddresses(self, descriptor: str) -> list[str]:
        assert descriptor == f"pkh({self.pubkey})#abcdefgh"
        return [self.address]

    def _validateaddress(self, address: str) -> dict[str, Any]:
        assert address == self.address
        return {"isvalid": True} | ({"ismine": self.key} if self.kind == KOMODOD else {})

    def _getaddressinfo(self, address: str) -> dict[str, Any]:
        assert address == self.address
        return {"ismine": self.key}

    def _importprivkey(self, wif: str, label: str, rescan: bool) -> str | None:
        if self.kind == BITCOIND:
            raise CallError(-4, "LTC importprivkey: Only legacy wallets are supported by this command")
        assert (public_of_wif(wif), label) == (self.pubkey, "")
        return self._take(rescan)

    def _importdescriptors(self, requests: list[dict[str, Any]]) -> list[dict[str, Any]]:
        assert [sorted(request) for request in requests] == [["desc", "timestamp"]]
        wif = requests[0]["desc"].removeprefix("combo(").removesuffix(")#qqqqqqqq")
        assert (public_of_wif(wif), requests[0]["timestamp"]) == (self.pubkey, 0)
        self._take(rescan=True)
        return [{"success": True}]

    def _take(self, rescan: bool) -> str | None:
        there, self.key = self.key, self.key or self.key_stays or not self.failures
        self._fail()
        self.key = True
        self.seen |= rescan and not there  # komodod: nothing where the key is there already
        return self.address if self.kind == KOMODOD else None

    def _rescanblockchain(self) -> dict[str, int]:
        self._fail()
        self.seen = self.key
        return {"start_height": 0, "stop_height": 1}

    def _importaddress(self, script: str, label: str, rescan: bool) -> None:
        assert (len(script), script[:4], label, rescan) == (20, "6a08", "", True)
        assert [params[0] for method, params in self.asked if method == "importaddress"].count(script) == 1
        self._fail()
        self.seen = self.key

    def _fail(self) -> None:
        if self.failures:
            raise self.failures.pop(0)
