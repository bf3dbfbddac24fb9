"""Wallets by their names, as Bitcoin's family has them: made, loaded, unloaded, and chosen by a request's path."""

from __future__ import annotations

from doubles.common import Common
from doubles.rpc import NO_WALLET, WALLET, WALLETS, Asked, Method, RpcError, method

NONE_LOADED = (
    "No wallet is loaded. Load a wallet using loadwallet or create a new one with createwallet. "
    "(Note: A default wallet is no longer automatically created)"
)
NOT_THERE = "Requested wallet does not exist or is not loaded"
VERIFICATION = "Wallet file verification failed."


class WalletFiles(Common):
    """Every method of a wallet has `needs` WALLETS."""

    folder = "/data/regtest/wallets"

    def serves(self, path: str) -> bool:
        return path == "/" or path.startswith("/wallet/")

    def wallet_of(self, path: str) -> str | None:
        return path.removeprefix("/wallet/") if path.startswith("/wallet/") else None

    def admit(self, known: Method, asked: Asked) -> None:
        """A wallet's methods need one that is loaded."""
        if known.needs == WALLETS:
            self.wallet_for(asked)

    def wallet_for(self, asked: Asked) -> str:
        """The wallet that a call is for. Raises RpcError."""
        loaded = self.wallets.loaded
        if asked.wallet is not None and asked.wallet not in loaded:
            raise RpcError(NO_WALLET, NOT_THERE)
        if not loaded:
            raise RpcError(NO_WALLET, NONE_LOADED)
        return asked.wallet if asked.wallet is not None else loaded[0]

    @method("createwallet", 1, 7)
    async def _createwallet(self, asked: Asked) -> dict[str, str]:
        name = str(asked.params[0])
        if name in self.wallets.keys:
            raise RpcError(
                WALLET,
                f"{VERIFICATION} Failed to create database path '{self.folder}/{name}'. Database already exists.",
            )
        self.wallets.create(name)
        return {"name": name, "warning": ""}

    @method("loadwallet", 1, 2)
    async def _loadwallet(self, asked: Asked) -> dict[str, str]:
        name = str(asked.params[0])
        if name not in self.wallets.keys:
            missing = f"Failed to load database path '{self.folder}/{name}'. Path does not exist."
            raise RpcError(NO_WALLET, f"{VERIFICATION} {missing}")
        if name in self.wallets.loaded:
            twice = f"Refusing to load database. Data file '{self.folder}/{name}/wallet.dat' is already loaded."
            raise RpcError(WALLET, f"{VERIFICATION} {twice}")
        self.wallets.loaded.append(name)
        return {"name": name, "warning": ""}

    @method("unloadwallet", 0, 2)
    async def _unloadwallet(self, asked: Asked) -> None:
        name = str(asked.params[0]) if asked.params else asked.wallet
        if name not in self.wallets.loaded:
            raise RpcError(NO_WALLET, NOT_THERE)
        self.wallets.loaded.remove(name)

    @method("listwallets")
    async def _listwallets(self, _: Asked) -> list[str]:
        return self.wallets.loaded
