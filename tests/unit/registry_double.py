"""A double of an image registry on loopback: it answers HEAD for manifests by digest, and may want a token first."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

TOKEN = "good-for-pulling"


@dataclass
class Registry:
    """What the double holds: `manifests` by `repository@digest`, how it lets in, and what it was asked."""

    host: str = ""
    manifests: set[str] = field(default_factory=set)
    login: str = ""  # Basic credentials that its token service wants
    tokens: bool = False
    status: int = 0  # an answer for everything
    tells: str = ""  # a digest that it tells for everything
    realm: str = ""
    asked: list[tuple[str, str, str]] = field(default_factory=list)


class Handler(BaseHTTPRequestHandler):
    """Answers from what a double holds."""

    held: Registry

    def do_HEAD(self) -> None:
        held = self.held
        self._note()
        _, _, rest = self.path.partition("/v2/")
        repository, _, digest = rest.partition("/manifests/")
        if held.tokens and self.headers.get("Authorization") != f"Bearer {TOKEN}":
            realm = held.realm or f"http://{held.host}/token"
            self._answer(401, {"WWW-Authenticate": f'Bearer realm="{realm}",service="double"'})
        elif held.login and not held.tokens and self.headers.get("Authorization") != f"Basic {held.login}":
            self._answer(401, {"WWW-Authenticate": 'Basic realm="double"'})
        elif held.status:
            self._answer(held.status, {})
        elif f"{repository}@{digest}" not in held.manifests or "oci.image.index" not in self.headers["Accept"]:
            self._answer(404, {})
        else:
            self._answer(200, {"Docker-Content-Digest": held.tells or digest})

    def do_GET(self) -> None:
        self._note()
        allowed = not self.held.login or self.headers.get("Authorization") == f"Basic {self.held.login}"
        self._answer(200 if allowed else 401, {}, json.dumps({"token": TOKEN}) if allowed else "{}")

    def _note(self) -> None:
        self.held.asked.append((self.command, self.path, self.headers.get("Authorization", "")))

    def _answer(self, status: int, headers: dict[str, str], body: str = "") -> None:
        self.send_response(status)
        for key, value in headers.items():
            self.send_header(key, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, format: str, *args: object) -> None:
        del format, args


@contextmanager
def registry() -> Iterator[Registry]:
    """A running double."""
    held = Registry()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Bound", (Handler,), {"held": held}))
    held.host = f"127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield held
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
