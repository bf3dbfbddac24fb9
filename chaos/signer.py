"""Iguana's double: its API on loopback; once told to `dpow`, it signs on and on through each coin's RPC, until killed.

It holds no epoch and stops for no error: whatever keeps two of them apart is not in here. Only the standard library, so
that it starts fast. Its name in the stamps is its own for each start.
"""

from __future__ import annotations

import argparse
import base64
import http.client
import itertools
import json
import os
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

CALL_SECONDS = 20.0
THREADS_PER_COIN = 2


class Iguana:
    """Coins by symbol, and threads that sign for those that were told to."""

    def __init__(self, name: str, rate: float, ports: dict[str, str], attempts: str = os.devnull) -> None:
        """`rate`: calls a second and coin; `ports`: where a coin's RPC is until addcoin says otherwise.

        `attempts` gets a line for each call before it is made, whether it is let through or not.
        """
        self._attempts = os.open(attempts, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        self.name = f"{name}/{os.getpid()}/{time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1_000_000}"
        self._pause = THREADS_PER_COIN / rate
        self._rpc = dict(ports)
        self._login: dict[str, str] = {}
        self._signing: set[str] = set()
        self._lock = threading.Lock()

    def obey(self, call: dict[str, Any]) -> dict[str, Any]:
        """The answer to one call of Iguana's API."""
        method, coin = call.get("method"), str(call.get("newcoin") or call.get("symbol") or "")
        if method == "addcoin":
            self._rpc[coin] = str(call.get("rpchost") or self._rpc.get(coin, ""))
            self._login[coin] = str(call.get("userpass", ""))
        if method == "dpow":
            self._sign(coin)
        return {"result": "success", "tag": "", "active": 0, "rounds": [], "ipaddrs": []}

    def _sign(self, coin: str) -> None:
        with self._lock:
            if coin in self._signing or not self._rpc.get(coin):
                return
            self._signing.add(coin)
        for _ in range(THREADS_PER_COIN):
            threading.Thread(target=self._go_on, args=(coin,), daemon=True).start()

    def _go_on(self, coin: str) -> None:
        host, _, port = self._rpc[coin].rpartition(":")
        connection = http.client.HTTPConnection(host or "127.0.0.1", int(port), timeout=CALL_SECONDS)
        login = base64.b64encode(self._login.get(coin, "").encode()).decode()
        headers = {"Content-Type": "application/json", "Authorization": f"Basic {login}"}
        for number in itertools.count():
            began = time.monotonic()
            stamp = time.clock_gettime_ns(time.CLOCK_BOOTTIME)
            os.write(self._attempts, f"{self.name} {stamp}\n".encode())
            call = {"method": "signrawtransaction", "params": [self.name.encode().hex()], "id": number}
            try:
                connection.request("POST", "/", json.dumps(call), headers)
                connection.getresponse().read()
            except (OSError, http.client.HTTPException):
                connection.close()
            time.sleep(max(0.0, began + self._pause - time.monotonic()))


def server(iguana: Iguana, port: int) -> ThreadingHTTPServer:
    """Its API, not yet serving."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            try:
                call = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))) or b"{}")
                answer = iguana.obey(call)
            except ValueError:
                answer = {"error": "no JSON"}
            body = json.dumps(answer).encode()
            with suppress(ConnectionError):  # who asked did not wait
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Nothing: the stamps tell."""

    ThreadingHTTPServer.allow_reuse_address = True
    return ThreadingHTTPServer(("127.0.0.1", port), Handler)


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve until killed."""
    parser = argparse.ArgumentParser(prog="python -m chaos.signer", description=__doc__)
    parser.add_argument("--api-port", type=int, required=True)
    parser.add_argument("--name", required=True)
    parser.add_argument("--rate", type=float, default=50.0, help="signing calls a second and coin; default 50")
    parser.add_argument("--attempts", default=os.devnull, help="the file of all calls, let through or not")
    parser.add_argument("--rpc", action="append", default=[], metavar="COIN=HOST:PORT")
    asked = parser.parse_args(arguments)
    ports = dict(item.split("=", 1) for item in asked.rpc)
    server(Iguana(asked.name, asked.rate, ports, asked.attempts), asked.api_port).serve_forever()


if __name__ == "__main__":
    main()
