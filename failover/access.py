"""The way to an ensemble: its servers, TLS from files, how long to wait for whom."""

# pyright: basic
# kazoo comes without types.
from __future__ import annotations

import ssl
from collections.abc import Mapping
from dataclasses import dataclass

from kazoo.security import ACL, OPEN_ACL_UNSAFE, make_acl

from config.failover import EnsembleAccess, servers_in


@dataclass(frozen=True, kw_only=True)
class Tls:
    """PEM files. With `check_hostname` the server's certificate must bear the name by which it is configured."""

    ca: str
    cert: str
    key: str
    check_hostname: bool = False


@dataclass(frozen=True, kw_only=True)
class Access:
    """How to reach an ensemble. `servers` maps names to "address:port", as `servers_file` had them, if there is one;
    `identities` are the x509 names that may do everything with the znodes made (none: anyone may)."""

    servers: Mapping[str, str]
    servers_file: str = ""
    tls: Tls | None = None
    chroot: str = ""
    session_timeout_ms: int = 6000
    connect_timeout_ms: int = 500  # for each of: TCP connect, each flight of the TLS handshake
    attempt_delay_ms: int = 250  # until the next server is tried beside one that hangs; RFC 8305, 8
    reply_timeout_ms: int = 1000  # until the connection is taken for dead, and the next server is tried
    retry_ms: int = 50  # between two rounds through all servers
    identities: tuple[str, ...] = ()

    def current_servers(self) -> Mapping[str, str]:
        """As the file has them now; as they were known at first where it is of no use."""
        try:
            return servers_in(self.servers_file) if self.servers_file else self.servers
        except OSError:
            return self.servers

    def acl(self) -> list[ACL]:
        """Of all that is made."""
        made = [make_acl("x509", name, all=True) for name in self.identities]
        return made or list(OPEN_ACL_UNSAFE)


def access_of(ensemble: EnsembleAccess | Access) -> Access:
    """The way to an ensemble as the configuration has it; names are resolved at each connect. OSError: no servers."""
    if isinstance(ensemble, Access):
        return ensemble
    return Access(
        servers=servers_in(ensemble.servers_file),
        servers_file=ensemble.servers_file,
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
