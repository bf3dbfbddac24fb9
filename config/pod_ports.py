"""The ports inside the pods: ours, and which of a duty's would collide.

An assetchain's ports are derived and begin at 8000 (`config.ports`), so ours stay below: no chain can ever take them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from config.chains import Chain
from config.each import at, each, texts
from config.mistakes import Mistake

GATE = 7443  # the gate's mutual TLS, the only way to a daemon's RPC
GATE_HEALTH = 7480  # the gate's plain HTTP: probes and metrics
AGENT_HEALTH = 7481  # the agent's plain HTTP: probes and metrics
# Iguana's one argument says which list of notaries it reads, and where its API listens on the pod's loopback: `notary`
# reads `elected`, any other word is the list's own name. The list has the bus's port, by which it is found here.
# Source: KomodoPlatform/dPoW 2f846c0, `iguana/main.c`.
IGUANA_LISTS = {13848: ("notary", 7776), 13845: ("3rd_party", 7779), 17762: ("testnet", 7779)}
ZOOKEEPER_CLIENT = 2281  # mutual TLS
ZOOKEEPER_LOCAL = 2181  # the pod's loopback alone: the probes' words, no sessions
ZOOKEEPER_PEER = 2888
ZOOKEEPER_ELECTION = 3888
ZOOKEEPER_METRICS = 7000


def iguana(bus_port: int | None) -> tuple[str, int]:
    """Iguana's argument and the port of its API, for a duty whose bus has this port; Main's for a port of nobody's."""
    return IGUANA_LISTS.get(bus_port or 0, IGUANA_LISTS[13848])


def collisions(values: Mapping[str, object], chains: Mapping[str, Chain]) -> Iterator[Mistake]:
    """Ports that two things of one signer's pod would listen on: the agent offers each chain's RPC on loopback."""
    for path, duty in each(values, "notaries", "*", "duties", "*"):
        place, bus = ".".join(path), at(duty, "busPort")
        api = iguana(bus if isinstance(bus, int) else None)[1]
        users: dict[int, str] = {api: "Iguana's API", AGENT_HEALTH: "the agent's health"}
        wanted = [(f"{place}.busPort", bus, "Iguana's bus")] if isinstance(bus, int) else []
        named = dict.fromkeys(texts(at(duty, "chains")))
        wanted += [(f"{place}.chains", chains[key].rpc, f"the RPC of {key}") for key in named if key in chains]
        for where, port, user in wanted:
            if port in users:
                found = f"port {port} for {user}"
                yield Mistake(path=where, found=found, expected=f"another port: {users[port]} has it in the same pod")
            users.setdefault(port, user)
