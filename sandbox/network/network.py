"""A network of regions: made, cut, slowed and taken away. What the kernel is told is in `layout`."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations
from math import inf
from types import TracebackType
from typing import Self

from sandbox.errors import SandboxError
from sandbox.network import layout
from sandbox.network.layout import ANYWHERE, Host
from sandbox.network.namespaces import Namespaces, run, unavailable


class Network:
    """Regions as routers in namespaces of their own, each linked with every other one.

    Nothing of it is on the machine's side: no interface, no route, no rule, no name. One process holds it all, and ends
    with close() or with the thread that made the network, so make it in one that lives on; the methods may be called
    from any. What runs in a host is its starter's: start it with `die_with_parent`, and stop it before close().
    """

    def __init__(self, regions: Sequence[str]) -> None:
        """Raises SandboxError, in one sentence with the remedy, if something is missing or the kernel refuses."""
        if reason := unavailable():
            raise SandboxError(reason)
        if not 0 < len(set(regions)) == len(regions) <= layout.MOST_REGIONS:
            raise SandboxError(
                f"A network wants 1 to {layout.MOST_REGIONS} regions of different names, not {regions!r}."
            )
        self._numbers = {name: number for number, name in enumerate(regions, 1)}
        self._hosts: dict[str, Host] = {}
        self._last_host = dict.fromkeys(regions, 1)
        self._cuts: set[layout.Cut] = set()
        self._slowed: set[tuple[int, int]] = set()
        self._lock = threading.RLock()
        self._namespaces = Namespaces()
        try:
            self._routers = {number: self._namespaces.make(number) for number in self._numbers.values()}
            self._ip({number: layout.router(number, self._routers) for number in self._routers})
            self._ip({number: layout.routes(self._routers.keys() - {number}) for number in self._routers})
        except BaseException:
            self.close()
            raise

    def attach(self, region: str, host: str) -> Host:
        """A new host with an address and ports of its own; its name is free to choose, once per network."""
        with self._lock:
            number = self._number(region)
            if host in self._hosts:
                raise SandboxError(
                    f"There is a host {host!r} in this network already; detach it, or take another name."
                )
            mine = self._free_number(region)
            made = Host(region, host, layout.address(number, mine), self._namespaces.make())
            self._ip({number: layout.port(number, mine, made.namespace)})
            run([(made.namespace, ["ip", "-batch", "-"], layout.pod(number, mine))])
            self._hosts[host] = made
            self._last_host[region] = mine
            return made

    def detach(self, host: Host) -> None:
        """Unplug a host for good. What still runs in it reaches nothing but its own loopback.

        Who speaks to it from now on is told by its region that it is unreachable; cut_host() is the silent way.
        """
        with self._lock:
            self._known(host)
            self._ip({self._number(host.region): layout.unplug(int(host.address.rpartition(".")[2]))})
            self._namespaces.drop(host.namespace)
            del self._hosts[host.name]
            if gone := {cut for cut in self._cuts if f"{host.address}/32" in cut}:
                self._replace_cuts(self._cuts - gone)

    def cut(self, a: str, b: str, *, one_way: bool = False) -> None:
        """Drop silently what goes from a to b and, unless `one_way`, from b to a. Connections stay open."""
        mine, other = self._prefix(a), self._prefix(b)
        self._add_cuts([(mine, other)] if one_way else [(mine, other), (other, mine)])

    def isolate(self, region: str) -> None:
        """Cut a region from all others; its own hosts still reach each other."""
        mine = self._prefix(region)
        others = [self._prefix(name) for name in self._numbers if name != region]
        self._add_cuts([cut for other in others for cut in ((mine, other), (other, mine))])

    def cut_host(self, host: Host) -> None:
        """Cut one host from all others, those of its own region too."""
        self._known(host)
        mine = f"{host.address}/32"
        self._add_cuts([(mine, ANYWHERE), (ANYWHERE, mine)])

    def heal(self) -> None:
        """Take all cuts away."""
        with self._lock:
            self._replace_cuts(set())

    def slow(self, rtt_ms: float | Mapping[tuple[str, str], float]) -> None:
        """Emulate a round trip between all regions, or between pairs, in either order; the pairs not named get 0.

        Open connections go on. What is under way when a pair's round trip changes still takes the old time.
        """
        with self._lock:
            wanted = self._one_way_seconds(rtt_ms)
            self._namespaces.delay(wanted)
            before, self._slowed = self._slowed, set(wanted)
            new, old = self._slowed - before, before - self._slowed
            self._ip({n: layout.detour(_targets(new, n), _targets(old, n)) for n in {pair[0] for pair in new | old}})

    def close(self) -> None:
        """Take everything away. May be called again."""
        self._namespaces.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _one_way_seconds(self, rtt_ms: float | Mapping[tuple[str, str], float]) -> dict[tuple[int, int], float]:
        """By source and target, both ways; pairs without a delay left out. Raises SandboxError for what can't be."""
        pairs = rtt_ms if isinstance(rtt_ms, Mapping) else dict.fromkeys(combinations(self._numbers, 2), rtt_ms)
        one_way: dict[tuple[int, int], float] = {}
        for (a, b), milliseconds in pairs.items():
            there, back = (self._number(a), self._number(b)), (self._number(b), self._number(a))
            if a == b or not 0 <= milliseconds < inf or there in one_way:
                what = f"{milliseconds:g} ms between {a!r} and {b!r}"
                raise SandboxError(f"A round trip of {what} can't be; name two regions, each pair once, and 0 or more.")
            one_way |= dict.fromkeys((there, back), milliseconds / 2000)
        return {pair: seconds for pair, seconds in one_way.items() if seconds}

    def _add_cuts(self, cuts: Iterable[layout.Cut]) -> None:
        with self._lock:
            self._replace_cuts(self._cuts | set(cuts))

    def _replace_cuts(self, cuts: set[layout.Cut]) -> None:
        """Every region drops by all rules, so that both ways end at once, and what the relay still holds too."""
        text = layout.rules(cuts)
        run([(namespace, ["nft", "-f", "-"], text) for namespace in self._routers.values()])
        self._cuts = cuts

    def _number(self, region: str) -> int:
        if region not in self._numbers:
            raise SandboxError(f"No region {region!r} is in this network; take one of {', '.join(self._numbers)}.")
        return self._numbers[region]

    def _prefix(self, region: str) -> str:
        return layout.prefix(self._number(region))

    def _known(self, host: Host) -> None:
        if self._hosts.get(host.name) != host:
            raise SandboxError(f"The host {host.name!r} is not in this network; attach it first.")

    def _free_number(self, region: str) -> int:
        """The next one, after the last from the start again: a pod seldom gets an address that was just another's."""
        last, taken = self._last_host[region], {item.address for item in self._hosts.values()}
        for number in sorted(layout.HOST_NUMBERS, key=lambda number: (number <= last, number)):
            if layout.address(self._number(region), number) not in taken:
                return number
        raise SandboxError(f"The region {region!r} has {len(layout.HOST_NUMBERS)} hosts, all it can; detach some.")

    def _ip(self, batches: Mapping[int, str]) -> None:
        run([(self._routers[number], ["ip", "-batch", "-"], text) for number, text in batches.items()])


def _targets(pairs: Iterable[tuple[int, int]], source: int) -> list[int]:
    return [target for start, target in pairs if start == source]
