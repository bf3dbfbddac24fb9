"""Mutual TLS from files that are renewed under way: each handshake uses what the files hold by then."""

from __future__ import annotations

import ssl
from pathlib import Path

from prometheus_client import Counter

from config.failover import TlsFiles
from failover.log import Log

_Marks = tuple[tuple[int, int, int], ...]


class Identity:
    """Whom one side trusts and what it shows, as a context that is made anew when a file has changed.

    Files that don't fit together (half of a renewal) change nothing: they are read again at the next handshake.
    `renewals` counts them by outcome, good or bad.
    """

    def __init__(self, files: TlsFiles, *, server: bool, log: Log, renewals: Counter | None = None) -> None:
        """Raises OSError (ssl.SSLError is one) where the files can't be used."""
        self._files, self._server, self._log, self._renewals = files, server, log, renewals
        self._used = self._marks()
        self._context = self._load()

    def context(self) -> ssl.SSLContext:
        """The newest that works."""
        try:
            marks = self._marks()
            if marks != self._used:
                self._context = self._load()
                self._used = marks
                self._count("good")
                self._log.say("certificates-renewed")
        except OSError as error:
            self._count("bad")
            self._log.say("certificates-unusable", reason=error.strerror or type(error).__name__)
        return self._context

    def listening(self) -> ssl.SSLContext:
        """A context for a listener: it stays, and hands each handshake over to the newest."""
        made = self._load()

        def renew(connection: ssl.SSLObject, _name: str | None, _context: ssl.SSLContext) -> None:
            connection.context = self.context()

        made.sni_callback = renew
        return made

    def _count(self, outcome: str) -> None:
        if self._renewals:
            self._renewals.labels(outcome).inc()

    def _marks(self) -> _Marks:
        paths = (self._files.authority_file, self._files.certificate_file, self._files.key_file)
        found = [Path(path).stat() for path in paths]
        return tuple((item.st_mtime_ns, item.st_ino, item.st_size) for item in found)

    def _load(self) -> ssl.SSLContext:
        made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER if self._server else ssl.PROTOCOL_TLS_CLIENT)
        made.minimum_version = ssl.TLSVersion.TLSv1_3
        made.verify_mode = ssl.CERT_REQUIRED
        if self._server:
            made.num_tickets = 0  # a resumed session would not be checked against renewed authorities
        made.load_verify_locations(self._files.authority_file)
        made.load_cert_chain(self._files.certificate_file, self._files.key_file)
        return made
