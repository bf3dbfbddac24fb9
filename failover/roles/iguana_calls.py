"""What Iguana is told over its API, as values: the fields and the order of the scripts that notaries start it with.

Source: KomodoPlatform/dPoW 2f846c0, `iguana/m_notary_main`, `add_coins`, `dpowassets`, `coins/*_7776`; what the calls
do is in `iguana/iguana_chains.c` (addcoin), `iguana_notary.c` (addnotary, dpow), `iguana_wallet.c` (walletpassphrase)
and `main.c` (myipaddr).
"""

from __future__ import annotations

from collections.abc import Iterator

from config.failover import GateRoute, IguanaBus, IguanaCoin

Call = dict[str, object]

LOOPBACK_LOGIN = "loopback:loopback"  # the agent's ports ask nobody who they are; Iguana wants something to say
UNLOCK_SECONDS = 150_000_000  # some years: Iguana adds it to the time in 32 bits
KMD = "KMD"
ANCHORS = ("LTC", "BTC")  # what KMD is notarised to

# Answers come from the daemon: nothing is validated or relayed by Iguana itself.
ANY_COIN: Call = {"RELAY": -1, "VALIDATE": 0, "prefetchlag": -1, "active": 1}
PLAIN: Call = {"poll": 1, "startpend": 64, "endpend": 64, "services": 0, "maxpeers": 512, "minconfirms": 1}
# The first bytes of addresses, scripts and keys in base58. Iguana knows by itself BTC's alone, for which it takes none.
LITECOIN: Call = PLAIN | {"name": "litecoin", "pubval": 48, "p2shval": 5, "wifval": 176}
ASSETCHAIN: Call = {
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
    "protover": 170002,
    "genesishash": "027e3758c3a65b12aa1046462b486d0a63bfa1beae327897f56c5cfb7daaae71",
}
KOMODO: Call = ASSETCHAIN | {
    "name": "Komodo",
    "poll": 10,
    "startpend": 8,
    "endpend": 8,
    "services": 0,
    "maxpeers": 32,
}
OWN_FIELDS = {KMD: KOMODO, "LTC": LITECOIN, "BTC": PLAIN}


def in_order(routes: tuple[GateRoute, ...]) -> tuple[GateRoute, ...]:
    """KMD, what it is notarised to, the others: `walletpassphrase` hands the key to the coin that was added first."""

    def place(route: GateRoute) -> int:
        return 0 if route.chain == KMD else 1 if route.chain in ANCHORS else 2

    return tuple(sorted(routes, key=place))


def join(bus: IguanaBus) -> Iterator[Call]:
    """`myipaddr`, without which Iguana opens no bus; then `addnotary` for each other notary to begin with."""
    yield {"agent": "SuperNET", "method": "myipaddr", "ipaddr": bus.address}
    for peer in bus.notaries:
        yield {"agent": "iguana", "method": "addnotary", "ipaddr": peer}


def add_coin(route: GateRoute, coin: IguanaCoin | None) -> Call:
    """`addcoin`, but with the daemon behind a port of the agent's, and no conf file to look for."""
    named: Call = {"agent": "iguana", "method": "addcoin", "newcoin": route.chain, "name": route.chain}
    net: Call = {"p2p": coin.p2p_port, "netmagic": coin.netmagic} if coin else {}
    behind: Call = {"rpc": route.rpc_port, "rpchost": f"127.0.0.1:{route.rpc_port}", "userpass": LOOPBACK_LOGIN}
    return named | ANY_COIN | OWN_FIELDS.get(route.chain, ASSETCHAIN) | net | behind


def unlock(passphrase: str) -> Call:
    """`walletpassphrase`: Iguana makes its key of any words, and imports that into KMD's wallet.

    Never while KMD's daemon does not answer: Iguana's API would be dead for good.
    """
    return {
        "agent": "bitcoinrpc",
        "method": "walletpassphrase",
        "password": passphrase,
        "timeout": UNLOCK_SECONDS,
    }


def notarise(chain: str, pubkey: str) -> Call:
    """`dpow`: from its success on Iguana takes part in the chain's rounds.

    Without a `freq`, as all send it: whoever has another one begins rounds at heights at which the others don't.
    """
    return {"agent": "iguana", "method": "dpow", "symbol": chain, "pubkey": pubkey}


def notarised(routes: tuple[GateRoute, ...]) -> tuple[str, ...]:
    """The chains of a duty that are notarised, KMD first: all but LTC and BTC, to which KMD is.

    KMD without either of them is there for the assetchains alone, as 3P's is (`m_notary_3rdparty`).
    """
    chains = [route.chain for route in in_order(routes) if route.chain not in ANCHORS]
    return tuple(chain for chain in chains if chain != KMD or len(chains) == 1 or anchor(routes))


def anchor(routes: tuple[GateRoute, ...]) -> str | None:
    """What KMD is notarised to in this duty; None where it has no such chain."""
    return next((route.chain for route in in_order(routes) if route.chain in ANCHORS), None)
