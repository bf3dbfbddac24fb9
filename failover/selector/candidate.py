"""A candidate's side of a duty in ZooKeeper: plain conditional writes, none of kazoo's recipes, none of its flags."""

# pyright: basic
# kazoo comes without types.
from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import replace

from kazoo.client import TransactionRequest
from kazoo.exceptions import BadVersionError, NodeExistsError, NoNodeError
from kazoo.protocol.states import ZnodeStat

from config.failover import EnsembleAccess
from failover.access import Access, access_of
from failover.clock import Clock, boottime
from failover.model import Candidacy, Claim, View
from failover.selector import paths, znodes
from failover.selector.base import LostError, NoQuorumError, SelectorError, TakenError
from failover.selector.doubts import Doubts
from failover.selector.reading import beat_of, epoch_of, read_term, read_view
from failover.selector.session import Session, Sessions
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
        way = access_of(access)
        self._timeout_ms = way.session_timeout_ms
        self._term, self._holder = paths.term(duty), paths.holder(duty)
        self._held: tuple[Claim, Session] | None = None
        self._doubtful = False  # an acquisition had no answer: its holder may stand
        self._candidacy: Candidacy | None = None
        self._published: tuple[Session, bytes] | None = None
        self._acquiring, self._publishing = asyncio.Lock(), asyncio.Lock()
        self._mending: asyncio.Task[None] | None = None
        self._changes = 0  # of the connection, and of what is watched
        self._seen: tuple[Session, int, float, View] | None = None  # after how many changes it was asked for, and when
        self._doubts, self._sessions = Doubts(duty, candidate, clock), Sessions(way, self._told)

    def session(self) -> tuple[int, bytes]:
        """Id and password of the session, a secret: who has them can end it. NoQuorumError while there is none."""
        return self._sessions.current.credentials

    async def view(self) -> View:
        """As its server has it now; every change of it sets `changed`. NoQuorumError; SelectorError for bad orders.

        All of it is watched, and watches and answers come in order: where none has fired before the answer to one
        question, that server has nothing new. What was read long ago is read again all the same.
        """
        session, changes, now = self._sessions.current, self._changes, self._clock()
        if self._seen and self._seen[:2] == (session, changes) and now - self._seen[2] < RELOOK_SECONDS:
            beat = await session.stat(paths.beat(self._duty))
            if changes == self._changes:
                return replace(self._seen[3], beat=beat_of(beat))
            changes = self._changes
        found = await read_view(session, self._duty, watch=True)
        self._doubts.saw(session, found.doubt)
        self._seen = (session, changes, now, found)
        return found

    async def publish(self, candidacy: Candidacy) -> None:
        """Written where it differs from what this session has written. NoQuorumError."""
        self._candidacy = candidacy
        await self._publish(self._sessions.current)

    async def doubt(self) -> None:
        """NoQuorumError."""
        await self._doubts.cast(self._sessions.current)

    async def acquire(self) -> Claim:
        """Take the duty, in one transaction, which ends a doubt of the holder before. TakenError, NoQuorumError."""
        async with self._acquiring:
            session = self._sessions.current
            (before, version), holder, (doubt, doubted_at) = await asyncio.gather(
                self._known_term(session), session.stat(self._holder), self._doubts.known(session)
            )
            await self._give_up_stray(session, version, holder)
            self._doubtful, self._held = True, None
            try:
                taking = session.commit(lambda transaction: self._take(transaction, version, doubt))
                _, made = await asyncio.gather(taking, session.stat(self._holder))  # which is answered after it
            except (BadVersionError, NodeExistsError, NoNodeError):
                self._doubtful = False
                raise TakenError(f"{self._duty} was taken by another candidate just now.") from None
            epoch = self._own_epoch(session, made)
            term, clean = version + 1, before.clean
            claim = Claim(
                duty=self._duty, candidate=self._me, epoch=epoch, term=term, clean=clean, doubted_at=doubted_at
            )
            self._doubtful, self._held = False, (claim, session)
            return claim

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
            transaction.delete(self._holder)
            if clean:
                word = znodes.to_bytes(Term(candidate=self._me, clean=True))
                transaction.set_data(self._term, word, claim.term)

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

    def _take(self, transaction: TransactionRequest, version: int, doubt: int) -> None:
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

    async def _known_term(self, session: Session) -> tuple[Term, int]:
        """The term, made where it is missing: a duty that nobody held yet."""
        if session.connected and session.granted_ms < self._timeout_ms:
            raise SelectorError(
                f"The ensemble grants sessions of {session.granted_ms} ms, not of {self._timeout_ms} ms: a lease would "
                "be longer than its session; set its maxSessionTimeout."
            )
        try:
            return await read_term(session, self._duty)
        except NoNodeError:
            with suppress(NodeExistsError):
                await session.create(self._term, znodes.to_bytes(Term(candidate="", clean=True)))
        return await read_term(session, self._duty)

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

    async def _publish(self, session: Session) -> None:
        async with self._publishing:
            if self._candidacy is None:
                return
            data, path = znodes.to_bytes(self._candidacy), paths.candidate(self._duty, self._me)
            if self._published == (session, data):
                return
            try:
                await session.create(path, data, ephemeral=True)
            except NodeExistsError:
                await self._replace(session, path, data)
            self._published = (session, data)

    async def _replace(self, session: Session, path: str, data: bytes) -> None:
        """What an older session of this candidate left would go with that session, so it is made anew."""

        def build(transaction: TransactionRequest) -> None:
            transaction.delete(path)
            transaction.create(path, data, ephemeral=True)

        stat = await session.stat(path)
        try:
            if stat and stat.ephemeralOwner == session.credentials[0]:
                await session.ask(lambda client: client.set_async(path, data))
            else:
                await session.commit(build)
        except (NoNodeError, NodeExistsError):
            raise NoQuorumError(f"The candidacy of {self._me} changed meanwhile; publish it again.") from None

    # After a connection came or went

    def _told(self) -> None:
        self._changes += 1
        self.changed.set()
        if self._mending is None or self._mending.done():
            self._mending = asyncio.get_running_loop().create_task(self._mend())

    async def _mend(self) -> None:
        """Say again what a new session has not said, and give up what an acquisition without an answer left."""
        try:
            session = self._sessions.current
            if not session.connected:
                return
            await self._publish(session)
            async with self._acquiring:
                if self._doubtful:
                    (_, version), holder = await asyncio.gather(
                        read_term(session, self._duty), session.stat(self._holder)
                    )
                    await self._give_up_stray(session, version, holder)
                    self._doubtful = False
        except TakenError:
            self._doubtful = False
        except (SelectorError, NoNodeError):
            return  # the next change of the connection, or the next call, tries again
