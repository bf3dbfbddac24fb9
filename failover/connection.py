"""kazoo as we need it: short connects, no request kept for later, one session for each client, TLS from files.

As it comes, kazoo may wait the whole session timeout for a host that is away, keeps requests until there is a
connection again, and goes on with another session after one has expired. patroni/dcs/zookeeper.py has the first cures.
"""

# pyright: basic
# kazoo comes without types.
from __future__ import annotations

import errno
import logging
import random
import socket
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from kazoo.client import CLOSED_STATES, KazooClient
from kazoo.exceptions import KazooException
from kazoo.handlers.threading import SequentialThreadingHandler
from kazoo.protocol.connection import _CONNECTION_DROP, ConnectionHandler
from kazoo.protocol.serialization import Connect
from kazoo.protocol.states import KeeperState
from kazoo.retry import KazooRetry
from kazoo.security import ACL, OPEN_ACL_UNSAFE, make_acl

from config.failover import EnsembleAccess

logging.getLogger("kazoo").setLevel(logging.CRITICAL)  # who asks is told of lost connections; it logs passwords below


class NotSent(KazooException):
    """The request was refused here, before anything was sent: it certainly had no effect."""


@dataclass(frozen=True, kw_only=True)
class Tls:
    """PEM files. With `check_hostname` the server's certificate must bear the name by which it is configured."""

    ca: str
    cert: str
    key: str
    check_hostname: bool = False


@dataclass(frozen=True, kw_only=True)
class Access:
    """How to reach an ensemble. `servers` maps names to "address:port"; `identities` are the x509 names that may do
    everything with the znodes made (none: anyone may)."""

    servers: Mapping[str, str]
    tls: Tls | None = None
    chroot: str = ""
    session_timeout_ms: int = 6000
    connect_timeout_ms: int = 500  # for each of: TCP connect, each flight of the TLS handshake
    reply_timeout_ms: int = 1000  # until the connection is taken for dead, and the next server is tried
    retry_ms: int = 50  # between two rounds through all servers
    identities: tuple[str, ...] = ()

    def acl(self) -> list[ACL]:
        """Of all that is made."""
        made = [make_acl("x509", name, all=True) for name in self.identities]
        return made or list(OPEN_ACL_UNSAFE)


def access_of(ensemble: EnsembleAccess | Access) -> Access:
    """The way to an ensemble as the configuration has it: names, which are resolved at each connect."""
    if isinstance(ensemble, Access):
        return ensemble
    return Access(
        servers={host.rpartition(":")[0]: host for host in ensemble.hosts},
        tls=Tls(
            ca=ensemble.authority_file,
            cert=ensemble.certificate_file,
            key=ensemble.key_file,
            check_hostname=True,
        ),
        chroot=ensemble.chroot,
        session_timeout_ms=ensemble.session_timeout_ms,
        reply_timeout_ms=min(1000, ensemble.session_timeout_ms // 4),
        identities=(ensemble.identity,),
    )


def secured(tls: Tls, *, anonymous: bool = False) -> ssl.SSLContext:
    """Trusts this authority only (kazoo alone would trust the machine's as well). OSError for files of no use."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = tls.check_hostname
    context.load_verify_locations(tls.ca)
    if not anonymous:
        context.load_cert_chain(tls.cert, tls.key)
    return context


class _Handler(SequentialThreadingHandler):
    def __init__(self, access: Access) -> None:
        super().__init__()
        self._access = access

    def create_connection(self, address: tuple[str, int], hostname: str | None = None, **_: Any) -> socket.socket:
        """Of kazoo's options only the address and the name: its timeout is the session's, and files are read anew."""
        made = socket.create_connection(address, self._access.connect_timeout_ms / 1000)
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        tls = self._access.tls
        return secured(tls).wrap_socket(made, server_hostname=hostname) if tls else made

    def select(self, *args: Any, **options: Any) -> Any:
        try:
            return super().select(*args, **options)
        except (TypeError, ValueError) as error:  # a socket closed meanwhile: the loop would end for ever
            raise OSError(errno.EBADF, str(error)) from None


class _Connection(ConnectionHandler):
    def __init__(
        self, client: KazooClient, retry: KazooRetry, access: Access, order: random.Random, told: Callable[[str], None]
    ) -> None:
        super().__init__(client, retry, logger=client.logger)
        self._access, self._order, self._told = access, order, told
        self._tried = ""

    def _expand_client_hosts(self) -> list[tuple[str, str, int]]:
        hosts = [(name, *_endpoint(at)) for name, at in sorted(self._access.servers.items())]
        self._order.shuffle(hosts)
        return sorted(hosts, key=lambda host: host[0] == self._tried)  # the one just lost comes last

    def _invoke(self, timeout: float, request: Any, xid: int | None = None) -> Any:
        """Only while connecting. A new session is a write of its own, over more hops than the handshake before it."""
        patience = max(self._access.reply_timeout_ms, self._access.connect_timeout_ms) / 1000
        found = super()._invoke(min(timeout, patience), request, xid)
        if found and isinstance(request, Connect):
            self.client.granted_ms = found[0].time_out  # before anybody is told of the connection
        return found

    def _connect(self, host: str, hostip: str, port: int) -> Any:
        self._tried = host
        found = super()._connect(host, hostip, port)
        self._told(host)
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
        handler = _Handler(access)
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
