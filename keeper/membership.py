"""Who is a member and who is to be one: one change at a time. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

Members = Mapping[int, str]  # id to `host:peer:election:role;client`, as ZooKeeper writes it


@dataclass(frozen=True, kw_only=True)
class Step:
    """One reconfiguration, with its reason. `joining` is the server's line; `leaving` its id; neither: all is done."""

    joining: str | None = None
    leaving: int | None = None
    number: int | None = None
    reason: str


def parse(text: str) -> tuple[dict[int, str], str]:
    """The members and the version in what /zookeeper/config or servers.cfg says. Raises ValueError."""
    members: dict[int, str] = {}
    version = ""
    for line in filter(None, map(str.strip, text.splitlines())):
        key, _, value = line.partition("=")
        if found := re.fullmatch(r"server\.(\d+)=([^;\s]+:\d+:\d+\S*)", line):
            members[int(found[1])] = found[2]
        elif key == "version":
            version = value
        else:
            raise ValueError(f"{line!r}: expected server.<id>=<host>:<peer>:<election>:<role>;<client>")
    return members, version


def host_of(member: str) -> str:
    """The host name in a member's line."""
    return member.partition(":")[0]


def next_step(current: Members, wanted: Members) -> Step:
    """The change that comes next: who joins first, so that the ensemble is never smaller than it was or is to be.

    One server at a time: each majority then shares a server with the one before it.
    """
    for number in sorted({*wanted} - {*current}):
        return _join(number, wanted, f"server {number} at {host_of(wanted[number])} joins")
    for number in sorted({*wanted} & {*current}):
        if current[number] != wanted[number]:
            return _join(number, wanted, f"server {number} becomes {wanted[number]}, was {current[number]}")
    for number in sorted({*current} - {*wanted}):
        return Step(leaving=number, number=number, reason=f"server {number} at {host_of(current[number])} leaves")
    return Step(reason=f"the members are {', '.join(map(str, sorted(current)))}, as they should be")


def _join(number: int, wanted: Members, reason: str) -> Step:
    return Step(joining=f"server.{number}={wanted[number]}", number=number, reason=reason)
