"""A duty as a reader sees it: by the server that is asked, which may be behind the others."""

# pyright: basic
# kazoo comes without types.
from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import NamedTuple

from kazoo.exceptions import NodeExistsError
from kazoo.protocol.states import ZnodeStat

from failover.model import Candidacy, Epoch, Holder, Orders, View
from failover.selector import paths, znodes
from failover.selector.base import LostError
from failover.selector.session import Session
from failover.selector.watched import Watched


async def read_view(source: Session | Watched, duty: str) -> View:
    """The whole of it. NoQuorumError; SelectorError for orders that can't be read."""
    holder, doubt, beat, names, orders, stop = await asyncio.gather(
        source.find(paths.holder(duty)),
        source.find(paths.doubt(duty)),
        source.stat(paths.beat(duty)),
        source.children(paths.candidates(duty)),
        source.find(paths.orders(duty)),
        source.find(paths.ALL_STOP),
    )
    candidates = await asyncio.gather(*(_candidacy(source, duty, name) for name in names))
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


async def _candidacy(source: Session | Watched, duty: str, name: str) -> Candidacy | None:
    found = await source.find(paths.candidate(duty, name))
    return znodes.read_candidacy(found[0]) if found else None


async def read_term(source: Session | Watched, duty: str) -> tuple[znodes.Term, int] | None:
    """The duty's term and its version; None where nobody ever held the duty."""
    found = await source.find(paths.term(duty))
    return (znodes.read_term(found[0]), found[1].version) if found else None


async def read_doubt(source: Session | Watched, duty: str) -> tuple[bool, int] | None:
    """Whether one stands, and its version; None before the duty's first claim."""
    found = await source.find(paths.doubt(duty))
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
    _, term, doubt, holder = await asyncio.gather(
        session.ask(lambda client: client.sync_async(paths.term(duty))),
        read_term(session, duty),
        read_doubt(session, duty),
        session.stat(paths.holder(duty)),
    )
    if term is None or doubt is None or holder is None:
        raise LostError(f"Nobody holds {duty}.")
    if doubt[0]:
        raise LostError(f"The holder of {duty} has been silent for long: somebody doubts that it lives.")
    return Current(term=term[1], doubt=doubt[1], epoch=epoch_of(holder))
