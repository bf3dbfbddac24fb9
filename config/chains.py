"""A chain as daemons run it: the registry's assetchains, and the coins that no registry lists."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from config.coins import COINS
from config.registry import RegistryChain

ASSETCHAIN_DAEMON = "komodod"


@dataclass(frozen=True, kw_only=True)
class Chain:
    """What a daemon of this chain is started with. `flags` hold neither peers, nor paths, nor keys."""

    key: str
    name: str
    build: str  # the release's daemon that usually runs it
    p2p: int
    rpc: int
    netmagic: str  # the first four bytes of each message between peers, in hex
    flags: tuple[str, ...]
    addnodes: tuple[str, ...]
    takes_pubkey: bool
    makes_wallet: bool
    stop_grace_seconds: int
    block_seconds: int  # between two blocks, on average


def known_chains(registry: Iterable[RegistryChain]) -> Mapping[str, Chain]:
    """Every chain a duty may name, by key: the coins, then the registries' assetchains."""
    coins = {
        coin.key: Chain(
            key=coin.key,
            name=coin.key,
            build=coin.daemon,
            p2p=coin.p2p,
            rpc=coin.rpc,
            netmagic=coin.netmagic,
            flags=coin.flags,
            addnodes=(),
            takes_pubkey=coin.takes_pubkey,
            makes_wallet=coin.makes_wallet,
            stop_grace_seconds=coin.stop_grace_seconds,
            block_seconds=coin.block_seconds,
        )
        for coin in COINS
    }
    return {**coins, **{chain.key: _assetchain(chain, coins["KMD"]) for chain in registry}}


def _assetchain(chain: RegistryChain, komodo: Chain) -> Chain:
    placed_by_us = ("-addnode=", "-datadir=")
    return Chain(
        key=chain.key,
        name=chain.name,
        build=ASSETCHAIN_DAEMON,
        p2p=chain.p2p,
        rpc=chain.rpc,
        netmagic=chain.magic.to_bytes(4, "little").hex(),
        flags=tuple(flag for flag in chain.flags if not flag.startswith(placed_by_us)),
        addnodes=chain.addnodes,
        takes_pubkey=True,
        makes_wallet=True,
        stop_grace_seconds=komodo.stop_grace_seconds,
        block_seconds=int(chain.parameters.get("ac_blocktime") or komodo.block_seconds),
    )
