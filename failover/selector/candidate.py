"""A candidate's side of a duty in ZooKeeper: plain conditional writes, none of kazoo's recipes, none of its flags."""

# pyright: basic
# kazoo comes without types.
from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import replace

from kazoo.client import TransactionRequest
from kazoo.exceptions import BadVersionError, NodeExistsError, NoNodeError
from kazoo.protocol.states import WatchedEvent, ZnodeStat

from config.failover import EnsembleAccess
from failover.access import Access, access_of
from failover.clock import Clock, boottime
from failover.model import Candidacy, Claim, View
from failover.selector import paths, znodes
from failover.selector.base import LostError, SelectorError, TakenError
from failover.selector.doubts import Doubts
from failover.selector.listing import Listing
from failover.selector.reading import beat_of, epoch_of, read_term, read_view
from failover.selector.session import Session, Sessions
from failover.selector.watched import Watched
from failover.selector.znodes import Term

RELOOK_SECONDS = 5.0


class ZooKeeperSelector:
    """`Selector` of one duty for one candidate. Make it in its loop; OSError for TLS files of no use.

    A claim lives and ends with the session that made it: after that session's end a new one is begun, the candidacy
    published again, and the old claim is lost, whatever still stands in the ensemble.
    """

    def __init__(self, access: Access | EnsembleAccess, duty: str, candidate: str, clock: Clock = boottime) -> None:
        self.changed = asyncio.Event()
        self._duty, self._me, self._clock = duty, candidate, clock
        self._term, self._holder = paths.term(duty), paths.holder(duty)
        self._held: tuple[Claim, Session] | None = None
        self._doubtful = False  # an acquisition had no answer: its holder may stand
        self._acquiring = asyncio.Lock()
        self._mending: asyncio.Task[None] | None = None
        self._watched: Watched | None = None
        self._seen: tuple[Watched, int, View] | None = None  # after how many changes it was asked for
        self._doubts, self._listing = Doubts(duty, candidate, clock), Listing(duty, candidate)
        self._sessions = Sessions(access_of(access), self._told)

    def session(self) -> tuple[int, bytes]:
        """Id and password of the session, a secret: who has them can end it. NoQuorumError while there is none."""
        return self._sessions.current.credentials

    async def view(self) -> View:
        """As its server has it now; every change of it sets `changed`. NoQuorumError; SelectorError for bad orders.

        All of it is watched: only what has changed is asked for, and the beat. What was read long ago is read again all
        the same. An acquisition will want the term, so that is at hand too.
        """
        watched = self._current()
        if self._seen and self._seen[:2] == (watched, watched.changes):
            beat = await watched.stat(paths.beat(self._duty))
            if self._seen[:2] == (watched, watched.changes):
                return replace(self._seen[2], beat=beat_of(beat))
        changes = watched.changes
        watched.news.clear()
        found, _ = await asyncio.gather(read_view(watched, self._duty), watched.find(self._term))
        self._doubts.saw(watched.session, found.doubt)
        self._seen = watched, changes, found
        return found

    @property
    def freed(self) -> bool:
        """Whether watches told that the holder has gone, and of nothing else that a view has, since the last one."""
        known = self._watched
        return known is not None and known.gone(self._holder) and known.news <= {self._holder, self._term}

    async def publish(self, candidacy: Candidacy) -> None:
        """Written where it differs from what this session has written. NoQuorumError."""
        await self._listing.say(self._sessions.current, candidacy)

    async def doubt(self) -> None:
        """NoQuorumError."""
        await self._doubts.cast(self._sessions.current)

    async def fulfil(self) -> None:
        """On the version that was read: an order that is given meanwhile stands. NoQuorumError, SelectorError."""
        session, path = self._sessions.current, paths.orders(self._duty)
        found = await session.find(path)
        orders = znodes.read_orders(found[0]) if found else None
        if found is None or orders is None or orders.handover_to != self._me:
            return
        data, version = znodes.to_bytes(replace(orders, handover_to=None)), found[1].version
        with suppress(BadVersionError, NoNodeError):
            await session.ask(lambda client: client.set_async(path, data, version))

    async def acquire(self) -> Claim:
        """Take the duty, in one transaction, which ends a doubt of the holder before. TakenError, NoQuorumError.

        The transaction proves what is remembered, or guessed: where that is what stands, nothing is asked before.
        """
        async with self._acquiring:
            for _ in range(2):
                try:
                    return await self._take(self._current())
                except (BadVersionError, NodeExistsError, NoNodeError):
                    self._doubtful, self._watched = False, None
            raise TakenError(f"{self._duty} was taken by another candidate just now.")

    async def confirm(self, claim: Claim) -> float:
        """When the transaction was handed over that a quorum committed, a beat. LostError, NoQuorumError.

        A read would not do: a server that is cut off still answers it. Another session than the claim's would not do
        either: its confirmations don't keep the claim alive.
        """
        session = self._sessions.current
        if self._held is None or self._held != (claim, session):
            raise LostError(f"The session that epoch {claim.epoch} of {self._duty} belonged to has ended.")
        sent_at = self._clock()
        try:
            await session.commit(lambda transaction: self._beat(transaction, claim))
        except (BadVersionError, NoNodeError):
            raise LostError(f"Epoch {claim.epoch} of {self._duty} is over.") from None
        return sent_at

    async def release(self, claim: Claim, *, clean: bool) -> None:
        """Delete the holder, if it is this claim's; with `clean`, and the word. NoQuorumError: ask again."""

        def build(transaction: TransactionRequest) -> None:
            self._check(transaction, claim)
            if clean:  # first: whoever hears that the holder has gone has heard of the word
                word = znodes.to_bytes(Term(candidate=self._me, clean=True))
                transaction.set_data(self._term, word, claim.term)
            transaction.delete(self._holder)

        with suppress(BadVersionError, NoNodeError):  # it is over already
            await self._sessions.current.commit(build)
        if self._held and self._held[0] == claim:
            self._held = None

    async def close(self) -> None:
        """End the session: holder and candidacy go at once, if there is a connection."""
        if self._mending:
            self._mending.cancel()
        await self._sessions.close()

    # Steps

    async def _take(self, watched: Watched) -> Claim:
        """Raises the error of the step that failed: nothing is taken then."""
        session = watched.session
        session.insist()
        version, holder, (doubt, doubted_at) = await asyncio.gather(
            self._version(watched), self._stands(watched), self._doubts.known(watched)
        )
        await self._give_up_stray(session, version, holder)
        self._doubtful, self._held = True, None
        # Sent in this order: the word as it stands before, and the holder as it stands after.
        (word, stat), _, made = await asyncio.gather(
            session.get(self._term),
            session.commit(lambda transaction: self._seize(transaction, version, doubt)),
            session.stat(self._holder),
        )
        clean = stat.version == version and znodes.read_term(word).clean
        epoch, term = self._own_epoch(session, made), version + 1
        claim = Claim(
            duty=self._duty, candidate=self._me, epoch=epoch, term=term, clean=clean, doubted_at=doubted_at
        )  # fmt: skip
        self._doubtful, self._held = False, (claim, session)
        return claim

    def _seize(self, transaction: TransactionRequest, version: int, doubt: int) -> None:
        transaction.set_data(self._term, znodes.to_bytes(Term(candidate=self._me, clean=False)), version)
        transaction.create(self._holder, znodes.holder_to_bytes(self._me), ephemeral=True)
        self._doubts.begin(transaction, doubt)

    def _beat(self, transaction: TransactionRequest, claim: Claim) -> None:
        self._check(transaction, claim)
        self._doubts.beat(transaction)

    def _check(self, transaction: TransactionRequest, claim: Claim) -> None:
        """Only the claim's own acquisition made a holder in its term."""
        transaction.check(self._term, claim.term)
        transaction.check(self._holder, -1)

    def _current(self) -> Watched:
        """Of the session that is. What was read long ago is read again all the same. NoQuorumError without one."""
        session, now = self._sessions.current, self._clock()
        known = self._watched
        if known is None or known.session is not session or now - known.since >= RELOOK_SECONDS:
            known = self._watched = Watched(session, now)
        return known

    async def _stands(self, watched: Watched) -> ZnodeStat | None:
        found = None if watched.gone(self._holder) else await watched.find(self._holder)
        return found and found[1]

    async def _version(self, watched: Watched) -> int:
        """The term's, which is made where it is missing: a duty that nobody held yet."""
        if watched.gone(self._holder) and (known := watched.version(self._term)) is not None:
            return known
        if found := await read_term(watched, self._duty):
            return found[1]
        with suppress(NodeExistsError):
            await watched.session.create(self._term, znodes.to_bytes(Term(candidate="", clean=True)))
        return (await watched.session.get(self._term))[1].version

    async def _give_up_stray(self, session: Session, version: int, holder: ZnodeStat | None) -> None:
        """Delete a holder that this session made and nobody knows of; TakenError for anybody else's."""
        if holder is None:
            return
        if holder.ephemeralOwner != session.credentials[0]:
            raise TakenError(f"{self._duty} is held under epoch {epoch_of(holder)}.")

        def build(transaction: TransactionRequest) -> None:
            transaction.check(self._term, version)
            transaction.delete(self._holder)

        try:
            await session.commit(build)
        except (BadVersionError, NoNodeError):
            raise TakenError(f"{self._duty} changed hands just now.") from None

    def _own_epoch(self, session: Session, holder: ZnodeStat | None) -> int:
        """Read where it was written, so that it is what was written, or what came later."""
        if holder is None or holder.ephemeralOwner != session.credentials[0]:
            self._doubtful = False
            raise TakenError(f"{self._duty} was taken and lost again at once.")
        return epoch_of(holder)

    # After a connection came or went

    def _told(self, event: WatchedEvent | None) -> None:
        if event is None or event.path != self._term:  # the word comes right before the news that it is about
            self.changed.set()
        if event is not None:
            if self._watched:
                self._watched.fired(event)
            return
        self._watched = None
        if self._mending is None or self._mending.done():
            self._mending = asyncio.get_running_loop().create_task(self._mend())

    async def _mend(self) -> None:
        """Say again what a new session has not said, and give up what an acquisition without an answer left."""
        try:
            session = self._sessions.current
            if not session.connected:
                return
            await self._listing.repeat(session)
            async with self._acquiring:
                if self._doubtful:
                    term, holder = await asyncio.gather(read_term(session, self._duty), session.stat(self._holder))
                    if term:
                        await self._give_up_stray(session, term[1], holder)
                    self._doubtful = False
        except TakenError:
            self._doubtful = False
        except SelectorError:
            return  # the next change of the connection, or the next call, tries again
