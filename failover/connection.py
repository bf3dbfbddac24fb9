"""kazoo as we need it: short connects, no request kept for later, one session for each client, TLS from files.

As it comes, kazoo may wait the whole session timeout for a host that is away, keeps requests until there is a
connection again, and goes on with another session after one has expired. patroni/dcs/zookeeper.py has the first cures.
"""

# pyright: basic
# kazoo comes without types.
from __future__ import annotations

import logging
import random
from collections.abc import Callable
from typing import Any

from kazoo.client import CLOSED_STATES, KazooClient
from kazoo.exceptions import KazooException
from kazoo.protocol.connection import _CONNECTION_DROP, ConnectionHandler
from kazoo.protocol.serialization import Connect
from kazoo.protocol.states import KeeperState
from kazoo.retry import KazooRetry

from failover.access import Access, secured
from failover.handler import Handler

logging.getLogger("kazoo").setLevel(logging.CRITICAL)  # who asks is told of lost connections; it logs passwords below


class NotSent(KazooException):
    """The request was refused here, before anything was sent: it certainly had no effect."""


class _Connection(ConnectionHandler):
    def __init__(
        self, client: KazooClient, retry: KazooRetry, access: Access, order: random.Random, told: Callable[[str], None]
    ) -> None:
        super().__init__(client, retry, logger=client.logger)
        self._access, self._order, self._told = access, order, told

    def _expand_client_hosts(self) -> list[tuple[str, str, int]]:
        servers = [(name, *_endpoint(at)) for name, at in sorted(self._access.current_servers().items())]
        self._order.shuffle(servers)
        self.handler.servers = servers
        return servers

    def _invoke(self, timeout: float, request: Any, xid: int | None = None) -> Any:
        """Only while connecting. A new session is a write of its own, over more hops than the handshake before it."""
        patience = max(self._access.reply_timeout_ms, self._access.connect_timeout_ms) / 1000
        found = super()._invoke(min(timeout, patience), request, xid)
        if found and isinstance(request, Connect):
            self.client.granted_ms = found[0].time_out  # before anybody is told of the connection
        return found

    def _connect(self, host: str, hostip: str, port: int) -> Any:
        found = super()._connect(host, hostip, port)
        self._told(self.handler.reached)
        return found


class Client(KazooClient):
    """A client of one ensemble, not yet started, for one session: it has ended when that has.

    `told` is called with a server's name at each connection to it. `resume` is the id and password of a session that is
    to go on. OSError for TLS files of no use.
    """

    granted_ms = 0  # the session's timeout as the ensemble has it: its limits may be narrower than what was asked for
    over = False  # the session has ended, or kazoo gave up for good: then only a new client helps
    acknowledged = False  # a server said that the session has ended

    def __init__(
        self,
        access: Access,
        order: random.Random,
        told: Callable[[str], None] = lambda _: None,
        resume: tuple[int, bytes] | None = None,
    ) -> None:
        if access.tls:
            secured(access.tls)  # a file that is missing would look like a server that is away
        handler = Handler(access)
        delay = access.retry_ms / 1000
        retry = KazooRetry(max_tries=-1, delay=delay, max_delay=delay, max_jitter=0.2, sleep_func=handler.sleep_func)
        self.heard: Callable[[], None] = lambda: None  # called in kazoo's threads at every change; must not block
        super().__init__(
            hosts=",".join(access.servers.values()) + access.chroot,
            timeout=access.session_timeout_ms / 1000,
            client_id=resume,
            handler=handler,
            default_acl=access.acl(),
            connection_retry=retry,
        )
        again = retry.copy()
        again.interrupt = self._stopped.is_set
        self._connection = _Connection(self, again, access, order, told)

    def _call(self, request: Any, async_object: Any) -> Any:
        if self._state != KeeperState.CONNECTED:
            async_object.set_exception(NotSent(str(self._state)))
            return False
        return super()._call(request, async_object)

    def _session_callback(self, state: Any) -> None:
        """In kazoo's thread, which would go on with another session: ephemerals and order hold for one only."""
        if state in CLOSED_STATES:
            self.acknowledged |= state == KeeperState.EXPIRED_SESSION or self._state == KeeperState.CONNECTED
            self.over = True
            self._stopped.set()
        super()._session_callback(state)
        self.heard()

    def end(self) -> bool:
        """End the session; whether a server said so. Blocks: for 10 s and more where a server is silent."""
        try:
            self.stop()
            self._safe_close()
            self.close()
        except KazooException:
            return False
        return self.acknowledged

    def drop(self) -> None:
        """Give this connection up and go on with the next server; requests in flight end as ConnectionLoss."""
        if self.connected:
            super()._call(_CONNECTION_DROP, self.handler.async_result())

    def wait(self, seconds: float) -> bool:
        """Whether there is a connection within this time."""
        return bool(self._live.wait(seconds))

    @property
    def session(self) -> str | None:
        known = self.client_id
        return hex(known[0]) if known and known[0] else None


def _endpoint(at: str) -> tuple[str, int]:
    address, _, port = at.rpartition(":")
    return address, int(port)
