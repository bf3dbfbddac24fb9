"""A duty as a reader sees it: by the server that is asked, which may be behind the others."""

# pyright: basic
# kazoo comes without types.
from __future__ import annotations

import asyncio

from kazoo.exceptions import NoNodeError
from kazoo.protocol.states import ZnodeStat

from failover.model import Candidacy, Epoch, Holder, Orders, View
from failover.selector import paths, znodes
from failover.selector.session import Session


async def read_view(session: Session, duty: str, *, watch: bool = False) -> View:
    """The whole of it. NoQuorumError; SelectorError for orders that can't be read."""
    holder, names, orders, stop = await asyncio.gather(
        session.find(paths.holder(duty), watch=watch),
        session.children(paths.candidates(duty), watch=watch),
        session.find(paths.orders(duty), watch=watch),
        session.stat(paths.ALL_STOP, watch=watch),
    )
    candidates = await asyncio.gather(*(_candidacy(session, duty, name, watch) for name in names))
    return View(
        holder=Holder(candidate=znodes.read_holder(holder[0]), epoch=epoch_of(holder[1])) if holder else None,
        candidates=tuple(item for item in candidates if item),
        orders=znodes.read_orders(orders[0]) if orders else Orders(),
        all_stop=stop is not None,
    )


def epoch_of(holder: ZnodeStat) -> Epoch:
    """The number of the transaction that made it, which grows over all that the ensemble ever does."""
    return holder.czxid


async def _candidacy(session: Session, duty: str, name: str, watch: bool) -> Candidacy | None:
    found = await session.find(paths.candidate(duty, name), watch=watch)
    return znodes.read_candidacy(found[0]) if found else None


async def read_term(session: Session, duty: str) -> tuple[znodes.Term, int]:
    """The duty's term and its version. NoNodeError where nobody ever held the duty."""
    data, stat = await session.get(paths.term(duty))
    return znodes.read_term(data), stat.version


async def current_epoch(session: Session, duty: str) -> tuple[int, int] | None:
    """The term's version and the epoch that a transaction on that version may prove; None where nobody holds the duty.

    Asked in this order, in one session: its answers come in order too, so the holder is that of this version or of a
    later one, which the transaction then refuses.
    """
    try:
        (_, version), holder = await asyncio.gather(read_term(session, duty), session.stat(paths.holder(duty)))
    except NoNodeError:
        return None
    return (version, epoch_of(holder)) if holder else None
