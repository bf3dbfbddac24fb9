"""Iguana: notarises in dPoW rounds. Its API is on loopback, without authentication; see KomodoPlatform/dPoW 2f846c0."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any, cast

from config.failover import AgentConfig, GateRoute
from failover.roles.base import RoleError, read_key
from failover.roles.http import Loopback

LOOPBACK_LOGIN = "loopback:loopback"  # the agent's ports ask nobody who they are; Iguana wants something to say
START_SECONDS = 60.0
START_PAUSE = 0.1
DPOW_SECONDS = 60.0  # dpow answers success about 11 s after the start, and an error before
DPOW_PAUSE = 1.0
UNLOCK_SECONDS = 150_000_000  # some years: Iguana adds it to the time in 32 bits
FREQUENCY = 5  # blocks between two notarisations, as in dPoW's start scripts

ANCHORS = ("LTC", "BTC")  # what KMD is notarised to

Call = dict[str, object]


# As dPoW's coin files have it: answers come from the daemon, nothing is validated or relayed by Iguana itself.
ANY_COIN: Call = {"RELAY": -1, "VALIDATE": 0, "prefetchlag": -1, "active": 1}
PLAIN: Call = {"poll": 1, "startpend": 64, "endpend": 64, "services": 0, "maxpeers": 512, "minconfirms": 1}
KOMODO: Call = {
    "poll": 100,
    "startpend": 4,
    "endpend": 4,
    "services": 129,
    "maxpeers": 8,
    "minconfirms": 2,
    "isPoS": 0,
    "unitval": "20",
    "zcash": 1,
    "sapling": 1,
    "notarypay": 0,
    "hasheaders": 1,
    "useaddmultisig": 0,
    "pubval": 60,
    "p2shval": 85,
    "wifval": 188,
    "txfee_satoshis": "10000",
    "minoutput": 10000,
}


def add_coin(route: GateRoute) -> Call:
    """`addcoin`, but with the daemon behind a port of the agent's. LTC's and BTC's addresses Iguana knows by itself."""
    named: Call = {"agent": "iguana", "method": "addcoin", "newcoin": route.chain, "name": route.chain}
    behind: Call = {"rpc": route.rpc_port, "rpchost": f"127.0.0.1:{route.rpc_port}", "userpass": LOOPBACK_LOGIN}
    return named | ANY_COIN | (PLAIN if route.chain in ANCHORS else KOMODO) | behind


def notarise(chain: str, pubkey: str) -> Call:
    """`dpow`: from its success on Iguana takes part in the chain's rounds."""
    return {"agent": "iguana", "method": "dpow", "symbol": chain, "pubkey": pubkey, "freq": FREQUENCY}


def notarised(config: AgentConfig) -> Iterator[str]:
    """The chains of a duty that are notarised: all but LTC and BTC, to which KMD is."""
    return (route.chain for route in config.routes if route.chain not in ANCHORS)


class Iguana:
    """Hot standby: up, with its coins, and no key. Activation unlocks the key and begins with each chain."""

    def __init__(self, config: AgentConfig) -> None:
        """Raises SettingsError without a passphrase."""
        self._config = config
        self._passphrase = read_key(config.signer.keys_directory, "passphrase")
        self._api = Loopback(config.signer.api_port)

    @property
    def secrets(self) -> tuple[str, ...]:
        return (self._passphrase,)

    def command(self) -> tuple[str, ...]:
        return self._config.signer.command

    async def prepare(self) -> None:
        deadline = asyncio.get_running_loop().time() + START_SECONDS
        while not await self.answers():
            if asyncio.get_running_loop().time() > deadline:
                raise RoleError(f"Iguana's API does not answer {START_SECONDS:g} s after its start")
            await asyncio.sleep(START_PAUSE)
        for route in self._config.routes:
            await self._call(f"addcoin {route.chain}", add_coin(route))

    async def activate(self) -> None:
        unlock: Call = {
            "agent": "bitcoinrpc",
            "method": "walletpassphrase",
            "password": self._passphrase,
            "timeout": UNLOCK_SECONDS,
        }
        await self._call("walletpassphrase", unlock)
        for chain in notarised(self._config):
            await self._begin(chain)

    async def answers(self) -> bool:
        try:
            await self._api.post("active", {"agent": "dpow", "method": "active"}, seconds=5)
        except RoleError:
            return False
        return True

    async def in_round(self) -> bool:
        """Inferred: `active` lists what each notary has shown in the *current* round of the first chain (dpow_rpc.c,
        dpow_recvmasks of DPOWS[0]->currentbp), and nothing between two. Rounds of other chains are seen by their
        signing calls alone, which the agent counts."""
        try:
            found = await self._api.post("active", {"agent": "dpow", "method": "active"}, seconds=5)
        except RoleError:
            return False
        if isinstance(found, list):
            return bool(cast(list[Any], found))
        # Older ones answer with the mask of the notaries heard from last, which never goes back to nothing.
        return False

    async def close(self) -> None:
        await self._api.close()

    async def _begin(self, chain: str) -> None:
        """`dpow` refuses while a daemon has not imported the key, or Iguana is not ready: tried until it succeeds."""
        deadline = asyncio.get_running_loop().time() + DPOW_SECONDS
        while True:
            try:
                await self._call(f"dpow {chain}", notarise(chain, self._config.pubkey))
                return
            except RoleError:
                if asyncio.get_running_loop().time() > deadline:
                    raise
            await asyncio.sleep(DPOW_PAUSE)

    async def _call(self, name: str, call: Call) -> None:
        found = await self._api.post(name, call)
        error = cast(dict[str, Any], found).get("error") if isinstance(found, dict) else None
        if error and "already" not in str(error):
            raise RoleError(f"{name}: {str(error)[:200]}")
