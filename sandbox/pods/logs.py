"""The kubelet's way to logs, as an API server asks for them: GET /containerLogs/NAMESPACE/POD/CONTAINER."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

Find = Callable[[str, str, str], str | None]  # a container's log by namespace, pod and container


@contextmanager
def serve_logs(sources: Sequence[Find], pki: Path) -> Iterator[int]:
    """Serve on a free port of loopback, which is given, with the certificate of an API server's folder.

    API servers don't check a kubelet's certificate unless they are told to.
    """

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            address = urlsplit(self.path)
            log = _find(sources, address.path)
            status = HTTPStatus.OK if log is not None else HTTPStatus.NOT_FOUND
            body = _tail(log or "", parse_qs(address.query)).encode()
            self.send_response(status)
            self.send_header("Content-Type", "text/plain")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *arguments: object) -> None:
            """Nothing: the supervisor's log is for what goes wrong."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pki / "server.crt", pki / "server.key")
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()


def _find(sources: Sequence[Find], path: str) -> str | None:
    parts = path.strip("/").split("/")
    if len(parts) != 4 or parts[0] != "containerLogs":
        return None
    found = (source(parts[1], parts[2], parts[3]) for source in sources)
    return next((log for log in found if log is not None), None)


def _tail(log: str, query: dict[str, list[str]]) -> str:
    """All of a log, or its last `tailLines`."""
    wanted = query.get("tailLines", [""])[0]
    lines = log.splitlines(keepends=True)
    return "".join(lines[-int(wanted) :] if wanted.isdecimal() and int(wanted) else [] if wanted == "0" else lines)
