"""One question to somebody who may be slow: while it has no answer, nothing more is sent.

A daemon keeps each call that it can't answer yet in a thread or its queue, whether or not the caller still waits: asked
again and again while it looks through its chain, it would be full of such calls, and refuse the signer's.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

Answer = TypeVar("Answer")


class Question(Generic[Answer]):
    """Puts `ask` one at a time. `ask` has a limit of its own, so that a lost connection does not end all asking."""

    def __init__(self, ask: Callable[[], Awaitable[Answer]]) -> None:
        self._ask = ask
        self._asking: asyncio.Task[Answer] | None = None
        self._one_asker = asyncio.Lock()

    async def answer(self, seconds: float) -> Answer:
        """An answer to a question that was put from now on; TimeoutError without one, or what `ask` raises.

        One that was put earlier and has no answer yet is waited for first, in the same time.
        """
        async with asyncio.timeout(seconds), self._one_asker:
            if self._asking:
                await asyncio.wait({self._asking})
                _seen(self._asking)
            self._asking = asyncio.create_task(self._ask_once())
            return await asyncio.shield(self._asking)

    async def close(self) -> None:
        """Give up what has no answer yet."""
        if self._asking:
            self._asking.cancel()
            await asyncio.wait({self._asking})
            _seen(self._asking)

    async def _ask_once(self) -> Answer:
        return await self._ask()


def _seen(task: asyncio.Task[Answer]) -> None:
    """What came of a question whose asker has left: nobody wants it, and asyncio is not to complain of it."""
    if not task.cancelled():
        task.exception()
