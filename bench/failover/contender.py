"""What is done to every contender alike, and what is read off it: one duty, two candidates, the same doubles."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from bench.failover.stats import Event, Takeover, takeover
from chaos import stamps
from chaos.processes import Process
from chaos.stamps import SECOND, Execution

FRESH = SECOND // 2  # a signer that is at it has executed a call since
TAIL_BYTES = 16_384  # some three seconds of stamps: the last calls before a strike


@dataclass(frozen=True, kw_only=True)
class Side:
    """One candidate. `beside`: what else stands on its host; `name` is its daemon's in the stamps."""

    name: str
    stamps: Path
    agent: Process
    beside: tuple[Process, ...]
    signer: Callable[[], int | None]
    events: Callable[[], Sequence[Event]]

    def last_end(self) -> int:
        """When its daemon last executed a call; 0 for never."""
        return stamps.last_end(self.stamps) or 0

    def kill_signer(self) -> None:
        _group(self.signer(), signal.SIGKILL)

    def freeze(self) -> None:
        """As when the host is lost: everybody at once, and no connection is closed."""
        for process in (self.agent, *self.beside):
            process.signal(signal.SIGSTOP)
        _group(self.signer(), signal.SIGSTOP)

    def kill(self) -> None:
        """All of it, frozen or not; what is to run is started again by who tends it."""
        _group(self.signer(), signal.SIGKILL)
        for process in (self.agent, *self.beside):
            process.signal(signal.SIGKILL)


class Contender:
    """`sides` are its two candidates. `slow`: its takeover after a loss takes longer than the fleet's session."""

    slow = False

    def __init__(self, name: str, sides: Sequence[Side]) -> None:
        self.name, self.sides = name, tuple(sides)

    def tend(self) -> None:
        raise NotImplementedError

    def close(self) -> None:
        raise NotImplementedError

    def ready(self) -> bool:
        """Whether one signs, and the other would take the duty at once."""
        raise NotImplementedError

    def steady(self) -> bool:
        """Whether a death of its signer would be no failed activation: that one would keep its candidate out."""
        return True

    def hand_over(self, side: Side) -> None:
        """What a person would do."""
        raise NotImplementedError

    def order_back(self) -> None:
        """Take the order for a handover back, where it would hold on."""

    def grace(self, since: int) -> float | None:
        """Seconds that the newest holder had to wait before it might sign; None where nobody ever does."""

    def refusals(self, since: int, until: int) -> int | None:
        """Signing calls that a gate refused meanwhile; None where there is no gate."""

    def awake(self) -> None:
        """Let its signer go on."""

    def quiet(self) -> None:
        """Freeze its signer, so that it costs the others nothing while they are measured."""

    def leading(self) -> Side | None:
        """Whose daemon executes calls now."""
        side = max(self.sides, key=Side.last_end)
        return side if stamps.now() - side.last_end() < FRESH else None


@dataclass(kw_only=True)
class Trial:
    """One strike at who signs, and what came of it."""

    contender: Contender
    kind: str
    old: Side
    struck: int
    offsets: Mapping[Path, int]

    @classmethod
    def begin(cls, contender: Contender, kind: str) -> Trial:
        """Make it. ValueError where nobody signs."""
        old = contender.leading()
        if old is None:
            raise ValueError(f"{contender.name}: nobody signs")
        offsets = {side.stamps: _size(side.stamps) for side in contender.sides}
        trial = cls(contender=contender, kind=kind, old=old, struck=stamps.now(), offsets=offsets)
        STRIKES[kind](contender, old)
        return trial

    def over(self) -> bool:
        """Whether somebody signs who did not before; cheap."""
        ends = [side.last_end() for side in self.contender.sides if side is not self.old]
        if max(ends) > self.struck:
            return True
        own = self.kind == "signer" and stamps.now() - self.struck > FRESH
        return own and self.result() is not None

    def executions(self) -> list[Execution]:
        """From a little before the strike on."""
        return [item for path, offset in self.offsets.items() for item in tail(path, offset)]

    def result(self) -> Takeover | None:
        """None while it goes on, or where it can't be told."""
        events = {side.name: side.events() for side in self.contender.sides}
        return takeover(self.executions(), self.struck, events)

    def heal(self) -> None:
        """Let what was struck come back."""
        if self.kind == "agent":
            self.old.agent.held -= 1
        if self.kind == "host":
            self.old.kill()
        if self.kind == "handover":
            self.contender.order_back()


def tail(path: Path, offset: int) -> list[Execution]:
    """The stamps behind an offset, and some before it."""
    if not path.exists():
        return []
    begin = max(0, offset - TAIL_BYTES)
    with path.open("rb") as file:
        file.seek(begin)
        lines = file.read().splitlines()[1 if begin else 0 :]
    return [Execution(**json.loads(line)) for line in lines]


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _kill_agent(_: Contender, side: Side) -> None:
    side.agent.held += 1
    side.agent.signal(signal.SIGKILL)


STRIKES: Mapping[str, Callable[[Contender, Side], None]] = {
    "signer": lambda _, side: side.kill_signer(),
    "agent": _kill_agent,
    "host": lambda _, side: side.freeze(),
    "handover": lambda contender, side: contender.hand_over(side),
    "leader": lambda *_: None,  # the ensemble is struck, not the contender
}


def _group(leader: int | None, number: signal.Signals) -> None:
    if leader is not None:
        with suppress(ProcessLookupError):
            os.killpg(leader, number)
