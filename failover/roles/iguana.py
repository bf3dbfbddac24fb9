"""Iguana: notarises in dPoW rounds. Its API is on loopback, without authentication; see KomodoPlatform/dPoW 2f846c0."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping
from typing import Any, cast

from config.failover import AgentConfig
from failover.roles.base import RoleError, read_key
from failover.roles.http import Loopback
from failover.roles.iguana_calls import KMD, Call, add_coin, in_order, join, notarise, notarised, unlock

START_SECONDS = 60.0
START_PAUSE = 0.1
DPOW_SECONDS = 60.0  # dpow answers success about 11 s after the start, and an error before
DPOW_PAUSE = 1.0
# Never `dpow active`: it reads the round's memory, which is null before the first `dpow` and freed at the round's end
# (`iguana_notary.c` 918-933, `dpow_fsm.c` 422 and the end of dpow_statemachinestart): asking would kill the signer.
ALIVE: Call = {"agent": "dpow", "method": "ipaddrs"}
# Answers to what was asked before: "cant dPoW same coin again", "relay already there".
DONE_BEFORE = ("already", "same coin again")


class Iguana:
    """Hot standby: up, on its bus, with its coins, without a key. Activation unlocks it and begins with each chain."""

    def __init__(self, config: AgentConfig) -> None:
        """Raises SettingsError without a passphrase."""
        self._config = config
        self._passphrase = read_key(config.signer.keys_directory, "passphrase")
        self._api = Loopback(config.signer.api_port)
        kmd = [route.rpc_port for route in config.routes if route.chain == KMD]
        self._kmd = Loopback(kmd[0]) if kmd else None
        self._added = set[str]()

    @property
    def secrets(self) -> tuple[str, ...]:
        return (self._passphrase,)

    def command(self) -> tuple[str, ...]:
        self._added.clear()
        return self._config.signer.command

    async def prepare(self) -> None:
        deadline = asyncio.get_running_loop().time() + START_SECONDS
        while not await self.answers():
            if asyncio.get_running_loop().time() > deadline:
                raise RoleError(f"Iguana's API does not answer {START_SECONDS:g} s after its start")
            await asyncio.sleep(START_PAUSE)
        for call in join(self._config.bus) if self._config.bus else ():
            await self._call(f"{call['method']} {call['ipaddr']}", call)

    async def add(self, chains: Collection[str]) -> None:
        coins = {coin.chain: coin for coin in self._config.coins}
        for route in in_order(self._config.routes):
            if route.chain in chains and route.chain not in self._added:
                await self._call(f"addcoin {route.chain}", add_coin(route, coins.get(route.chain)))
                self._added.add(route.chain)

    async def activate(self, chains: Collection[str]) -> Mapping[str, str]:
        await self.add(chains)
        await self._free_locked()
        await self._call("walletpassphrase", unlock(self._passphrase))
        for chain in notarised(self._config.routes):
            if chain in chains:
                await self._begin(chain)
        return {}

    async def join(self, chains: Collection[str]) -> Mapping[str, str]:
        await self.add(chains)
        for chain in notarised(self._config.routes):
            if chain in chains:
                await self._begin(chain)
        return {}

    async def answers(self) -> bool:
        try:
            await self._api.post("ipaddrs", ALIVE, seconds=5)
        except RoleError:
            return False
        return True

    async def in_round(self) -> bool:
        """Inferred: from its beginning to its end, a round keeps the notary's UTXO of KMD locked, whatever the chain
        (`dpow_fsm.c`, dpow_statemachinestart); the signing calls that the agent counts tell of the rest."""
        return bool(await self._locked())

    async def close(self) -> None:
        await self._api.close()
        if self._kmd:
            await self._kmd.close()

    async def _locked(self) -> list[Any]:
        """The outputs of KMD's wallet that are locked; none where the daemon does not say."""
        try:
            found: object = await self._kmd.rpc("listlockunspent", seconds=5) if self._kmd else []
        except RoleError:
            return []
        return cast(list[Any], found) if isinstance(found, list) else []

    async def _free_locked(self) -> None:
        """A round that was cut off has left its UTXO locked: the daemon's memory outlives the signer. `m_notary_main`
        does the same. One that stays locked is a coin less to sign with, and no reason not to sign."""
        if (locked := await self._locked()) and self._kmd:
            try:
                await self._kmd.rpc("lockunspent", True, locked, seconds=5)
            except RoleError:
                return

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
        if error and not any(words in str(error) for words in DONE_BEFORE):
            raise RoleError(f"{name}: {str(error)[:200]}")
