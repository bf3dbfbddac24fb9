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
IGUANA_API = 7776  # Iguana's API on the pod's loopback; KomodoPlatform/dPoW 2f846c0
ZOOKEEPER_CLIENT = 2281  # mutual TLS
ZOOKEEPER_LOCAL = 2181  # the pod's loopback alone: the probes' words, no sessions
ZOOKEEPER_PEER = 2888
ZOOKEEPER_ELECTION = 3888
ZOOKEEPER_METRICS = 7000


def collisions(values: Mapping[str, object], chains: Mapping[str, Chain]) -> Iterator[Mistake]:
    """Ports that two things of one signer's pod would listen on: the agent offers each chain's RPC on loopback."""
    for path, duty in each(values, "notaries", "*", "duties", "*"):
        users: dict[int, str] = {IGUANA_API: "Iguana's API", AGENT_HEALTH: "the agent's health"}
        place = ".".join(path)
        bus = at(duty, "busPort")
        wanted = [(f"{place}.busPort", bus, "Iguana's bus")] if isinstance(bus, int) else []
        named = dict.fromkeys(texts(at(duty, "chains")))
        wanted += [(f"{place}.chains", chains[key].rpc, f"the RPC of {key}") for key in named if key in chains]
        for where, port, user in wanted:
            if port in users:
                found = f"port {port} for {user}"
                yield Mistake(path=where, found=found, expected=f"another port: {users[port]} has it in the same pod")
            users.setdefault(port, user)
