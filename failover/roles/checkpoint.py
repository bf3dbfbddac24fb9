"""A checkpoint master: the chain's daemon itself signs, as soon as the master key is in its wallet, until it ends."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Collection
from pathlib import Path
from typing import Any, cast

from config.failover import AgentConfig
from failover.roles.base import ANSWER_SECONDS, Refused, RoleError, read_key
from failover.roles.http import Loopback
from failover.settings import RpcLogin, rpc_login

WALLET = "checkpoint-master.dat"
DATA = ("-datadir=", "--datadir=")
START_PAUSE = 0.5
IMPORT_SECONDS = 60.0


class CheckpointMaster:
    """Standby: the daemon runs without the key. A wallet of its own holds nothing else, and goes before each start."""

    # A daemon that verifies blocks, reads its index or reorganises answers nothing for as long as it takes.
    busy_seconds = math.inf
    idle_seconds = 60.0  # it may wait for its disk

    def __init__(self, config: AgentConfig, login: RpcLogin | None = None) -> None:
        """Raises SettingsError without a key."""
        self._config, self._login = config, login or rpc_login()
        self._key = read_key(config.signer.keys_directory, "wif")
        self._daemon = Loopback(config.signer.api_port, self._login)

    @property
    def secrets(self) -> tuple[str, ...]:
        return (self._key, self._login.password)

    @property
    def volume(self) -> str:
        """The daemon's data directory; empty where its command does not name exactly one."""
        named = [part.partition("=")[2] for part in self._config.signer.command if part.startswith(DATA)]
        return named[0] if len(named) == 1 else ""

    def command(self) -> tuple[str, ...]:
        command = self._config.signer.command
        if any(part.startswith(("-wallet=", "--wallet=")) for part in command):
            raise RoleError(f"signer.command names a wallet: leave -wallet out, the master's is {WALLET}")
        if not self.volume:
            raise RoleError("signer.command: expected one -datadir=, for the wallet there is removed before each start")
        for wallet in (Path(self.volume) / WALLET, *Path(self.volume).glob(f"*/{WALLET}")):
            try:
                wallet.unlink(missing_ok=True)
            except OSError as error:
                raise RoleError(
                    f"{wallet}: {error.strerror}; with the key in it the daemon would sign at once"
                ) from None
        return (*command, f"-wallet={WALLET}")

    async def prepare(self) -> None:
        """A daemon may read its index for an hour before it answers: this waits as long as its process lives."""
        while not await self.answers():
            await asyncio.sleep(START_PAUSE)

    async def add(self, chains: Collection[str]) -> Refused:
        """Nothing: the daemon is the signer."""
        del chains
        return {}

    async def activate(self, chains: Collection[str]) -> Refused:
        """Import the master key without a rescan: what it was paid does not matter for checkpoints."""
        del chains
        await self._daemon.rpc("importprivkey", self._key, "", False, seconds=IMPORT_SECONDS)
        return {}

    async def join(self, chains: Collection[str]) -> Refused:
        """Nothing: it has one chain, its own."""
        del chains
        return {}

    async def answers(self) -> bool:
        try:
            await self._daemon.rpc("getblockcount", seconds=ANSWER_SECONDS)
        except RoleError:
            return False
        return True

    async def in_round(self) -> bool:
        """Never: a checkpoint is one message, and the next one may come from somebody else."""
        return False

    async def ask(self, method: str, *params: object) -> Any:
        """A reading call of the daemon. Raises RoleError."""
        return await self._daemon.rpc(method, *params, seconds=5)

    async def checkpoint(self) -> int | None:
        """The height of the checkpoint that this daemon holds, whoever sent it; None without one. Raises RoleError."""
        found = await self._daemon.rpc("getblockchaininfo", seconds=5)
        held = cast(dict[str, Any], found).get("syncCheckpoint") if isinstance(found, dict) else None
        height = cast(dict[str, Any], held).get("height") if isinstance(held, dict) else None
        return height if isinstance(height, int) and height > 0 else None

    async def close(self) -> None:
        await self._daemon.close()
