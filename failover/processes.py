"""Processes by /proc: named so that a reused number is never taken for the old one, and ended as a whole family."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

# Every process of a signer inherits it: one that left the group and the session by a double fork is still found.
MARK = "NOTARY_SIGNER"
STOPPED = "Tt"
_SWITCHES = re.compile(r"voluntary_ctxt_switches:\s+(\d+)")  # "nonvoluntary_…" ends so as well
GONE = "ZX"  # states of /proc/<pid>/stat: a zombie acts no more


@dataclass(frozen=True, kw_only=True)
class ProcessId:
    """A process for good: `started` is field 22 of its stat, clock ticks since the machine's start."""

    pid: int
    started: int


@dataclass(frozen=True, kw_only=True)
class Family:
    """All processes of one signer: its group, and whatever bears its mark."""

    leader: ProcessId
    mark: str


@dataclass(frozen=True, kw_only=True)
class _Stat:
    pid: int
    state: str
    parent: int
    group: int
    started: int
    ticks: int  # of CPU, in user and kernel mode


def identify(pid: int) -> ProcessId | None:
    """Who has this number now, a zombie too; None if nobody."""
    found = _stat(pid)
    return ProcessId(pid=pid, started=found.started) if found else None


def alive(process: ProcessId) -> bool:
    """Whether this very process still runs."""
    found = _stat(process.pid)
    return found is not None and found.started == process.started and found.state not in GONE


def open_pidfd(process: ProcessId) -> int | None:
    """A descriptor that becomes readable when the process ends; None if it is gone already."""
    try:
        opened = os.pidfd_open(process.pid)
    except OSError:
        return None
    if alive(process):  # looked at after opening: the number can't change hands under an open descriptor
        return opened
    os.close(opened)
    return None


def members(family: Family) -> list[ProcessId]:
    """The family's processes that still run."""
    leader = _stat(family.leader.pid)
    # A group keeps its number from being given anew: a leader that is another process leads another group.
    group = family.leader.pid if leader is None or leader.started == family.leader.started else None
    mark = f"{MARK}={family.mark}".encode()
    return [
        ProcessId(pid=found.pid, started=found.started)
        for found in _all()
        if found.state not in GONE and (found.group == group or _marked(found.pid, mark))
    ]


def kill(family: Family, within: float, clock: Callable[[], float]) -> bool:
    """SIGKILL until /proc shows none of the family; False if some is left after `within` seconds."""
    deadline = clock() + within
    while left := members(family):
        for process in left:
            send(process, signal.SIGKILL)
        if clock() > deadline:
            return False
        time.sleep(0.005)
    return True


def activity(family: Family) -> tuple[int, bool]:
    """What grows while any of the family's threads does something, and whether its leader stands still (SIGSTOP).

    Clock ticks of CPU time, which a thread has that computes, and context switches, which one has that waits and looks
    again: a real Iguana that waits for a daemon uses a tick in five seconds, and has 63 switches in one [run].
    """
    leader = _stat(family.leader.pid)
    found = [_stat(process.pid) for process in members(family)]
    work = sum(stat.ticks + _switches(stat.pid) for stat in found if stat)
    return work, leader is not None and leader.state in STOPPED


def zombies(parent: int) -> list[int]:
    """Children of `parent` that ended and were not waited for."""
    return [found.pid for found in _all() if found.parent == parent and found.state == "Z"]


def send(process: ProcessId, number: signal.Signals) -> None:
    """A signal to this very process; nothing if it is gone."""
    opened = open_pidfd(process)
    if opened is None:
        return
    with contextlib.suppress(OSError):
        signal.pidfd_send_signal(opened, number)
    os.close(opened)


def _switches(pid: int) -> int:
    """Context switches of a process's threads, voluntary or not; 0 for one that is gone."""
    found = 0
    for status in Path(f"/proc/{pid}/task").glob("*/status"):
        with contextlib.suppress(OSError):
            found += sum(int(count) for count in _SWITCHES.findall(status.read_text(errors="replace")))
    return found


def _all() -> Iterator[_Stat]:
    for folder in Path("/proc").iterdir():
        if folder.name.isdecimal() and (found := _stat(int(folder.name))):
            yield found


def _stat(pid: int) -> _Stat | None:
    try:
        text = Path(f"/proc/{pid}/stat").read_text(errors="replace")
    except OSError:
        return None
    fields = text[text.rfind(")") + 2 :].split()  # the name before may hold anything, brackets too
    return _Stat(
        pid=pid,
        state=fields[0],
        parent=int(fields[1]),
        group=int(fields[2]),
        started=int(fields[19]),
        ticks=int(fields[11]) + int(fields[12]),
    )


def _marked(pid: int, mark: bytes) -> bool:
    try:
        return mark in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except OSError:  # not ours to read, so not of the family
        return False
