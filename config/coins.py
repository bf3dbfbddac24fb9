"""Coins that no registry lists: their ports and how their daemons are started."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Coin:
    """A coin's facts. `flags` are what notaries start its daemon with on top of paths, peers and keys.

    `conf` lies below the home folder, as `-notary` and Iguana name it; ports are TCP's; `netmagic` is hex.
    `makes_wallet`: whether the daemon makes its own wallet; litecoind and bitcoind make none from 0.21 on.
    `block_seconds` is the average time between two blocks.
    `stop_grace_seconds` is the time from SIGTERM to SIGKILL: our choice, generous, since it only ends a daemon that
    hangs.
    """

    key: str
    daemon: str
    conf: str
    p2p: int
    rpc: int
    netmagic: str
    flags: tuple[str, ...]
    takes_pubkey: bool
    makes_wallet: bool
    stop_grace_seconds: int
    block_seconds: int


# KomodoPlatform/dPoW 2f846c0: ports in `iguana/m_notary_3rdparty`, flags in `doc/update079.md`. `-notary=` is put in
# where the anchor is known.
KMD = Coin(
    key="KMD",
    daemon="komodod",
    conf=".komodo/komodo.conf",
    p2p=7770,
    rpc=7771,
    netmagic="f9eee48d",  # `iguana/coins/kmd_7776`
    flags=("-gen", "-genproclimit=1", "-minrelaytxfee=0.000035", "-opretmintxfee=0.004"),
    takes_pubkey=True,
    makes_wallet=True,
    stop_grace_seconds=300,
    block_seconds=60,  # komodo's `src/chainparams.cpp`, nPowTargetSpacing
)
# Ports: `iguana/coins/ltc_7776` of the same. It knows no -pubkey. A kill 10 s after SIGTERM corrupts its database
# (litecoin-project/litecoin#600).
LTC = Coin(
    key="LTC",
    daemon="litecoind",
    conf=".litecoin/litecoin.conf",
    p2p=9333,
    rpc=9332,
    netmagic="fbc0b6db",  # litecoin's `src/chainparams.cpp`
    flags=(),
    takes_pubkey=False,
    makes_wallet=False,
    stop_grace_seconds=600,
    block_seconds=150,
)
# Bitcoin Core `src/kernel/chainparams.cpp` and `src/chainparamsbase.cpp`. dPoW's anchor until 2021; litecoind is its
# fork, so its database wants the same patience.
BTC = Coin(
    key="BTC",
    daemon="bitcoind",
    conf=".bitcoin/bitcoin.conf",
    p2p=8333,
    rpc=8332,
    netmagic="f9beb4d9",
    flags=(),
    takes_pubkey=False,
    makes_wallet=False,
    stop_grace_seconds=600,
    block_seconds=600,
)

COINS = (KMD, LTC, BTC)
