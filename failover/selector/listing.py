"""What a candidate says of itself, for others to see: gone with its session."""

# pyright: basic
# kazoo comes without types.
from __future__ import annotations

import asyncio

from kazoo.client import TransactionRequest
from kazoo.exceptions import NodeExistsError, NoNodeError

from failover.model import Candidacy
from failover.selector import paths, znodes
from failover.selector.base import NoQuorumError
from failover.selector.session import Session


class Listing:
    """One candidate among a duty's: written where it differs from what this session has written."""

    def __init__(self, duty: str, candidate: str) -> None:
        self._me, self._path = candidate, paths.candidate(duty, candidate)
        self._candidacy: Candidacy | None = None
        self._written: tuple[Session, bytes] | None = None
        self._writing = asyncio.Lock()

    async def say(self, session: Session, candidacy: Candidacy) -> None:
        """NoQuorumError."""
        self._candidacy = candidacy
        await self.repeat(session)

    async def repeat(self, session: Session) -> None:
        """To a session that has not heard it. NoQuorumError."""
        async with self._writing:
            if self._candidacy is None:
                return
            data = znodes.to_bytes(self._candidacy)
            if self._written == (session, data):
                return
            try:
                await session.create(self._path, data, ephemeral=True)
            except NodeExistsError:
                await self._replace(session, data)
            self._written = (session, data)

    async def _replace(self, session: Session, data: bytes) -> None:
        """What an older session of this candidate left would go with that session, so it is made anew."""

        def build(transaction: TransactionRequest) -> None:
            transaction.delete(self._path)
            transaction.create(self._path, data, ephemeral=True)

        stat = await session.stat(self._path)
        try:
            if stat and stat.ephemeralOwner == session.credentials[0]:
                await session.ask(lambda client: client.set_async(self._path, data))
            else:
                await session.commit(build)
        except (NoNodeError, NodeExistsError):
            raise NoQuorumError(f"The candidacy of {self._me} changed meanwhile; publish it again.") from None
