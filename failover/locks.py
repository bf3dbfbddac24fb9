"""Soft locks: two shards of a notary, each with its own signer, don't spend one UTXO.

When a lock ends is told by no wall clock, and by no session's end either: an ephemeral znode goes while its owner, cut
off, still believes in it, and a signing call may be under way. So a lock is a persistent znode with a version:

- its owner counts from when it *sent* the last renewal that a quorum acknowledged, on its own clock;
- somebody else takes it after having seen one version unchanged for the whole time, and a hundredth more for clocks
  that drift, on *its* own clock, by a write on that version. It first saw the version after it was written, which was
  after it was sent: it always waits longer than the owner counts.

Every write holds only while the epoch of its writer is the duty's: who was deposed takes and renews nothing. Within one
epoch a lock is taken as often as one likes: a shard has one signer, which knows what it spends. What a crash left stays
until somebody wants the same resource.
"""

# pyright: basic
# kazoo comes without types.
from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace

from kazoo.client import TransactionRequest
from kazoo.exceptions import BadVersionError, NodeExistsError, NoNodeError

from config.failover import EnsembleAccess
from failover.access import Access, access_of
from failover.clock import Clock, boottime
from failover.model import Claim
from failover.selector import paths, znodes
from failover.selector.base import LostError, TakenError
from failover.selector.session import Session, Sessions

DRIFT = 1.01  # clocks of two machines: 500 ppm each is much


@dataclass(frozen=True, kw_only=True)
class SoftLock:
    """A resource is its owner's until `ends_at`, in seconds of the owner's clock."""

    claim: Claim
    resource: str
    ttl_seconds: float
    version: int
    sent_at: float

    @property
    def ends_at(self) -> float:
        """Whoever has not renewed it by then must not spend the resource."""
        return self.sent_at + self.ttl_seconds

    def held(self, now: float) -> bool:
        """Whether the resource may be spent."""
        return now < self.ends_at


class Locks:
    """Takes, renews and returns them. Make it in the loop that it is used in; OSError for TLS files of no use.

    All methods raise NoQuorumError without an answer in time; what was asked for may then be done, and may be asked for
    again.
    """

    def __init__(self, access: Access | EnsembleAccess, clock: Clock = boottime) -> None:
        self._clock = clock
        self._seen: dict[str, tuple[tuple[int, int], float]] = {}  # others' locks: czxid and version, since when
        self._sessions = Sessions(access_of(access))

    async def lock(self, claim: Claim, resource: str, ttl_seconds: float) -> SoftLock:
        """TakenError while another epoch has it, LostError when the claim is over.

        To take what a crashed owner left, ask again until its time is over: it counts from the first time asked.
        """
        session, path = self._sessions.current, paths.lock(resource)
        version = await self._free_version(session, claim, resource)
        data = _data(claim, ttl_seconds)

        def write(transaction: TransactionRequest) -> None:
            if version is None:
                transaction.create(path, data)
            else:
                transaction.set_data(path, data, version)

        if version is None:
            await session.make_parents(path)
        sent_at = self._clock()
        try:
            await _commit(session, claim, write)
        except (BadVersionError, NodeExistsError, NoNodeError):
            await self._require(session, claim)
            raise TakenError(f"{resource} was taken just now.") from None
        self._seen.pop(resource, None)
        made = 0 if version is None else version + 1
        return SoftLock(claim=claim, resource=resource, ttl_seconds=ttl_seconds, version=made, sent_at=sent_at)

    async def renew(self, lock: SoftLock) -> SoftLock:
        """The same for another `ttl_seconds`. LostError where it is over, or its claim is."""
        sent_at, path = self._clock(), paths.lock(lock.resource)
        if not lock.held(sent_at):
            raise LostError(f"The lock on {lock.resource} was not renewed in time.")
        data = _data(lock.claim, lock.ttl_seconds)
        try:
            await _commit(self._sessions.current, lock.claim, lambda write: write.set_data(path, data, lock.version))
        except (BadVersionError, NoNodeError):
            raise LostError(f"The lock on {lock.resource} is over.") from None
        return replace(lock, version=lock.version + 1, sent_at=sent_at)

    async def unlock(self, lock: SoftLock) -> None:
        """Return it at once; one that is over already is no error."""
        path = paths.lock(lock.resource)
        with suppress(BadVersionError, NoNodeError):
            await _commit(self._sessions.current, lock.claim, lambda write: write.delete(path, lock.version))

    async def close(self) -> None:
        """End the session; locks stay until their time is over."""
        await self._sessions.close()

    async def _free_version(self, session: Session, claim: Claim, resource: str) -> int | None:
        """The version that may be written over; None where there is no lock. TakenError."""
        found = await session.find(paths.lock(resource))
        if found is None:
            return None
        lock, stat = znodes.read_lock(found[0]), found[1]
        if lock is None:
            raise TakenError(f"The lock {paths.lock(resource)} can't be read; look who made it, and delete it.")
        if (lock.duty, lock.epoch) == (claim.duty, claim.epoch):
            return stat.version
        now, seen = self._clock(), (stat.czxid, stat.version)
        before, since = self._seen.get(resource, (None, now))
        if before != seen:
            self._seen[resource], since = (seen, now), now
        if now - since <= lock.ttl_ms / 1000 * DRIFT:
            raise TakenError(f"{resource} is held by {lock.duty} under epoch {lock.epoch}.")
        return stat.version

    async def _require(self, session: Session, claim: Claim) -> None:
        """LostError when the claim is over."""
        try:
            await _commit(session, claim, lambda _: None)
        except (BadVersionError, NoNodeError):
            raise LostError(f"Epoch {claim.epoch} of {claim.duty} is over.") from None


def _data(claim: Claim, ttl_seconds: float) -> bytes:
    return znodes.to_bytes(znodes.Lock(duty=claim.duty, epoch=claim.epoch, ttl_ms=round(ttl_seconds * 1000)))


async def _commit(session: Session, claim: Claim, write: Callable[[TransactionRequest], None]) -> None:
    def build(transaction: TransactionRequest) -> None:
        transaction.check(paths.term(claim.duty), claim.term)
        transaction.check(paths.holder(claim.duty), -1)
        write(transaction)

    await session.commit(build)
