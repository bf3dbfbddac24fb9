"""What a gate asks, and in which order: without servers."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any, cast
from unittest.mock import patch

from failover.selector.reading import current_epoch
from failover.selector.session import Session
from failover.selector.znodes import Doubt, Term, to_bytes

ANSWERS = {
    "/duties/d/term": (to_bytes(Term(candidate="one", clean=False)), SimpleNamespace(version=4)),
    "/duties/d/doubt": (to_bytes(Doubt(candidate="", stands=False)), SimpleNamespace(version=2)),
    "/duties/d/holder": SimpleNamespace(czxid=77),
}


class Wire:
    """Stands for kazoo's client: notes what is sent, and when."""

    def __init__(self) -> None:
        self.sent: list[str] = []

    def _send(self, path: str, **_: object) -> str:
        self.sent.append(path)
        return path

    sync_async = get_async = exists_async = _send


def test_the_term_is_asked_for_before_the_holder() -> None:
    """The other way round an old epoch may be paired with the next term (`READ_EPOCH_FIRST` in models/failover.pml)."""
    wire = Wire()

    async def ask(_: Session, send: Any) -> Any:
        path = send(wire)
        await asyncio.sleep(0)
        return ANSWERS.get(path)

    with patch.object(Session, "ask", ask):
        found = asyncio.run(current_epoch(cast("Session", Session.__new__(Session)), "d"))
    assert (found.term, found.doubt, found.epoch) == (4, 2, 77)
    assert wire.sent == ["/duties/d/term", "/duties/d/term", "/duties/d/doubt", "/duties/d/holder"], "sync comes first"
