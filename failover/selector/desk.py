"""An operator's side: orders in znodes, which outlive every process."""

# pyright: basic
# kazoo comes without types.
from __future__ import annotations

import asyncio
from contextlib import suppress

from kazoo.exceptions import NodeExistsError, NoNodeError

from config.failover import EnsembleAccess
from failover.access import Access, access_of
from failover.model import Orders, View
from failover.selector import paths, znodes
from failover.selector.base import NoQuorumError
from failover.selector.reading import read_view
from failover.selector.session import Session, Sessions

CONNECT_SECONDS = 10.0


class ZooKeeperDesk:
    """`Desk` of a fleet. Make it in the loop that it is used in; OSError for TLS files of no use.

    Unlike an agent, a command waits for its connection; all methods raise NoQuorumError, and SelectorError where the
    ensemble refuses.
    """

    def __init__(self, access: Access | EnsembleAccess) -> None:
        self._news = asyncio.Event()
        self._sessions = Sessions(access_of(access), lambda _: self._news.set())

    async def orders(self, duty: str) -> Orders:
        """SelectorError for orders that can't be read; `give` replaces them."""
        found = await (await self._session()).find(paths.orders(duty))
        return znodes.read_orders(found[0]) if found else Orders()

    async def give(self, duty: str, orders: Orders) -> None:
        """All of them at once: what is not in them is taken back."""
        session, path, data = await self._session(), paths.orders(duty), znodes.to_bytes(orders)
        with suppress(NodeExistsError):
            await session.create(path, data)
            return
        await session.ask(lambda client: client.set_async(path, data))

    async def duties(self) -> tuple[str, ...]:
        """All that anybody was ever a candidate for, or that orders were given for."""
        return tuple(await (await self._session()).children(paths.DUTIES))

    async def look(self, duty: str) -> View:
        """As up to date as the ensemble is when it is asked."""
        session = await self._session()
        await session.ask(lambda client: client.sync_async(paths.DUTIES))
        return await read_view(session, duty)

    async def all_stop(self, stop: bool) -> None:
        """Stop every signer of the fleet, or let them start again; twice is once."""
        session = await self._session()
        if stop:
            with suppress(NodeExistsError):
                await session.create(paths.ALL_STOP, b"")
        else:
            with suppress(NoNodeError):
                await session.ask(lambda client: client.delete_async(paths.ALL_STOP))

    async def close(self) -> None:
        """End the session."""
        await self._sessions.close()

    async def _session(self) -> Session:
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                while not (session := self._sessions.current).connected:
                    self._news.clear()
                    await self._news.wait()
                return session
        except TimeoutError:
            raise NoQuorumError(f"No server of the ensemble let us in within {CONNECT_SECONDS:g} s.") from None
