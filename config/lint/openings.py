"""Ports that a script or a compose file opens to others: by a firewall's rule, or published by a container engine."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, cast

from config.each import at, each
from config.lint.script import Script

Spans = tuple[tuple[int, int], ...]
ANYWHERE = {"any", "anywhere", "0.0.0.0/0", "::/0"}
_UFW = re.compile(
    r"\bufw[ \t]+(?:--\S+[ \t]+)*(?:route[ \t]+)?(?:insert[ \t]+\d+[ \t]+|prepend[ \t]+)?(?:allow|limit)[ \t]+"
    r"(?P<rest>[^;&|`#]*)"
)
_IPTABLES = re.compile(r"\bip6?tables[ \t]+(?P<rest>[^;&|`#]*)")
_FIREWALLD = re.compile(r"--add-port[= ](?P<ports>[0-9-]+)/tcp")
_RUN = re.compile(r"\b(?:docker|podman)\b.*?\b(?:run|create)\b(?P<rest>.*)")
_PUBLISH = re.compile(r"(?<=\s)(?:-p|--publish)[= ]*[\"']?(?P<spec>[^\s\"']+)")
_PORTS = re.compile(r"[0-9]{1,5}(?:[:-][0-9]{1,5})?(?:,[0-9]{1,5}(?:[:-][0-9]{1,5})?)*(?:/(?P<protocol>tcp|udp))?")
_PUBLISHED = re.compile(
    r"(?:(?P<host>\[[^\]]+\]|[^:\[\]]+):(?=.*:))?(?:(?P<outer>[^:]*):)?(?P<inner>[0-9]{1,5}(?:-[0-9]{1,5})?)"
    r"(?:/(?P<protocol>\w+))?"
)


@dataclass(frozen=True, kw_only=True)
class Opening:
    """TCP ports open to any address. `spans` are pairs of first and last port."""

    path: str
    by: Literal["firewall", "container"]
    spans: Spans
    text: str

    def covers(self, port: int) -> bool:
        return any(first <= port <= last for first, last in self.spans)

    @property
    def single(self) -> tuple[int, ...]:
        """The ports that are named one by one."""
        return tuple(first for first, last in self.spans if first == last)


def openings(script: Script) -> Iterator[Opening]:
    """Everything that a file opens. What is limited to a source, to loopback or to UDP is left out."""
    for place, line in script.lines():
        found = [(match[0], _ufw(match["rest"].split())) for match in _UFW.finditer(line)]
        found += [(match[0], _iptables(match["rest"].split())) for match in _IPTABLES.finditer(line)]
        found += [(match[0], spans_of(match["ports"])) for match in _FIREWALLD.finditer(line)]
        for text, spans in found:
            if spans:
                yield Opening(path=place, by="firewall", spans=spans, text=text.strip())
        for run in _RUN.finditer(line):
            for match in _PUBLISH.finditer(run["rest"]):
                if spans := published(match["spec"]):
                    yield Opening(path=place, by="container", spans=spans, text=match[0].strip())
    yield from _compose(script)


def spans_of(text: str) -> Spans:
    """The ports of a firewall's notation, such as 7770, 7770:7780 or 7770,9333/tcp; none for UDP and for names."""
    match = _PORTS.fullmatch(text)
    if not match or match["protocol"] == "udp":
        return ()
    pairs = [re.split(r"[:-]", item) for item in text.partition("/")[0].split(",")]
    return tuple((int(pair[0]), int(pair[-1])) for pair in pairs)


def _after(words: Sequence[str], *names: str) -> str | None:
    """The word after the first of some names."""
    return next((words[n + 1] for n, word in enumerate(words[:-1]) if word in names), None)


def _ufw(words: list[str]) -> Spans:
    words = words[: words.index("comment")] if "comment" in words else words
    source, target = _after(words, "from"), _after(words, "to")
    limited = source is not None and source not in ANYWHERE
    local = target is not None and target.startswith(("127.", "::1"))
    if limited or local or "out" in words or _after(words, "on") == "lo" or _after(words, "proto") == "udp":
        return ()
    named = _after(words, "port")
    return spans_of(named if named is not None else next((word for word in words if _PORTS.fullmatch(word)), ""))


def _iptables(words: list[str]) -> Spans:
    source = _after(words, "-s", "--source", "--src")
    chain = _after(words, "-A", "-I", "--append", "--insert")
    if chain not in ("INPUT", "FORWARD", "DOCKER-USER") or _after(words, "-j", "--jump") != "ACCEPT":
        return ()
    if (source is not None and source not in ANYWHERE) or _after(words, "-i", "--in-interface") == "lo":
        return ()
    if _after(words, "-p", "--protocol") == "udp":
        return ()
    return spans_of(_after(words, "--dport", "--dports", "--destination-port", "--destination-ports") or "")


def published(spec: str) -> Spans:
    """The ports of docker's `[host:][outer:]inner`, outer and inner; none for loopback, UDP and variables as host."""
    match = _PUBLISHED.fullmatch(spec)
    if not match or match["protocol"] == "udp":
        return ()
    host = (match["host"] or "0.0.0.0").strip("[]")
    if host.startswith(("127.", "$")) or host in ("::1", "localhost"):
        return ()
    return tuple(dict.fromkeys([*spans_of(match["outer"] or ""), *spans_of(match["inner"])]))


def _compose(script: Script) -> Iterator[Opening]:
    for (_, service, _), ports in each(script.compose, "services", "*", "ports"):
        for number, item in enumerate(cast("list[object]", ports) if isinstance(ports, list) else ()):
            spec = str(item) if isinstance(item, (str, int)) else _long_form(item)
            path = f"{script.source} services.{service}.ports[{number}]"
            if spans := published(spec):
                yield Opening(path=path, by="container", spans=spans, text=spec)


def _long_form(item: object) -> str:
    """Compose's mapping of a port, in docker's short notation."""
    target, outer, host = at(item, "target"), at(item, "published"), at(item, "host_ip")
    short = f"{outer or ''}:{target}" if outer or host else f"{target}"
    return (f"{host}:" if host else "") + short + f"/{at(item, 'protocol') or 'tcp'}"
