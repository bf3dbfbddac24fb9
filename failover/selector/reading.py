"""A duty as a reader sees it: by the server that is asked, which may be behind the others."""

# pyright: basic
# kazoo comes without types.
from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import NamedTuple

from kazoo.exceptions import NodeExistsError, NoNodeError
from kazoo.protocol.states import ZnodeStat

from failover.model import Candidacy, Epoch, Holder, Orders, View
from failover.selector import paths, znodes
from failover.selector.base import LostError
from failover.selector.session import Session


async def read_view(session: Session, duty: str, *, watch: bool = False) -> View:
    """The whole of it. NoQuorumError; SelectorError for orders that can't be read."""
    holder, doubt, beat, names, orders, stop = await asyncio.gather(
        session.find(paths.holder(duty), watch=watch),
        session.find(paths.doubt(duty), watch=watch),
        session.stat(paths.beat(duty)),
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
        beat=beat_of(beat),
        doubt=doubt[1].version if doubt and znodes.read_doubt(doubt[0]) else None,
    )


def epoch_of(holder: ZnodeStat) -> Epoch:
    """The number of the transaction that made it, which grows over all that the ensemble ever does."""
    return holder.czxid


def beat_of(beat: ZnodeStat | None) -> int | None:
    """What changes with each of the holder's confirmations."""
    return beat.version if beat else None


async def _candidacy(session: Session, duty: str, name: str, watch: bool) -> Candidacy | None:
    found = await session.find(paths.candidate(duty, name), watch=watch)
    return znodes.read_candidacy(found[0]) if found else None


async def read_term(session: Session, duty: str) -> tuple[znodes.Term, int]:
    """The duty's term and its version. NoNodeError where nobody ever held the duty."""
    data, stat = await session.get(paths.term(duty))
    return znodes.read_term(data), stat.version


async def read_doubt(session: Session, duty: str) -> tuple[bool, int] | None:
    """Whether one stands, and its version; None before the duty's first claim."""
    found = await session.find(paths.doubt(duty))
    return (znodes.read_doubt(found[0]), found[1].version) if found else None


async def make_doubt(session: Session, duty: str) -> tuple[bool, int]:
    """Where it is missing, with what beats: both before anybody needs them. What is there then."""
    word = znodes.to_bytes(znodes.Doubt(candidate="", stands=False))
    for path, data in ((paths.beat(duty), b""), (paths.doubt(duty), word)):
        with suppress(NodeExistsError):
            await session.create(path, data)
    data, stat = await session.get(paths.doubt(duty))
    return znodes.read_doubt(data), stat.version


class Current(NamedTuple):
    """The versions of a duty's term and doubt, and the epoch that a transaction on them may prove."""

    term: int
    doubt: int
    epoch: Epoch


async def current_epoch(session: Session, duty: str) -> Current:
    """LostError where nobody holds the duty, or its holder is in doubt.

    Asked in this order, in one session: its answers come in order too, so the holder is that of this version or of a
    later one, which the transaction then refuses. The server catches up first: who has just taken the duty must not be
    refused because it has not heard of it.
    """
    try:
        _, (_, term), doubt, holder = await asyncio.gather(
            session.ask(lambda client: client.sync_async(paths.term(duty))),
            read_term(session, duty),
            read_doubt(session, duty),
            session.stat(paths.holder(duty)),
        )
    except NoNodeError:
        holder = doubt = None
    if holder is None or doubt is None:
        raise LostError(f"Nobody holds {duty}.")
    if doubt[0]:
        raise LostError(f"The holder of {duty} has been silent for long: somebody doubts that it lives.")
    return Current(term=term, doubt=doubt[1], epoch=epoch_of(holder))
