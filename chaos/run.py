"""One run: a fleet comes up, faults come and go as the schedule says, it settles, and what happened is judged."""

from __future__ import annotations

import heapq
import itertools
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random

from chaos import stamps
from chaos.apart import Turn, read
from chaos.checker import Violation
from chaos.collect import acquisitions, executions
from chaos.fleet import Fleet
from chaos.schedule import Planned
from chaos.stamps import Acquisition, Execution, Strike
from chaos.strikes import Kind, Scene
from chaos.verdict import wrong

TEND_SECONDS = 0.02
OVER_SECONDS = 0.5  # between two looks at whether a fault that was healed is over
CHECK_SECONDS = 5.0  # between two looks at everything that was executed so far
WARM_SECONDS = 60.0  # until every duty is signed for, at the start
# Session timeout, election, the signers' own pause after they died, and a machine that is busy.
SETTLE_SECONDS = 30.0
LONGEST_SETTLE_SECONDS = 90.0


@dataclass(kw_only=True)
class Run:
    """What a run knows. Times are nanoseconds, as in `stamps`. `until_wrong`: its first violation is its end."""

    fleet: Fleet
    seed: int
    kinds: Mapping[str, Kind]
    until_wrong: bool = False
    begun: int = 0
    healed: int = 0
    ended: int = 0
    _struck: dict[int, Strike] = field(default_factory=dict)
    _open: set[int] = field(default_factory=set)
    _checked: float = 0.0
    _due: list[tuple[float, int, Callable[[], None]]] = field(default_factory=list)
    _order: itertools.count[int] = field(default_factory=itertools.count)

    def go(self, faults: list[Planned], seconds: float) -> None:
        """All of it; TimeoutError where the fleet does not even come up."""
        self._warm_up()
        self.begun = stamps.now()
        for fault in faults:
            self.later(fault.at, lambda fault=fault: self._strike(fault))
        self._work(time.monotonic() + seconds, self._wrong)
        self.healed = stamps.now()
        if not (self.until_wrong and self.violations()):
            self._work(time.monotonic() + SETTLE_SECONDS, self._wrong)
            longest = time.monotonic() + LONGEST_SETTLE_SECONDS - SETTLE_SECONDS
            self._work(longest, lambda: self._all_signed(self.healed))
        self.ended = stamps.now()

    @property
    def strikes(self) -> list[Strike]:
        """All so far; what still lasts ends now."""
        now = stamps.now()
        return [replace(one, end=now) if number in self._open else one for number, one in self._struck.items()]

    def violations(self) -> list[Violation]:
        """What our own checkers find so far."""
        within = (self.begun, stamps.now())
        return wrong(self.fleet.topology, self.executions(), self.claims(), self.turns(), self.strikes, within)

    def _wrong(self) -> bool:
        if not self.until_wrong or time.monotonic() - self._checked < CHECK_SECONDS:
            return False
        self._checked = time.monotonic()
        return bool(self.violations())

    def later(self, seconds: float, call: Callable[[], None]) -> None:
        """Have something done by this thread."""
        heapq.heappush(self._due, (time.monotonic() + seconds, next(self._order), call))

    def claims(self) -> list[Acquisition]:
        """All that the agents have logged."""
        return [
            claim for member in self.fleet.members for claim in acquisitions(member.unit, member.folder / "agent.log")
        ]

    def executions(self) -> list[Execution]:
        """All that the daemons have stamped."""
        claims = self.claims()
        return [item for member in self.fleet.members for item in executions(member.folder, claims)]

    def turns(self) -> list[Turn]:
        """When each signer's process was at it."""
        return [turn for member in self.fleet.members for turn in read(member.unit.duty, member.folder / "attempts")]

    def _warm_up(self) -> None:
        begun = stamps.now()
        self._work(time.monotonic() + WARM_SECONDS, lambda: self._all_signed(begun))
        if not self._all_signed(begun):
            raise TimeoutError(f"not every duty was signed for within {WARM_SECONDS:.0f} s; see {self.fleet.folder}")

    def _all_signed(self, since: int) -> bool:
        ends = [(member.unit.duty, stamps.last_end(member.folder / "stamps.jsonl")) for member in self.fleet.members]
        signed = {duty for duty, end in ends if end is not None and end > since}
        return signed == set(self.fleet.topology.duties)

    def _work(self, until: float, reached: Callable[[], bool]) -> None:
        looked = 0.0
        while time.monotonic() < until:
            self.fleet.tend()
            while self._due and self._due[0][0] <= time.monotonic():
                heapq.heappop(self._due)[2]()
            if time.monotonic() - looked > 0.5:
                looked = time.monotonic()
                if reached():
                    return
            time.sleep(TEND_SECONDS)

    def _strike(self, fault: Planned) -> None:
        kind = self.kinds[fault.kind]
        scene = Scene(fleet=self.fleet, chance=Random(f"{self.seed}/{fault.number}"), later=self.later)
        begin = stamps.now()
        struck = kind.make(scene)
        _say(f"{(begin - self.begun) / stamps.SECOND:7.1f} s  {fault.number:4}  {kind.name:18} {struck.told}")

        number = fault.number
        self._open.add(number)
        self._struck[number] = Strike(
            number=number,
            kind=kind.name,
            told=struck.told,
            begin=begin,
            end=begin,
            takes=tuple(struck.takes),
            hits=tuple(struck.hits),
        )

        def heal() -> None:
            struck.heal()
            close()

        def close() -> None:
            if not struck.over():
                self.later(OVER_SECONDS, close)
                return
            self._open.remove(number)
            self._struck[number] = replace(self._struck[number], end=stamps.now())

        self.later(fault.seconds, heal)


def keep(run: Run, folder: Path) -> None:
    """The run's faults, as lines beside the stamps."""
    with suppress(FileNotFoundError):
        (folder / "strikes.jsonl").unlink()
    for strike in run.strikes:
        stamps.append(folder / "strikes.jsonl", strike)


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)  # noqa: T201
