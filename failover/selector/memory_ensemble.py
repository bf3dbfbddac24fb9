"""A whole ensemble in memory: what `memory`'s candidates, gates and operators share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from failover.clock import Clock
from failover.model import Candidacy, Holder, Orders, View
from failover.selector.base import LostError, TakenError


class Seat(NamedTuple):
    """Who holds a duty, and which session keeps it."""

    holder: Holder
    session: int


@dataclass(kw_only=True)
class Duty:
    """What is written of one duty. `version` and `clean` are the term's."""

    version: int = 0
    clean: bool = True
    seat: Seat | None = None
    beat: int = 0
    doubt: int = 0  # its version: odd while one stands
    candidates: dict[str, tuple[Candidacy, int]] = field(default_factory=dict[str, tuple[Candidacy, int]])
    orders: Orders = field(default_factory=Orders)


@dataclass(kw_only=True)
class Ensemble:
    """A whole ensemble that never fails: each method is one transaction. Seconds of its own clock."""

    clock: Clock
    session_timeout: float
    duties: dict[str, Duty] = field(default_factory=dict[str, Duty])
    stopped: bool = False
    zxid: int = 0
    sessions: dict[int, float] = field(default_factory=dict[int, float])  # when each was last heard of
    listeners: list[Callable[[], None]] = field(default_factory=list[Callable[[], None]])

    def duty(self, name: str) -> Duty:
        """Read or write it; sessions that are over have left it already."""
        self._expire()
        return self.duties.setdefault(name, Duty())

    def heard(self, session: int | None) -> int:
        """Renew a session, or begin one where there is none any more."""
        self._expire()
        if session is None or session not in self.sessions:
            session = self._next()
        self.sessions[session] = self.clock()
        return session

    def end(self, session: int) -> None:
        """A session is over or closed: what is ephemeral goes."""
        self.sessions.pop(session, None)
        for duty in self.duties.values():
            if duty.seat is not None and duty.seat.session == session:
                duty.seat = None
            duty.candidates = {name: one for name, one in duty.candidates.items() if one[1] != session}
        self.changed()

    def forget(self, session: int, seconds: float) -> None:
        """A follower fails and takes the last `seconds` of this session's renewals with it."""
        if session in self.sessions:
            self.sessions[session] -= seconds

    def fulfil(self, name: str, candidate: str) -> None:
        """An order to hand the duty over to this candidate is taken back."""
        duty = self.duty(name)
        if duty.orders.handover_to == candidate:
            duty.orders = replace(duty.orders, handover_to=None)
            self.changed()

    def take(self, name: str, candidate: str, session: int, version: int, doubt: int) -> None:
        """One multi: the next term and no doubt if they still are of these versions, and the holder. TakenError."""
        duty = self.duty(name)
        if (duty.version, duty.doubt) != (version, doubt) or duty.seat is not None:
            raise TakenError(f"{name} is held by somebody")
        duty.doubt, duty.beat = _ended(doubt), duty.beat + 1
        duty.version, duty.clean = version + 1, False
        duty.seat = Seat(holder=Holder(candidate=candidate, epoch=self._next()), session=session)
        self.changed()

    def check(self, name: str, version: int, doubt: int) -> None:
        """One multi: this term, no doubt since, and a holder. Raises LostError."""
        duty = self.duty(name)
        if (duty.version, duty.doubt) != (version, doubt) or duty.seat is None:
            raise LostError(f"term {version} of {name} is over, or in doubt")

    def beat(self, name: str, version: int) -> None:
        """One multi: this term and a holder, which lives. Raises LostError."""
        duty = self.duty(name)
        if duty.version != version or duty.seat is None:
            raise LostError(f"term {version} of {name} is over")
        duty.beat += 1
        if duty.doubt % 2:
            duty.doubt = _ended(duty.doubt)
            self.changed()

    def cast_doubt(self, name: str) -> None:
        """One multi: a holder, and a doubt."""
        duty = self.duty(name)
        if duty.seat is not None and not duty.doubt % 2:
            duty.doubt += 1
            self.changed()

    def leave(self, name: str, session: int, version: int, *, clean: bool) -> None:
        """The holder goes if it is the session's; with `clean`, the word is written in the same transaction."""
        duty = self.duty(name)
        if duty.seat is None or duty.seat.session != session or duty.version != version:
            return
        duty.seat = None
        if clean:
            duty.version, duty.clean = version + 1, True
        self.changed()

    def enlist(self, name: str, candidacy: Candidacy, session: int) -> None:
        """A candidate says what it is."""
        self.duty(name).candidates[candidacy.candidate] = candidacy, session
        self.changed()

    def view(self, name: str) -> View:
        """What a reader sees."""
        self._expire()
        return self.shown(name)

    def shown(self, name: str) -> View:
        """As it was left; what is over may still be there."""
        duty = self.duties.setdefault(name, Duty())
        candidates = tuple(one for one, _ in duty.candidates.values())
        return View(
            holder=duty.seat and duty.seat.holder,
            candidates=candidates,
            orders=duty.orders,
            all_stop=self.stopped,
            beat=duty.beat,
            doubt=duty.doubt if duty.doubt % 2 else None,
        )

    def changed(self) -> None:
        for listener in self.listeners:
            listener()

    def _expire(self) -> None:
        for session in [one for one, heard in self.sessions.items() if self.clock() - heard >= self.session_timeout]:
            self.end(session)

    def _next(self) -> int:
        self.zxid += 1
        return self.zxid


def _ended(doubt: int) -> int:
    return doubt + doubt % 2
