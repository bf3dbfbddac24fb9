"""A candidate's side of beats and doubts: makes and ends them, and remembers since when it has seen one that stands."""

# pyright: basic
# kazoo comes without types.
from __future__ import annotations

import math
from contextlib import suppress

from kazoo.client import TransactionRequest
from kazoo.exceptions import BadVersionError, NoNodeError

from failover.clock import Clock
from failover.selector import paths, znodes
from failover.selector.reading import make_doubt, read_doubt
from failover.selector.session import Session
from failover.selector.watched import Watched
from failover.selector.znodes import Doubt
from failover.silence import Sighting


class Doubts:
    """Of one duty, for one candidate. A doubt is known by its version, and remembered within one session."""

    def __init__(self, duty: str, candidate: str, clock: Clock) -> None:
        self._duty, self._me, self._path = duty, candidate, paths.doubt(duty)
        self._seen = Sighting(clock)

    def saw(self, session: Session, standing: int | None) -> None:
        """After an answer: the version of the doubt that stands, if one does."""
        self._seen.saw(None if standing is None else (session, standing))

    async def known(self, watched: Watched) -> tuple[int, float]:
        """The version that a claim is to end, and since when this candidate sees that doubt; infinite without one."""
        stands, version = await read_doubt(watched, self._duty) or await make_doubt(watched.session, self._duty)
        self.saw(watched.session, version if stands else None)
        return version, self._seen.since

    async def cast(self, session: Session) -> None:
        """Unless one stands, or nobody holds the duty. NoQuorumError."""
        found = await read_doubt(session, self._duty)
        if found is None or found[0]:
            return

        def build(transaction: TransactionRequest) -> None:
            transaction.check(paths.holder(self._duty), -1)
            transaction.set_data(self._path, self._word(stands=True), found[1])

        with suppress(BadVersionError, NoNodeError):
            await session.commit(build)

    def begin(self, transaction: TransactionRequest, version: int) -> None:
        """With a claim, which ends the doubt of this version: a first beat."""
        self._beat(transaction)
        self._end(transaction, version)

    def beat(self, transaction: TransactionRequest) -> None:
        """With a confirmation: the holder lives, which ends a doubt that was seen to stand."""
        self._beat(transaction)
        if self._seen.since < math.inf:
            self._end(transaction, -1)

    def _beat(self, transaction: TransactionRequest) -> None:
        transaction.set_data(paths.beat(self._duty), b"")

    def _end(self, transaction: TransactionRequest, version: int) -> None:
        transaction.set_data(self._path, self._word(stands=False), version)

    def _word(self, *, stands: bool) -> bytes:
        return znodes.to_bytes(Doubt(candidate=self._me, stands=stands))
