"""Rules for coin lists: the ports they give against those that follow from the chain's own parameters.

Mistakes seen in the wild (KomodoPlatform/coins 519e6a3, `coins`): BCZERO 46856 for 45834, CLC 31034 for 20932, and the
p2p ports of DOC and MARTY given as RPC; older lists had the ports of GLEEC and its predecessor swapped.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from config.chains import Chain
from config.coins import COINS
from config.lint.coinlist import Listed
from config.lint.finding import Finding

RULES = {
    "port-mismatch": "A coin list gives another port than follows from the chain's parameters.",
    "p2p-as-rpc": "A coin list gives the chain's p2p port as its RPC port.",
    "swapped-ports": "Two chains of a coin list have each other's ports, or one chain's p2p and RPC are swapped.",
}
# A 3P server's own KMD, beside Main's: `-port=8770 -rpcport=8771` (KomodoPlatform/dPoW 2f846c0).
KMD_3P = (8770, 8771)


def chain_of(listed: Listed, chains: Mapping[str, Chain]) -> Chain | None:
    """The known chain that a coin stands for. A ticker alone is none: tokens share them with assetchains."""
    key = listed.name.upper().replace("-", "_").removesuffix("_SEGWIT").removesuffix("_3P")
    if key in chains and (listed.asset is not None or key in {coin.key for coin in COINS}):
        return chains[key]
    if listed.asset is not None and listed.asset in chains and not key.startswith(f"{listed.asset}_"):
        return chains[listed.asset]
    return None


def coin_ports(coins: Iterable[Listed], chains: Mapping[str, Chain]) -> Iterator[Finding]:
    """Coins whose ports are not their chain's: one finding for each, by the rule that says most."""
    known = [(coin, chain) for coin in coins if (chain := chain_of(coin, chains))]
    for coin, chain in known:
        pairs = [(chain.p2p, chain.rpc), *([KMD_3P] if chain.key == "KMD" else [])]
        if any(_fits(coin, *pair) for pair in pairs):
            continue
        twin = next((other for item, other in known if other != chain and _swapped(coin, chain, item, other)), None)
        yield _finding(coin, chain, twin, chains)


def _fits(coin: Listed, p2p: int, rpc: int) -> bool:
    return coin.p2p in (None, p2p) and coin.rpc in (None, rpc)


def _swapped(coin: Listed, chain: Chain, item: Listed, other: Chain) -> bool:
    given = (coin.p2p or coin.rpc) and (item.p2p or item.rpc)
    return bool(given) and _fits(coin, other.p2p, other.rpc) and _fits(item, chain.p2p, chain.rpc)


def _finding(coin: Listed, chain: Chain, twin: Chain | None, chains: Mapping[str, Chain]) -> Finding:
    of_rpc = coin.rpc not in (None, chain.rpc)
    path, given, right = (coin.rpc_path, coin.rpc, chain.rpc) if of_rpc else (coin.p2p_path, coin.p2p, chain.p2p)
    expected = f"{right}, which follows from the parameters of {chain.key}"
    if twin:
        found = f"{given}, the port of {twin.key}, which has that of {chain.key}"
        return Finding(rule="swapped-ports", path=path, found=found, expected=expected)
    if coin.p2p == chain.rpc and coin.rpc == chain.p2p:
        found = f"p2p {coin.p2p} and RPC {coin.rpc}"
        expected = f"p2p {chain.p2p} and RPC {chain.rpc}: they are swapped"
        return Finding(rule="swapped-ports", path=path, found=found, expected=expected)
    if coin.rpc == chain.p2p:
        return Finding(rule="p2p-as-rpc", path=path, found=f"{given}, the p2p port", expected=expected)
    owner = next((item.key for item in chains.values() if given in (item.p2p, item.rpc) and item != chain), None)
    found = f"{given}, a port of {owner}" if owner else f"{given}"
    return Finding(rule="port-mismatch", path=path, found=found, expected=expected)
