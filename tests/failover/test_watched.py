"""What is remembered until a watch fires: without servers."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any, cast

from kazoo.protocol.states import EventType, WatchedEvent

from failover.selector.session import Session
from failover.selector.watched import Watched


class Server:
    """Stands for a session: answers with what it has, and may be interrupted by an event first."""

    def __init__(self) -> None:
        self.version, self.asked = 4, 0
        self.interrupt = lambda: None

    async def find(self, _: str, *, watch: bool) -> Any:
        assert watch
        self.asked += 1
        answer = b"data", SimpleNamespace(version=self.version)
        await asyncio.sleep(0)
        self.interrupt()
        return answer


def _event(kind: str, path: str = "/term") -> WatchedEvent:
    return WatchedEvent(kind, "CONNECTED", path)


def _known() -> tuple[Server, Watched]:
    server = Server()
    watched = Watched(cast("Session", server), since=0.0)
    asyncio.run(watched.find("/term"))
    return server, watched


def test_an_answer_is_asked_for_again_only_once_its_own_watch_has_fired() -> None:
    server, watched = _known()
    asyncio.run(watched.find("/term"))
    watched.fired(_event(EventType.CHANGED, "/other"))
    asyncio.run(watched.find("/term"))
    assert server.asked == 1
    watched.fired(_event(EventType.CHANGED))
    asyncio.run(watched.find("/term"))
    assert server.asked == 2


def test_an_answer_that_a_change_overtook_is_not_remembered() -> None:
    server, watched = _known()
    watched.fired(_event(EventType.CHANGED))
    server.interrupt = lambda: watched.fired(_event(EventType.CHANGED))
    asyncio.run(watched.find("/term"))
    server.interrupt = lambda: None
    asyncio.run(watched.find("/term"))
    assert server.asked == 3


def test_a_version_is_guessed_from_the_one_change_that_was_told() -> None:
    server, watched = _known()
    assert watched.version("/term") == 4
    watched.fired(_event(EventType.CHANGED))
    assert watched.version("/term") == 5
    server.version = 9
    asyncio.run(watched.find("/term"))
    assert watched.version("/term") == 9
    assert watched.version("/never asked") is None


def test_what_has_gone_is_gone_until_it_is_asked_for() -> None:
    _, watched = _known()
    assert not watched.gone("/term")
    watched.fired(_event(EventType.DELETED))
    assert watched.gone("/term")
    asyncio.run(watched.find("/term"))
    assert not watched.gone("/term")
