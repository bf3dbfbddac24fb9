"""How a network is laid out, as values: addresses, and what `ip -batch` and `nft` are told. Nothing here acts.

A region is a router with the prefix 10.77.R.0/24. Its hosts are /32 routes of their own, so that even packets between
two hosts of one region pass the router's forward hook and can be dropped there. Regions are linked pairwise; where a
pair is slowed, a second route of a better metric leads into the router's TUN device instead.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

TUN = "slow"
ANYWHERE = "0.0.0.0/0"
MOST_REGIONS = 254
HOST_NUMBERS = range(2, 255)
_LINK_METRIC, _TUN_METRIC = 100, 10
_TUN_QUEUE = 10_000  # packets; the kernel's 500 are lost packets as soon as the relay waits for a processor

Cut = tuple[str, str]  # the prefixes that packets come from and go to


@dataclass(frozen=True)
class Host:
    """A network namespace of its own in one region, as a pod has; `namespace` is the path that holds it."""

    region: str
    name: str
    address: str
    namespace: str

    def enter(self, command: Sequence[str]) -> list[str]:
        """The command prefixed so that it runs in this host's network; all else stays the caller's."""
        return enter(self.namespace, command)


def enter(namespace: str, command: Sequence[str]) -> list[str]:
    """The command prefixed so that it runs in the namespace that this path holds."""
    return ["nsenter", f"--net={namespace}", "--", *command]


def prefix(region: int) -> str:
    """All addresses of a region."""
    return f"10.77.{region}.0/24"


def address(region: int, host: int) -> str:
    """The address of one host; number 1 is the region's router."""
    return f"10.77.{region}.{host}"


def router(region: int, namespaces: Mapping[int, str]) -> str:
    """`ip` in a region: its address, its TUN device, and links to the regions of higher numbers."""
    links = [
        f"link add name to-{other} type veth peer name to-{region} netns {path}"
        for other, path in namespaces.items()
        if other > region
    ]
    return _batch(
        "link set dev lo up",
        f"address add {address(region, 1)}/32 dev lo",
        f"link set dev {TUN} mtu 1500 txqueuelen {_TUN_QUEUE} up",
        *links,
    )


def routes(others: Collection[int]) -> str:
    """`ip` in a region once all links are there: the ways to all other regions."""
    ways: list[str] = []
    for other in others:
        via = f"via {address(other, 1)} dev to-{other} onlink"
        ways += [f"link set dev to-{other} up", f"route add {prefix(other)} {via} metric {_LINK_METRIC}"]
    return _batch(*ways)


def port(region: int, host: int, namespace: str) -> str:
    """`ip` in a region: the link to a new host."""
    device = f"host-{host}"
    return _batch(
        f"link add name {device} type veth peer name eth0 netns {namespace}",
        f"link set dev {device} up",
        f"route add {address(region, host)}/32 dev {device} src {address(region, 1)}",
    )


def pod(region: int, host: int) -> str:
    """`ip` in a host: its loopback, its address, and everything else by way of its region."""
    return _batch(
        "link set dev lo up",
        f"address add {address(region, host)}/32 dev eth0",
        "link set dev eth0 up",
        f"route add default via {address(region, 1)} dev eth0 onlink",
    )


def unplug(host: int) -> str:
    """`ip` in a region: a host's link gone, with its other end and its route."""
    return _batch(f"link delete dev host-{host}")


def detour(slowed: Collection[int], freed: Collection[int]) -> str:
    """`ip` in a region: packets to some regions go through the relay, to others no longer."""
    return _batch(
        *(f"route replace {prefix(other)} dev {TUN} metric {_TUN_METRIC}" for other in slowed),
        *(f"route delete {prefix(other)} dev {TUN} metric {_TUN_METRIC}" for other in freed),
    )


def rules(cuts: Collection[Cut]) -> str:
    """`nft` in every region: one table, replaced in one transaction. Dropped packets are answered by nothing."""
    drops = "\n".join(f"ip saddr {source} ip daddr {target} drop" for source, target in sorted(cuts))
    return f"""
table ip cuts
delete table ip cuts
table ip cuts {{
  chain forward {{
    type filter hook forward priority 0; policy accept;
    {drops}
  }}
}}
"""


def _batch(*lines: str) -> str:
    return "".join(f"{line}\n" for line in lines)
