"""Coins that no registry lists: their ports and how their daemons are started."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Coin:
    """A coin's facts. `flags` are the notaries' own choice of options; grace is seconds from SIGTERM to SIGKILL."""

    key: str
    daemon: str
    p2p: int
    rpc: int
    flags: tuple[str, ...]
    takes_pubkey: bool
    stop_grace_seconds: int


# KomodoPlatform/dPoW 2f846c0: ports and command line of the notaries' komodod. It mines at notaries' difficulty.
KMD = Coin(
    key="KMD",
    daemon="komodod",
    p2p=7770,
    rpc=7771,
    flags=("-gen", "-genproclimit=1", "-minrelaytxfee=0.000035", "-opretmintxfee=0.004"),
    takes_pubkey=True,
    stop_grace_seconds=300,
)
# litecoin 0.21 chainparams. A kill 10 s after SIGTERM corrupts its database (litecoin-project/litecoin#600).
LTC = Coin(key="LTC", daemon="litecoind", p2p=9333, rpc=9332, flags=(), takes_pubkey=False, stop_grace_seconds=600)
# Bitcoin Core chainparams; dPoW's anchor until 2021, the same family as litecoind.
BTC = Coin(key="BTC", daemon="bitcoind", p2p=8333, rpc=8332, flags=(), takes_pubkey=False, stop_grace_seconds=600)

COINS = (KMD, LTC, BTC)
