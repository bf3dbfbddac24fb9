"""A gate's side: which epoch is a duty's, by a transaction that a quorum commits."""

# pyright: basic
# kazoo comes without types.
from __future__ import annotations

from kazoo.client import TransactionRequest
from kazoo.exceptions import BadVersionError, NoNodeError

from config.failover import EnsembleAccess
from failover.access import Access, access_of
from failover.clock import Clock, boottime
from failover.model import Confirmation
from failover.selector import paths
from failover.selector.base import NoQuorumError
from failover.selector.reading import Current, current_epoch
from failover.selector.session import Sessions


class ZooKeeperVerifier:
    """`Verifier` of any duty. Make it in the loop that it is used in; OSError for TLS files of no use."""

    def __init__(self, access: Access | EnsembleAccess, clock: Clock = boottime) -> None:
        self._clock = clock
        self._known: dict[str, Current] = {}
        self._sessions = Sessions(access_of(access))

    async def confirm_epoch(self, duty: str) -> Confirmation:
        """Versions never come again, so what is known is proved by the transaction alone."""
        if known := self._known.get(duty):
            if found := await self._prove(duty, known):
                return found
            del self._known[duty]
        known = await current_epoch(self._sessions.current, duty)
        found = await self._prove(duty, known)
        if found is None:
            raise NoQuorumError(f"{duty} changed hands while it was asked for.")
        self._known[duty] = known
        return found

    async def close(self) -> None:
        """End the session."""
        await self._sessions.close()

    async def _prove(self, duty: str, known: Current) -> Confirmation | None:
        """None where a quorum says that this term is over, its holder gone or in doubt."""

        def build(transaction: TransactionRequest) -> None:
            transaction.check(paths.term(duty), known.term)
            transaction.check(paths.doubt(duty), known.doubt)
            transaction.check(paths.holder(duty), -1)

        session, sent_at = self._sessions.current, self._clock()
        try:
            await session.commit(build)
        except (BadVersionError, NoNodeError):
            return None
        return Confirmation(epoch=known.epoch, sent_at=sent_at)
