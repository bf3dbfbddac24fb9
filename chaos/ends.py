"""Faults of processes: killed, frozen, restarted."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from contextlib import suppress
from functools import partial

from chaos.fleet import Member
from chaos.layout import CHAIN
from chaos.processes import Process
from chaos.strikes import Scene, Strike, Struck, signer_pid, where
from failover.processes import identify

ROLLING_SECONDS = 2.5  # from one restart to the next


def part_of(member: Member, part: str, chain: str = CHAIN) -> Process:
    """An agent, a watchdog, or a chain's gate or daemon."""
    if part in ("agent", "watchdog"):
        return {"agent": member.agent, "watchdog": member.watchdog}[part]
    return (member.gates if part == "gate" else member.daemons)[chain]


def kill(part: str) -> Strike:
    """SIGKILL; the process stays away until the fault is over."""

    def make(scene: Scene) -> Struck:
        member, chain = scene.member(), scene.chain()
        told = f"killed the {_named(part, chain)} of {where(member)}"
        heal = away(part_of(member, part, chain))
        return Struck(told=told, heal=heal, takes=_takes(member, part, chain), hits=(member.unit.name,))

    return make


def away(*processes: Process) -> Callable[[], None]:
    for process in processes:
        process.held += 1
        process.signal(signal.SIGKILL)

    def heal() -> None:
        for process in processes:
            process.held -= 1

    return heal


def freeze(part: str) -> Strike:
    """SIGSTOP, to this process alone."""

    def make(scene: Scene) -> Struck:
        member, chain = scene.member(), scene.chain()
        told = f"froze the {_named(part, chain)} of {where(member)}"
        process = part_of(member, part, chain)
        process.signal(signal.SIGSTOP)
        # A daemon that wakes would execute what came before: the residual, which `chaos.residual` measures. Here it is
        # killed, as its pod's probe would have done by then.
        heal = partial(process.signal, signal.SIGKILL if part == "daemon" else signal.SIGCONT)
        return Struck(told=told, heal=heal, takes=_takes(member, part, chain), hits=(member.unit.name,))

    return make


def _named(part: str, chain: str) -> str:
    return f"{part} of {chain}" if part in ("gate", "daemon") else part


def _takes(member: Member, part: str, chain: str) -> tuple[str, ...]:
    """Without a watchdog who signs goes on, and who does not takes no duty."""
    if part in ("gate", "daemon"):
        return (member.unit.daemon(chain),)
    return (member.unit.unsure if part == "watchdog" else member.unit.takes,)


def kill_signer(scene: Scene) -> Struck:
    """SIGKILL to a signer's process group."""
    member = scene.member(holders=1.0)
    told, pid = f"killed the signer of {where(member)}", signer_pid(member)
    if pid is not None:
        _signal_group(pid, signal.SIGKILL)
    return Struck(told=told, hits=(member.unit.name,))


def freeze_signer(scene: Scene) -> Struck:
    """SIGSTOP to a signer's process group."""
    member = scene.member(holders=1.0)
    told = f"froze the signer of {where(member)}"
    return Struck(told=told, heal=_frozen_signer(member), takes=(member.unit.takes,), hits=(member.unit.name,))


def _frozen_signer(member: Member) -> Callable[[], None]:
    pid = signer_pid(member)
    if pid is None:
        return lambda: None
    frozen = identify(pid)
    _signal_group(pid, signal.SIGSTOP)

    def heal() -> None:
        if identify(pid) == frozen:  # the number may be another's by now
            _signal_group(pid, signal.SIGCONT)

    return heal


def _signal_group(pid: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.killpg(pid, number)


def freeze_host(scene: Scene) -> Struck:
    """All of a candidate's side stands still, as when its machine is suspended; its gate is on another host."""
    member = scene.member()
    told, frozen = f"froze the host of {where(member)}", (member.watchdog, member.agent)
    for process in frozen:
        process.signal(signal.SIGSTOP)
    thaw = _frozen_signer(member)

    def heal() -> None:
        # The signer first: nobody is there yet who would end it.
        thaw()
        for process in reversed(frozen):
            process.signal(signal.SIGCONT)

    return Struck(told=told, heal=heal, takes=(member.unit.takes,), hits=(member.unit.name,))


def kill_host(scene: Scene) -> Struck:
    """All of a candidate's side dies at once."""
    member = scene.member()
    told, pid = f"killed the host of {where(member)}", signer_pid(member)
    heal = away(member.watchdog, member.agent)
    if pid is not None:
        _signal_group(pid, signal.SIGKILL)
    return Struck(told=told, heal=heal, takes=(member.unit.takes,), hits=(member.unit.name,))


def server(role: str, what: str) -> Strike:
    """The ensemble's leader or a follower dies or stands still."""

    def make(scene: Scene) -> Struck:
        rig, number = scene.fleet.rig, scene.server(role == "leader")
        if what == "kill":
            heal = _server_away(scene, number)
        else:
            pod = rig.pods[number]
            pod.freeze()
            heal = pod.thaw
        back = partial(scene.fleet.serves, number)
        return Struck(told=f"{what} server {number}, the {role}", heal=heal, over=back, takes=(f"server:{number}",))

    return make


def lose_quorum(scene: Scene) -> Struck:
    """Most servers die."""
    numbers = scene.chance.sample(scene.fleet.rig.numbers, 2)
    heals = [_server_away(scene, number) for number in numbers]

    def heal() -> None:
        for one in heals:
            one()

    takes = [f"server:{number}" for number in numbers]
    return Struck(told=f"killed servers {numbers}", heal=heal, over=scene.fleet.serves, takes=takes)


def _server_away(scene: Scene, number: int) -> Callable[[], None]:
    rig = scene.fleet.rig
    rig.kill(number)

    def heal() -> None:
        if rig.pods[number].ended:  # another fault may have brought it back
            rig.start(number)

    return heal


def roll(part: str) -> Strike:
    """SIGTERM to all of a duty's agents or gates, one after another; each is started again."""

    def make(scene: Scene) -> Struck:
        members = scene.fleet.of(scene.duty())
        scene.chance.shuffle(members)
        for place, member in enumerate(members):
            processes = [member.agent] if part == "agent" else list(member.gates.values())
            for process in processes:
                scene.later(place * ROLLING_SECONDS, partial(process.signal, signal.SIGTERM))
        hits = [member.unit.name for member in members]
        return Struck(told=f"restarts the {part}s of {members[0].unit.duty} one by one", hits=hits)

    return make
