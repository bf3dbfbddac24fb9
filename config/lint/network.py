"""Rules for what is open to others: firewalls, containers, confs and flags."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from config.chains import Chain
from config.lint.coins import KMD_3P
from config.lint.finding import Finding
from config.lint.openings import Opening
from config.lint.script import Script
from config.mistakes import shown

RULES = {
    "firewall-port": "A port is opened that Iguana's bus does not use: 13348 or 13345 for 13848 or 13845.",
    "firewall-unused": "A firewall opens a port that no duty of the stack uses.",
    "firewall-closed": "Firewall rules that leave a duty's bus port closed.",
    "rpc-published": "An RPC port, or Iguana's API, is open to others.",
}
# KomodoPlatform/dPoW 2f846c0: `doc/update080.md` names both in one page; Iguana listens on the latter.
MISTAKEN_BUS = {13348: 13848, 13345: 13845}
IGUANA_API = {7776: "Iguana's API, which asks nobody who they are", 7779: "the API of 3P's Iguana"}
PRIVILEGED = 1024  # the machine's own services, such as ssh and a web server, are not ours to judge
_ALLOW = re.compile(r"\brpcallowip[ \t]*=[ \t]*[\"']?(?P<value>[^\s\"'`,;)\\]+)")
_BIND = re.compile(r"\brpcbind[ \t]*=[ \t]*[\"']?(?P<value>[^\s\"'`,;)\\]+)")
_EVERYWHERE = re.compile(r"(?:0\.0\.0\.0|\*)(?::.*)?|\[::\](?::.*)?|::")


def rpc_ports(chains: Mapping[str, Chain]) -> Mapping[int, str]:
    """The ports that nobody outside may reach, with what listens there; not those that are another chain's p2p."""
    ports = {**IGUANA_API, KMD_3P[1]: "the RPC of 3P's KMD"}
    ports |= {chain.rpc: f"the RPC of {chain.key}" for chain in chains.values()}
    return {port: user for port, user in ports.items() if port not in {chain.p2p for chain in chains.values()}}


def firewall_port(found: Iterable[Opening]) -> Iterator[Finding]:
    """Ports that look like Iguana's bus and are not."""
    for opening in found:
        for port in opening.single:
            if port in MISTAKEN_BUS:
                right = MISTAKEN_BUS[port]
                expected = f"{right}: that is where Iguana's bus listens"
                yield Finding(rule="firewall-port", path=opening.path, found=f"port {port} open", expected=expected)


def firewall_unused(found: Iterable[Opening], used: Mapping[int, str]) -> Iterator[Finding]:
    """Ports opened in a firewall that no duty of a stack uses; `used` holds those that duties do use."""
    for opening in found:
        for port in opening.single if opening.by == "firewall" else ():
            if port >= PRIVILEGED and port not in used and port not in MISTAKEN_BUS:
                yield Finding(
                    rule="firewall-unused",
                    path=opening.path,
                    found=f"port {port} open",
                    expected=f"only what the duties use: {', '.join(str(item) for item in sorted(used))}",
                )


def firewall_closed(found: Iterable[Opening], buses: Mapping[int, str]) -> Iterator[Finding]:
    """Bus ports that no rule opens, when there are rules of a firewall at all."""
    rules = [opening for opening in found if opening.by == "firewall"]
    for port, user in sorted(buses.items()) if rules else ():
        if not any(opening.covers(port) for opening in rules):
            files = ", ".join(dict.fromkeys(opening.path.rpartition(":")[0] for opening in rules))
            yield Finding(rule="firewall-closed", path=files, found=f"port {port} closed", expected=f"open for {user}")


def rpc_opened(found: Iterable[Opening], rpc: Mapping[int, str]) -> Iterator[Finding]:
    """RPC ports that a firewall opens or a container engine publishes."""
    for opening in found:
        users = {port: user for port, user in rpc.items() if opening.covers(port)}
        if users:
            ports = ", ".join(f"{port}, {user}" for port, user in list(users.items())[:3])
            more = f" and {len(users) - 3} more" if len(users) > 3 else ""
            expected = "it closed" if opening.by == "firewall" else "it bound to 127.0.0.1, or not published"
            yield Finding(
                rule="rpc-published",
                path=opening.path,
                found=f"{shown(opening.text)} opens {ports}{more}",
                expected=expected,
            )


def rpc_bound(script: Script) -> Iterator[Finding]:
    """Daemons told to take RPC from everywhere: `rpcallowip` with the prefix 0, `rpcbind` on all addresses."""
    for place, line in script.lines():
        for match in _ALLOW.finditer(line):
            if match["value"] == "*" or re.search(r"/0(\.0\.0\.0)?$", match["value"]):
                expected = "addresses of the signer alone, such as rpcallowip=127.0.0.1"
                yield Finding(rule="rpc-published", path=place, found=shown(match[0]), expected=expected)
        for match in _BIND.finditer(line):
            if _EVERYWHERE.fullmatch(match["value"]):
                expected = "rpcbind=127.0.0.1: whoever reaches a wallet's RPC can spend"
                yield Finding(rule="rpc-published", path=place, found=shown(match[0]), expected=expected)
