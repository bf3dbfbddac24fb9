"""What watches keep true: answers that need not be asked for again until something fires."""

# pyright: basic
# kazoo comes without types.
from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from kazoo.protocol.states import EventType, WatchedEvent

from failover.selector.session import Session


class Watched:
    """One session's answers, each remembered until its watch fires: it is read like the session itself.

    Watches and answers come in order on a connection. So once a question that is asked now has its answer, what is
    remembered is what that server has. For one connection only: what happened between two is told late.
    """

    def __init__(self, session: Session, since: float) -> None:
        self.session, self.since = session, since
        self.changes = 0
        self.news: set[str] = set()  # paths that have fired since this was last emptied
        self._answers: dict[str, Any] = {}
        self._past: dict[str, Any] = {}  # answers whose watches have fired
        self._gone: set[str] = set()

    def fired(self, event: WatchedEvent) -> None:
        """What a watch has told."""
        self.changes += 1
        self.news.add(event.path)
        if event.path in self._answers:
            self._past[event.path] = self._answers.pop(event.path)
        if event.type == EventType.DELETED:
            self._gone.add(event.path)

    def gone(self, path: str) -> bool:
        """Whether that is the last that was heard of it."""
        return path in self._gone

    def version(self, path: str) -> int | None:
        """As it is, or as one change since has made it: a guess, for a transaction to prove. None: not known."""
        if found := self._answers.get(path):
            return found[1].version
        past = self._past.get(path)
        return past[1].version + 1 if past else None

    async def find(self, path: str) -> tuple[bytes, Any] | None:
        """As a session's."""
        return await self._known(path, lambda: self.session.find(path, watch=True))

    async def children(self, path: str) -> list[str]:
        """As a session's."""
        return await self._known(path, lambda: self.session.children(path, watch=True))

    async def stat(self, path: str) -> Any:
        """Asked each time: not watched."""
        return await self.session.stat(path)

    async def _known(self, path: str, ask: Callable[[], Coroutine[None, None, Any]]) -> Any:
        if path in self._answers:
            return self._answers[path]
        changes = self.changes
        self._gone.discard(path)
        answer = await ask()
        if changes == self.changes:  # or it may be about this very path, and older than what fired
            self._answers[path] = answer
        return answer
