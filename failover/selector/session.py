"""Sessions with the ensemble: requests with deadlines, handed from asyncio to kazoo's threads and back."""

# pyright: basic
# kazoo comes without types.
from __future__ import annotations

import asyncio
import random
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from kazoo import exceptions
from kazoo.client import TransactionRequest
from kazoo.exceptions import BadVersionError, KazooException, NodeExistsError, NoNodeError
from kazoo.protocol.states import WatchedEvent

from failover.access import Access
from failover.connection import Client, NotSent
from failover.selector import paths
from failover.selector.base import NoQuorumError, SelectorError

RENEW_SECONDS = 0.1  # from a session's end to the next one: a client that ends at once must not keep the processor busy
_ANSWERS = (NoNodeError, BadVersionError, NodeExistsError)
_NO_ANSWER = (
    NotSent,
    exceptions.ConnectionLoss,
    exceptions.ConnectionClosedError,
    exceptions.OperationTimeoutError,
    exceptions.SessionExpiredError,
    exceptions.SessionMovedError,
    RuntimeError,  # kazoo's, for an answer to another question
)
_ASIDE = (exceptions.RolledBackError, exceptions.RuntimeInconsistency)  # of steps beside the one that failed


class Session:
    """One session, of one kazoo client. What must be read or written in order is asked of one and the same.

    What it asks raises NoQuorumError without an answer in time, SelectorError where the ensemble refuses, and kazoo's
    NoNodeError, BadVersionError and NodeExistsError, which are answers. Nothing is ever sent later.
    """

    def __init__(self, access: Access, told: Callable[[WatchedEvent | None], None]) -> None:
        """`told` is called in the loop when a watch fires; with None when the connection has changed.

        OSError for files.
        """
        self._loop, self._told = asyncio.get_running_loop(), told
        self._timeout_ms = access.session_timeout_ms
        self._reply_s = access.reply_timeout_ms / 1000
        self._client = Client(access, random.Random())
        self._client.heard = self.notice
        self._client.start_async()

    @property
    def over(self) -> bool:
        """Whether it has ended for good, or its client has."""
        return self._client.over

    @property
    def connected(self) -> bool:
        """What kazoo thinks: good to begin something, never to rely on."""
        return self._client.connected

    def insist(self) -> None:
        """SelectorError where the ensemble grants less time than was asked for: a lease would outlast the session."""
        granted_ms = self._client.granted_ms
        if self.connected and granted_ms < self._timeout_ms:
            raise SelectorError(
                f"The ensemble grants sessions of {granted_ms} ms, not of {self._timeout_ms} ms: a lease would "
                "be longer than its session; set its maxSessionTimeout."
            )

    @property
    def credentials(self) -> tuple[int, bytes]:
        """Id and password, a secret. NoQuorumError while there is no connection."""
        number, password = self._client.client_id or (None, None)
        if not number or not password:
            raise NoQuorumError("There is no session with the ensemble.")
        return number, password

    def notice(self, event: WatchedEvent | None = None) -> None:
        """Called from kazoo's threads; a watch of its own, which kazoo keeps once for each path."""
        with suppress(RuntimeError):  # the loop has ended
            self._loop.call_soon_threadsafe(self._told, event)

    async def ask(self, send: Callable[[Client], Any]) -> Any:
        """The answer to one request; `send` hands it to kazoo and returns its IAsyncResult."""
        answer: asyncio.Future[Any] = self._loop.create_future()

        def arrived(result: Any) -> None:
            with suppress(RuntimeError):
                self._loop.call_soon_threadsafe(_settle, answer, result)

        send(self._client).rawlink(arrived)
        try:
            async with asyncio.timeout(self._reply_s):
                return await answer
        except TimeoutError:
            self._client.drop()  # kazoo alone would stay with a server that is silent, as long as it is asked
            raise NoQuorumError(f"The ensemble gave no answer within {self._reply_s:g} s.") from None
        except Exception as error:
            raise _understood(error) from None

    async def commit(self, build: Callable[[TransactionRequest], None]) -> None:
        """All steps or none, by a quorum; raises the error of the step that failed."""

        def send(client: Client) -> Any:
            transaction = client.transaction()
            build(transaction)
            return transaction.commit_async()

        for found in await self.ask(send):
            if isinstance(found, Exception) and not isinstance(found, _ASIDE):
                raise _understood(found)

    async def get(self, path: str) -> tuple[bytes, Any]:
        """Data and stat, as the server that is asked has them. NoNodeError."""
        return await self.ask(lambda client: client.get_async(path))

    async def stat(self, path: str, *, watch: bool = False) -> Any:
        """None where there is no such znode."""
        return await self.ask(lambda client: client.exists_async(path, watch=self.notice if watch else None))

    async def find(self, path: str, *, watch: bool = False) -> tuple[bytes, Any] | None:
        """As `get`; None where there is no such znode. With `watch`, its coming, changing and going are told once."""
        if not watch:
            return await self._got(path)  # sent at once, in no task of its own: who asks several counts on their order
        # Answers come in the order of the questions: what comes or goes between these two is told.
        _, found = await asyncio.gather(self.stat(path, watch=True), self._got(path))
        return found

    async def children(self, path: str, *, watch: bool = False) -> list[str]:
        """Their names in order; none where the folder is missing."""
        try:
            found = await self.ask(lambda client: client.get_children_async(path, watch=self.notice if watch else None))
        except NoNodeError:
            # What is missing can be watched by this question alone; it may have come meanwhile.
            return await self.children(path, watch=True) if watch and await self.stat(path, watch=True) else []
        return sorted(found)

    async def create(self, path: str, data: bytes, *, ephemeral: bool = False) -> None:
        """With the folders above it where they are missing. NodeExistsError."""
        send: Callable[[Client], Any] = lambda client: client.create_async(path, data, ephemeral=ephemeral)  # noqa: E731
        try:
            await self.ask(send)
        except NoNodeError:
            await self.make_parents(path)
            await self.ask(send)

    async def make_parents(self, path: str) -> None:
        """The folders above a path, where they are missing."""
        for folder in paths.parents(path):
            with suppress(NodeExistsError):
                await self.ask(lambda client, folder=folder: client.create_async(folder, b""))

    async def _got(self, path: str) -> tuple[bytes, Any] | None:
        with suppress(NoNodeError):
            return await self.get(path)
        return None

    async def end(self) -> None:
        """End it; returns when the ensemble said so, or after the time of one answer."""
        done = asyncio.Event()

        def work() -> None:
            self._client.end()
            with suppress(RuntimeError):
                self._loop.call_soon_threadsafe(done.set)

        threading.Thread(target=work, name="session end", daemon=True).start()  # it may take long: nobody waits for it
        with suppress(TimeoutError):
            async with asyncio.timeout(self._reply_s):
                await done.wait()


class Sessions:
    """The session that is, and after its end the next one."""

    def __init__(self, access: Access, told: Callable[[WatchedEvent | None], None] = lambda _: None) -> None:
        """`told` is called in the loop as a session's is, whichever it is. OSError for TLS files of no use."""
        self._access, self._told = access, told
        self._loop = asyncio.get_running_loop()
        self._closed = False
        self._ended: Session | None = None
        self._last = Session(access, self._check)
        self._ends: set[asyncio.Task[None]] = set()

    @property
    def current(self) -> Session:
        """NoQuorumError between two sessions."""
        if self._closed or self._last.over:
            raise NoQuorumError("There is no session with the ensemble.")
        return self._last

    async def close(self) -> None:
        """End the session."""
        self._closed = True
        await self._last.end()

    def _check(self, event: WatchedEvent | None) -> None:
        if self._last.over and self._last is not self._ended and not self._closed:
            self._ended = self._last
            self._forget(self._last)
            self._loop.call_later(RENEW_SECONDS, self._renew, self._last)
        self._told(event)

    def _renew(self, old: Session) -> None:
        if self._closed or self._last is not old:
            return
        try:
            self._last = Session(self._access, self._check)
        except OSError:  # a certificate that is being changed
            self._loop.call_later(RENEW_SECONDS, self._renew, old)

    def _forget(self, old: Session) -> None:
        task = self._loop.create_task(old.end())
        self._ends.add(task)
        task.add_done_callback(self._ends.discard)


def _settle(answer: asyncio.Future[Any], result: Any) -> None:
    if answer.done():
        return
    if result.exception is not None:
        answer.set_exception(result.exception)
    else:
        answer.set_result(result.value)


def _understood(error: Exception) -> Exception:
    if isinstance(error, _ANSWERS):
        return error
    if isinstance(error, _NO_ANSWER):
        return NoQuorumError(f"The ensemble gave no answer: {type(error).__name__}.")
    if isinstance(error, KazooException):
        return SelectorError(f"The ensemble refuses: {type(error).__name__}.")
    return error
