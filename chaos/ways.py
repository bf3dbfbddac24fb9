"""Faults of what lies between processes and beneath them: network, disk, clocks, sessions."""

from __future__ import annotations

import threading
from contextlib import suppress
from functools import partial
from itertools import combinations, permutations

from chaos.cuts import Cut
from chaos.fleet import CLIENT, PARTS, Fleet, Member
from chaos.layout import REGIONS
from chaos.strikes import Scene, Strike, Struck, at_once, told_to_watchdog, where
from chaos.wallclock import put_off
from drills.inside import inside
from failover.selector.base import NoQuorumError
from failover.selector.session_end import end_session
from sandbox.network import Host, Network

SHAPES = {
    "pair": "two regions don't reach each other; both reach the third",
    "one-way": "what one region sends another vanishes",
    "region": "one region reaches no other",
    "deaf": "one region hears no other, though it is heard",
    "all": "no region reaches another",
}
SLOW_MS = (20.0, 400.0)
# Not before the certificates begin, which would be a fault of another kind.
JUMPS = (-20.0, -5.0, -1.5, 1.5, 5.0, 60.0, 3600.0)
EXPIRE_SECONDS = 3
Pairs = tuple[tuple[str, str], ...]  # from and to: what is sent so vanishes


def cut(shape: str) -> Strike:
    """A partition between regions, by its shape; the one that it names is where a duty is more often than not."""

    def make(scene: Scene) -> Struck:
        one = scene.member().unit.region
        pairs = _pairs(shape, one, *scene.chance.sample([region for region in REGIONS if region != one], 2))
        heal = scene.fleet.cuts.make(partial(_cut_pairs, pairs))
        links = tuple(f"{a}>{b}" for a, b in pairs)
        takes = [f"link:{link}" for link in links]
        return Struck(told=f"cut {', '.join(links)}", heal=heal, over=scene.fleet.serves, takes=takes)

    return make


def _pairs(shape: str, one: str, other: str, third: str) -> Pairs:
    return {
        "pair": ((one, other), (other, one)),
        "one-way": ((one, other),),
        "region": ((one, other), (other, one), (one, third), (third, one)),
        "deaf": ((other, one), (third, one)),
        "all": tuple(permutations(REGIONS, 2)),
    }[shape]


def _cut_pairs(pairs: Pairs, network: Network) -> None:
    for a, b in pairs:
        network.cut(a, b, one_way=True)


def black_hole(part: str) -> Strike:
    """One host's packets vanish both ways while everybody goes on sending: no connection is closed."""

    def make(scene: Scene) -> Struck:
        if part == "server":
            number = scene.server(leads=scene.chance.random() < 0.5)
            host, told, takes, hits = scene.fleet.rig.host(number), f"server {number}", f"server:{number}", ()
            over = partial(scene.fleet.serves, number)
        else:
            member = scene.member()
            host = member.agent_host if part == "agent" else member.daemon_host
            told, takes, hits = f"the {part} of {where(member)}", f"host:{host.name}", (member.unit.name,)
            over = at_once
        heal = scene.fleet.cuts.make(_cut_of(host))
        return Struck(told=f"cut {told} from everybody", heal=heal, over=over, takes=(takes,), hits=hits)

    return make


def _cut_of(host: Host) -> Cut:
    return lambda network: network.cut_host(host)


def slow(scene: Scene) -> Struck:
    """Each pair of regions gets a round trip of its own."""
    network = scene.fleet.rig.network
    trips: dict[tuple[str, str], float] = {
        pair: round(scene.chance.uniform(*SLOW_MS)) for pair in combinations(REGIONS, 2)
    }
    network.slow(trips)
    told = ", ".join(f"{a} to {b} {ms} ms" for (a, b), ms in trips.items())
    return Struck(told=f"slowed {told}", heal=partial(network.slow, {}))


def jump_clock(scene: Scene) -> Struck:
    """One process's wall clock is wrong, from one call to the next; its other clocks are not."""
    member, part, seconds = scene.member(), scene.chance.choice(PARTS), scene.chance.choice(JUMPS)
    file = member.clock_file(part)
    put_off(file, seconds)
    told = f"set the clock of the {part} of {where(member)} by {seconds:+g} s"
    return Struck(told=told, heal=partial(put_off, file, 0.0), hits=(member.unit.name,))


def fill_disk(scene: Scene) -> Struck:
    """A gate has no room for a higher epoch: it must refuse it."""
    member = scene.member(holders=0.3)
    filler = member.folder / "gate" / "filler"
    with filler.open("ab", buffering=0) as file, suppress(OSError):
        for size in (4096, 1):
            with suppress(OSError):
                while True:
                    file.write(b"\0" * size)
    # It signs on while its epoch stands, and can't where the duty comes to it anew.
    return Struck(
        told=f"filled the gate's disk of {where(member)}",
        heal=partial(filler.unlink, missing_ok=True),
        takes=(member.unit.takes,),
        hits=(member.unit.name,),
    )


def expire(scene: Scene) -> Struck:
    """An agent's session ends under its feet: another client takes it over and closes it."""
    member = scene.member()
    told = f"ended the session of {where(member)}"
    if session := session_of(member):
        end = partial(end_from_elsewhere, scene.fleet, member.unit.region, session)
        threading.Thread(target=end, daemon=True).start()
    return Struck(told=told, hits=(member.unit.name,))


def session_of(member: Member) -> tuple[int, bytes] | None:
    """Its agent's session with the ensemble, as the watchdog was told."""
    session = told_to_watchdog(member).get("session")
    return (session["number"], bytes.fromhex(session["password"])) if isinstance(session, dict) else None


def end_from_elsewhere(fleet: Fleet, region: str, session: tuple[int, bytes]) -> None:
    """A stranger in a region takes a session over and closes it; where nobody lets him in, nothing is ended."""
    end = partial(end_session, fleet.rig.access(CLIENT), *session, seconds=EXPIRE_SECONDS)
    with suppress(NoQuorumError):
        inside(fleet.rig.place(region, f"stranger-{region}"), end)
