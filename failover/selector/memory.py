"""An ensemble in memory, behind the same protocol: for tests, in virtual or in real time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import NamedTuple, TypeVar

from failover.clock import Clock
from failover.model import Candidacy, Claim, Confirmation, Epoch, Holder, Orders, View
from failover.selector.base import LostError, NoQuorumError, SelectorError, TakenError

Answer = TypeVar("Answer")


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

    def take(self, name: str, candidate: str, session: int, version: int) -> None:
        """One multi: the next term if it still is `version`, and the holder. Raises TakenError."""
        duty = self.duty(name)
        if duty.version != version or duty.seat is not None:
            raise TakenError(f"{name} is held by somebody")
        duty.version, duty.clean = version + 1, False
        duty.seat = Seat(holder=Holder(candidate=candidate, epoch=self._next()), session=session)
        self.changed()

    def check(self, name: str, version: int) -> None:
        """One multi: this term, and a holder. Raises LostError."""
        duty = self.duty(name)
        if duty.version != version or duty.seat is None:
            raise LostError(f"term {version} of {name} is over")

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
        duty = self.duty(name)
        candidates = tuple(one for one, _ in duty.candidates.values())
        return View(
            holder=duty.seat and duty.seat.holder, candidates=candidates, orders=duty.orders, all_stop=self.stopped
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


@dataclass(kw_only=True)
class Client:
    """One session with the ensemble, and what may happen on the way.

    `cut` loses all that is on the way. `way` is awaited before a request arrives and again before its answer does.
    """

    ensemble: Ensemble
    clock: Clock
    cut: bool = False
    way: Callable[[], Awaitable[None]] | None = None
    session: int | None = None

    async def ask(self, request: Callable[[int], Answer]) -> Answer:
        """One request and its answer. Raises NoQuorumError when either is lost, and what the request raises."""
        await self._pass()
        self.session = self.ensemble.heard(self.session)
        try:
            answer = request(self.session)
        except SelectorError:
            await self._pass()
            raise
        await self._pass()
        return answer

    async def _pass(self) -> None:
        if not self.cut and self.way is not None:
            await self.way()
        if self.cut:
            raise NoQuorumError("no answer from the ensemble")


class MemorySelector:
    """A candidate's side of one duty. One request at a time, as agents ask."""

    def __init__(self, client: Client, duty: str, candidate: str) -> None:
        self.client, self._duty, self._candidate = client, duty, candidate
        self.changed = asyncio.Event()
        client.ensemble.listeners.append(self.changed.set)

    async def view(self) -> View:
        return await self.client.ask(lambda _: self.client.ensemble.view(self._duty))

    async def publish(self, candidacy: Candidacy) -> None:
        await self.client.ask(lambda session: self.client.ensemble.enlist(self._duty, candidacy, session))

    async def acquire(self) -> Claim:
        ensemble, name = self.client.ensemble, self._duty
        version, clean = await self.client.ask(self._term)
        await self.client.ask(lambda session: ensemble.take(name, self._candidate, session, version))
        seat, session = await self.client.ask(lambda session: (ensemble.duty(name).seat, session))
        if seat is None or seat.session != session:
            raise TakenError(f"{name} was taken, and lost with the session")
        return Claim(duty=name, candidate=self._candidate, epoch=seat.holder.epoch, term=version + 1, clean=clean)

    async def confirm(self, claim: Claim) -> float:
        sent_at = self.client.clock()
        await self.client.ask(lambda _: self.client.ensemble.check(self._duty, claim.term))
        return sent_at

    async def release(self, claim: Claim, *, clean: bool) -> None:
        ensemble = self.client.ensemble
        await self.client.ask(lambda session: ensemble.leave(self._duty, session, claim.term, clean=clean))

    async def close(self) -> None:
        if self.client.session is not None:
            self.client.ensemble.end(self.client.session)
            self.client.session = None

    def _term(self, session: int) -> tuple[int, bool]:
        """The term as it is, once an earlier claim of this very session is given up."""
        duty = self.client.ensemble.duty(self._duty)
        if duty.seat is not None and duty.seat.session == session:
            self.client.ensemble.leave(self._duty, session, duty.version, clean=False)
        return duty.version, duty.clean


class MemoryVerifier:
    """A gate's side: the whole check once, then by the multi alone while the term lasts."""

    def __init__(self, client: Client) -> None:
        self.client, self._known = client, dict[str, tuple[int, Epoch]]()

    async def confirm_epoch(self, duty: str) -> Confirmation:
        ensemble = self.client.ensemble
        if duty in self._known:
            with suppress(LostError):  # another term may have begun
                return await self._confirm(duty, *self._known.pop(duty))
        version = await self.client.ask(lambda _: ensemble.duty(duty).version)
        seat = await self.client.ask(lambda _: ensemble.duty(duty).seat)
        if seat is None:
            raise LostError(f"nobody holds {duty}")
        return await self._confirm(duty, version, seat.holder.epoch)

    async def _confirm(self, duty: str, version: int, epoch: Epoch) -> Confirmation:
        sent_at = self.client.clock()
        await self.client.ask(lambda _: self.client.ensemble.check(duty, version))
        self._known[duty] = version, epoch
        return Confirmation(epoch=epoch, sent_at=sent_at)


class MemoryDesk:
    """An operator's side."""

    def __init__(self, ensemble: Ensemble) -> None:
        self._ensemble = ensemble

    async def orders(self, duty: str) -> Orders:
        return self._ensemble.duty(duty).orders

    async def give(self, duty: str, orders: Orders) -> None:
        self._ensemble.duty(duty).orders = orders
        self._ensemble.changed()

    async def duties(self) -> tuple[str, ...]:
        return tuple(self._ensemble.duties)

    async def look(self, duty: str) -> View:
        return self._ensemble.view(duty)

    async def all_stop(self, stop: bool) -> None:
        self._ensemble.stopped = stop
        self._ensemble.changed()
