"""One question to one server, spoken by hand: who is refused, where, and who may read or write what.

kazoo would try again for ever and tell no reason, so this speaks the few frames itself, each within the deadline.
"""

from __future__ import annotations

import socket
import ssl
import struct
import time
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from kazoo.protocol.serialization import Connect, Create, GetData
from kazoo.security import CREATOR_ALL_ACL, OPEN_ACL_UNSAFE

from failover.access import Tls, secured

_CLOSE = struct.pack("!iii", 8, 1, -11)  # length, xid, type
_NO_NODE, _NO_AUTH, _NODE_EXISTS, _AUTH_REQUIRED = -101, -102, -110, -124


class Found(StrEnum):
    """How far the caller came, in this order."""

    UNREACHABLE = "unreachable"  # no TCP connection: refused or silent
    HANDSHAKE = "refused in the TLS handshake"
    CLOSED = "closed without a session"  # by a server without a quorum too, or one that does not speak TLS
    SILENT = "no answer"
    NO_AUTH = "no auth"
    NO_NODE = "no node"
    OK = "ok"


_ERRORS = {
    0: Found.OK,
    _NODE_EXISTS: Found.OK,  # it would have been made
    _NO_NODE: Found.NO_NODE,
    _NO_AUTH: Found.NO_AUTH,
    _AUTH_REQUIRED: Found.NO_AUTH,  # enforce.auth.enabled: no session without an identity
}


@dataclass(frozen=True)
class Answer:
    found: Found
    detail: str  # the error's own words
    seconds: float


class _EndedError(Exception):
    def __init__(self, found: Found, detail: object) -> None:
        super().__init__(str(detail))
        self.found = found


def ask(
    server: str,
    path: str,
    tls: Tls | None = None,
    *,
    name: str = "",
    create: bool = False,
    anonymous: bool = False,
    deadline_s: float = 3,
) -> Answer:
    """Connect once to "address:port" and read `path` (absolute: no chroot), or create it.

    `name` is the server's, for TLS; with `anonymous` no certificate of one's own is shown. Never raises for what the
    server or the network does; OSError for files of `tls` that can't be used.
    """
    context = secured(tls, anonymous=anonymous) if tls else None
    start = time.monotonic()
    try:
        found, detail = _talk(server, path, context, name, create, start + deadline_s)
    except _EndedError as ended:
        found, detail = ended.found, str(ended)
    return Answer(found, detail, time.monotonic() - start)


def _talk(
    server: str, path: str, context: ssl.SSLContext | None, name: str, create: bool, deadline: float
) -> tuple[Found, str]:
    address, _, port = server.rpartition(":")
    try:
        plain = socket.create_connection((address, int(port)), _left(deadline))
    except OSError as error:
        raise _EndedError(Found.UNREACHABLE, error) from None
    with plain as opened:
        connection = _secured(opened, context, name, deadline) if context else opened
        with connection:
            _exchange(connection, Connect(0, 0, 6000, 0, b"\0" * 16, False).serialize(), deadline)
            acl = CREATOR_ALL_ACL if context else OPEN_ACL_UNSAFE
            request: Any = Create(path, b"", acl, 0) if create else GetData(path, None)
            frame = struct.pack("!ii", 1, request.type) + bytes(request.serialize())
            error = struct.unpack_from("!iqi", _exchange(connection, frame, deadline))[2]
            connection.sendall(_CLOSE)
    return _ERRORS.get(error, Found.CLOSED), f"error {error}" if error else ""


def _secured(plain: socket.socket, context: ssl.SSLContext, name: str, deadline: float) -> ssl.SSLSocket:
    plain.settimeout(_left(deadline))
    try:
        return context.wrap_socket(plain, server_hostname=name or None)
    except TimeoutError as error:
        raise _EndedError(Found.SILENT, error) from None
    except OSError as error:
        raise _EndedError(_refusal(error), error) from None


def _exchange(connection: socket.socket, frame: bytes | bytearray, deadline: float) -> bytes:
    """Send one frame and receive one. In TLS 1.3 a server's refusal of a client's certificate only arrives here."""
    try:
        connection.settimeout(_left(deadline))
        connection.sendall(struct.pack("!i", len(frame)) + bytes(frame))
        length = struct.unpack("!i", _receive(connection, 4, deadline))[0]
        return _receive(connection, length, deadline)
    except TimeoutError as error:
        raise _EndedError(Found.SILENT, error) from None
    except OSError as error:
        raise _EndedError(_refusal(error), error) from None


def _refusal(error: OSError) -> Found:
    """An alert or a certificate refused here is TLS's own word; a reset or an end of file may have any cause."""
    said = isinstance(error, ssl.SSLError) and not isinstance(error, ssl.SSLEOFError)
    return Found.HANDSHAKE if said else Found.CLOSED


def _receive(connection: socket.socket, length: int, deadline: float) -> bytes:
    received = b""
    while len(received) < length:
        connection.settimeout(_left(deadline))
        chunk = connection.recv(length - len(received))
        if not chunk:
            raise _EndedError(Found.CLOSED, "closed by the server")
        received += chunk
    return received


def _left(deadline: float) -> float:
    return max(0.001, deadline - time.monotonic())
