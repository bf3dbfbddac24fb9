"""Iguana: notarises in dPoW rounds. Its API is on loopback, without authentication; see KomodoPlatform/dPoW 2f846c0.

What it can't stand is not asked of it: no call that waits for a daemon which does not answer, no `walletpassphrase`
while KMD's daemon is down, no second connection beside one, and no `dpow active` or `getinfo` at all.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Collection, Iterable
from typing import Any, cast

from config.failover import AgentConfig, GateRoute
from failover import wire
from failover.roles.base import ANSWER_SECONDS, Refused, RoleError, read_key
from failover.roles.http import DaemonError, Loopback
from failover.roles.iguana_api import IguanaApi, NoAnswerError
from failover.roles.iguana_calls import KMD, Call, add_coin, anchor, in_order, join, notarise, notarised, unlock

START_SECONDS = 60.0
START_PAUSE = 0.1
CALL_SECONDS = 10.0  # addcoin takes up to 1 s and dpow 0.1 s, where the daemons answer
DAEMON_SECONDS = 3.0
# Never `dpow active`: it reads the round's memory, which is null before the first `dpow` and freed at the round's end
# (`iguana_notary.c` 918-933, `dpow_fsm.c` 422 and the end of dpow_statemachinestart): asking would kill the signer.
ALIVE: Call = {"agent": "dpow", "method": "ipaddrs"}
# Answers to what was asked before: "cant dPoW same coin again", "relay already there".
DONE_BEFORE = ("already", "same coin again")
_Told = tuple[str, Call, set[str]]  # what the call is named, the call, and whom its success is noted with
KMD_FIRST = f"{KMD} was not added yet, and Iguana gives its key to the coin that is added first"


class Iguana:
    """Hot standby: up, on its bus, with its coins, without a key. Activation unlocks it and begins with each chain."""

    # Its API is one thread: while a call waits for a daemon, nobody else is answered (30 s seen) [run].
    busy_seconds = 60.0
    idle_seconds = 1.0  # its threads look again all the time, 63 times a second even where all of them wait [run]

    def __init__(self, config: AgentConfig) -> None:
        """Raises SettingsError without a passphrase."""
        self._config = config
        self._passphrase = read_key(config.signer.keys_directory, "passphrase")
        self._api = IguanaApi(config.signer.api_port)
        self._daemons = {route.chain: Loopback(route.rpc_port) for route in config.routes}
        self._added: set[str] = set()
        self._begun: set[str] = set()
        self._freed: set[str] = set()

    @property
    def secrets(self) -> tuple[str, ...]:
        return (self._passphrase,)

    def command(self) -> tuple[str, ...]:
        self._added, self._begun, self._freed = set(), set(), set()  # a new process has been told nothing
        return self._config.signer.command

    async def prepare(self) -> None:
        deadline = asyncio.get_running_loop().time() + START_SECONDS
        while not await self.answers():
            if asyncio.get_running_loop().time() > deadline:
                raise RoleError(f"Iguana's API does not answer {START_SECONDS:g} s after its start")
            await asyncio.sleep(START_PAUSE)
        for call in join(self._config.bus) if self._config.bus else ():
            await self._call(f"{call['method']} {call['ipaddr']}", call)

    async def add(self, chains: Collection[str]) -> dict[str, str]:
        new = [route for route in in_order(self._config.routes) if route.chain in set(chains) - self._added]
        refused = await self._tell(self._adding(route) for route in new if route.chain == KMD)
        others = [route for route in new if route.chain != KMD]
        if KMD not in self._added:
            return refused | {route.chain: KMD_FIRST for route in others}
        return refused | await self._tell(self._adding(route) for route in others)

    async def activate(self, chains: Collection[str]) -> Refused:
        refused = await self.add(chains)
        if KMD not in self._added & set(chains):
            raise RoleError(refused.get(KMD) or f"{KMD} is not ready, and every other chain is notarised to it")
        await self._free(chains)
        await self._unlock()
        refused |= await self._begin(chains)
        if not self._begun:
            raise RoleError("; ".join(refused.values()) or "none of these chains is notarised")
        return refused

    async def join(self, chains: Collection[str]) -> Refused:
        refused = await self.add(chains)
        await self._free(chains)
        return refused | await self._begin(chains)

    async def answers(self) -> bool:
        try:
            await self._api.post("ipaddrs", ALIVE, ANSWER_SECONDS)
        except RoleError:
            return False
        return True

    async def in_round(self) -> bool:
        """Inferred: from its beginning to its end, a round keeps the notary's UTXO of KMD locked, whatever the chain
        (`dpow_fsm.c`, dpow_statemachinestart); the signing calls that the agent counts tell of the rest."""
        return bool(await self._locked(KMD))

    async def close(self) -> None:
        await asyncio.gather(*(daemon.close() for daemon in self._daemons.values()))

    async def _unlock(self) -> None:
        """Iguana takes any words for a passphrase: whose key it made of them is in its answer, `btcpubkey`."""
        # It asks KMD's daemon, and an Iguana that gets no answer there never answers again.
        if silent := await self._silent(KMD):
            raise RoleError(f"walletpassphrase: {silent}, and Iguana would never answer again")
        answer = await self._call("walletpassphrase", unlock(self._passphrase))
        made = answer.get("btcpubkey")
        if made is not None and made != self._config.pubkey:
            raise RoleError(f"walletpassphrase: found the words of {str(made)[:66]}, expected {self._config.pubkey}")

    async def _begin(self, chains: Collection[str]) -> dict[str, str]:
        """`dpow` for what was added and asked for, and for KMD as soon as what it is notarised to is there."""
        place = anchor(self._config.routes)
        asked = {*chains, KMD} if place in chains else {*chains}
        todo = [chain for chain in notarised(self._config.routes) if chain in asked & self._added - self._begun]
        found = zip(todo, await asyncio.gather(*map(self._obstacle, todo)), strict=True)
        refused = {chain: obstacle for chain, obstacle in found if obstacle}
        ready, pubkey = [chain for chain in todo if chain not in refused], self._config.pubkey
        return refused | await self._tell((f"dpow {chain}", notarise(chain, pubkey), self._begun) for chain in ready)

    async def _obstacle(self, chain: str) -> str:
        """Why `dpow` for this chain can't be asked now: it asks both daemons, the chain's own and that of `to`."""
        to = (anchor(self._config.routes) if chain == KMD else KMD) or chain
        if to != chain and to not in self._added:
            return f"{chain} is notarised to {to}, which is not ready"
        silent = await self._silent(chain, to)
        return silent and f"dpow {chain}: {silent}"

    async def _silent(self, *chains: str) -> str:
        """Which of these daemons does not answer for its wallet now, and why; empty where all do."""

        async def ask(chain: str) -> str:
            try:
                await self._daemons[chain].rpc("getwalletinfo", seconds=DAEMON_SECONDS)
            except RoleError as error:
                said = error.code if isinstance(error, DaemonError) else None
                if said in (None, wire.WARMING_UP, *wire.OURS):
                    return f"{chain}'s daemon does not answer now ({error})"
            return ""

        return next((found for found in await asyncio.gather(*map(ask, {*chains})) if found), "")

    def _adding(self, route: GateRoute) -> _Told:
        coin = next((coin for coin in self._config.coins if coin.chain == route.chain), None)
        return f"addcoin {route.chain}", add_coin(route, coin), self._added

    async def _tell(self, calls: Iterable[_Told]) -> dict[str, str]:
        """Each call in its order, and why not, by chain. After one without an answer none is made."""
        refused: dict[str, str] = {}
        silent = ""
        for name, call, done in calls:
            chain = name.partition(" ")[2]
            if silent:
                refused[chain] = f"{name}: not tried after {silent}"
                continue
            try:
                await self._call(name, call)
                done.add(chain)
            except RoleError as error:
                refused[chain] = str(error)
                silent = str(error) if isinstance(error, NoAnswerError) else ""
        return refused

    async def _locked(self, chain: str) -> list[Any]:
        """The outputs of a daemon's wallet that are locked; none where the daemon does not say."""
        try:
            found: object = await self._daemons[chain].rpc("listlockunspent", seconds=DAEMON_SECONDS)
        except (RoleError, KeyError):
            return []
        return cast(list[Any], found) if isinstance(found, list) else []

    async def _free(self, chains: Collection[str]) -> None:
        """In each daemon once, before this process signs with it: later locks are its own."""
        new = {chain for chain in self._daemons if chain in chains} - self._freed
        self._freed |= new
        await asyncio.gather(*map(self._free_locked, new))

    async def _free_locked(self, chain: str) -> None:
        """A round that was cut off has left its UTXO locked: the daemon's memory outlives the signer. `m_notary_main`
        frees KMD's as well. One by one, for litecoind frees none beside one that it does not know (-8). One that stays
        locked is a coin less to sign with, and no reason not to sign."""
        for output in await self._locked(chain):
            with contextlib.suppress(RoleError):
                await self._daemons[chain].rpc("lockunspent", True, [output], seconds=DAEMON_SECONDS)

    async def _call(self, name: str, call: Call) -> dict[str, Any]:
        found = await self._api.post(name, call, CALL_SECONDS)
        answer = cast(dict[str, Any], found) if isinstance(found, dict) else {}
        error = answer.get("error")
        if error and not any(words in str(error) for words in DONE_BEFORE):
            raise RoleError(f"{name}: {str(error)[:200]}")
        return answer
