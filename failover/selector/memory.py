"""An ensemble in memory, behind the same protocol: for tests, in virtual or in real time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TypeVar

from failover.clock import Clock
from failover.model import Candidacy, Claim, Confirmation, Epoch, Orders, View
from failover.selector.base import LostError, NoQuorumError, SelectorError, TakenError
from failover.selector.memory_ensemble import Ensemble
from failover.silence import Sighting

Answer = TypeVar("Answer")


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
        self._doubt = Sighting(client.clock)
        self.freed, self._seen = False, client.ensemble.view(duty)
        client.ensemble.listeners.append(self._told)

    async def view(self) -> View:
        found = await self.client.ask(lambda _: self.client.ensemble.view(self._duty))
        self._doubt.saw(found.doubt)
        self.freed, self._seen = False, found
        return found

    async def publish(self, candidacy: Candidacy) -> None:
        await self.client.ask(lambda session: self.client.ensemble.enlist(self._duty, candidacy, session))

    async def fulfil(self) -> None:
        await self.client.ask(lambda _: self.client.ensemble.fulfil(self._duty, self._candidate))

    async def acquire(self) -> Claim:
        ensemble, name = self.client.ensemble, self._duty
        version, clean, doubt = await self.client.ask(self._term)
        self._doubt.saw(doubt if doubt % 2 else None)
        doubted_at = self._doubt.since
        await self.client.ask(lambda session: ensemble.take(name, self._candidate, session, version, doubt))
        seat, session = await self.client.ask(lambda session: (ensemble.duty(name).seat, session))
        if seat is None or seat.session != session:
            raise TakenError(f"{name} was taken, and lost with the session")
        epoch, term = seat.holder.epoch, version + 1
        return Claim(duty=name, candidate=self._candidate, epoch=epoch, term=term, clean=clean, doubted_at=doubted_at)

    async def confirm(self, claim: Claim) -> float:
        sent_at = self.client.clock()
        await self.client.ask(lambda _: self.client.ensemble.beat(self._duty, claim.term))
        return sent_at

    async def release(self, claim: Claim, *, clean: bool) -> None:
        ensemble = self.client.ensemble
        await self.client.ask(lambda session: ensemble.leave(self._duty, session, claim.term, clean=clean))

    async def close(self) -> None:
        if self.client.session is not None:
            self.client.ensemble.end(self.client.session)
            self.client.session = None

    async def doubt(self) -> None:
        await self.client.ask(lambda _: self.client.ensemble.cast_doubt(self._duty))

    def _told(self) -> None:
        now = self.client.ensemble.shown(self._duty)
        alike = replace(self._seen, holder=None, beat=now.beat, doubt=now.doubt) == now
        self.freed = alike and self._seen.holder is not None and not self.client.cut
        self.changed.set()

    def _term(self, session: int) -> tuple[int, bool, int]:
        """The term and the doubt as they are, once an earlier claim of this very session is given up."""
        duty = self.client.ensemble.duty(self._duty)
        if duty.seat is not None and duty.seat.session == session:
            self.client.ensemble.leave(self._duty, session, duty.version, clean=False)
        return duty.version, duty.clean, duty.doubt


class MemoryVerifier:
    """A gate's side: the whole check once, then by the multi alone while the term lasts."""

    def __init__(self, client: Client) -> None:
        self.client, self._known = client, dict[str, tuple[int, int, Epoch]]()

    async def confirm_epoch(self, duty: str) -> Confirmation:
        ensemble = self.client.ensemble
        if duty in self._known:
            with suppress(LostError):  # another term may have begun
                return await self._confirm(duty, *self._known.pop(duty))
        version, doubt = await self.client.ask(lambda _: (ensemble.duty(duty).version, ensemble.duty(duty).doubt))
        seat = await self.client.ask(lambda _: ensemble.duty(duty).seat)
        if seat is None:
            raise LostError(f"nobody holds {duty}")
        if doubt % 2:
            raise LostError(f"the holder of {duty} is in doubt")
        return await self._confirm(duty, version, doubt, seat.holder.epoch)

    async def _confirm(self, duty: str, version: int, doubt: int, epoch: Epoch) -> Confirmation:
        sent_at = self.client.clock()
        await self.client.ask(lambda _: self.client.ensemble.check(duty, version, doubt))
        self._known[duty] = version, doubt, epoch
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
