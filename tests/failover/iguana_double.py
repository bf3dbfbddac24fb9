"""Iguana's double: its API on loopback, a family of processes, and signing calls once `dpow` was said.

`iguana_double.py API_PORT RPC_PORT FOLDER [SECRET PLACE]`: writes `calls` (a line each), `pids` and `answers` there.
With a private key, a number, it plays whole rounds with a real node, and writes `signed` and `methods` too.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

API, RPC, FOLDER = int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3])


def note(name: str, line: str) -> None:
    with (FOLDER / name).open("a") as file:
        file.write(line + "\n")


def play() -> None:
    """Rounds; what they need takes its time to import."""
    from tests.failover.coins import Key
    from tests.failover.iguana_round import Round, caller, go_on

    ask = caller(RPC, "loopback:loopback", lambda method: note("methods", method))
    go_on(FOLDER, Round(ask, Key(int(sys.argv[4])), int(sys.argv[5])), ask, note, lambda: time.sleep(0.1))


def sign() -> None:
    body = json.dumps({"id": 7, "method": "signrawtransaction", "params": ["00"]}).encode()
    while True:
        try:
            request = urllib.request.Request(f"http://127.0.0.1:{RPC}/", body, {"Content-Type": "application/json"})
            with urllib.request.urlopen(request, timeout=30) as answer:
                note("answers", answer.read().decode())
        except urllib.error.HTTPError as error:
            note("answers", error.read().decode())
        except Exception as error:
            note("answers", repr(error))
        time.sleep(0.1)


class Api(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        call = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        answer: object = {"result": "success"}
        if call["method"] == "ipaddrs":
            answer = []
        else:
            note("calls", json.dumps(call))
        if call["method"] == "dpow":
            threading.Thread(target=play if len(sys.argv) > 4 else sign, daemon=True).start()
        data = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:
        pass


server = ThreadingHTTPServer(("127.0.0.1", API), Api)
child = subprocess.Popen(["sleep", "600"])
# One that leaves group and session, and whose parent is gone: only its mark tells whose it is.
script = "setsid sleep 600 >/dev/null 2>&1 & echo $!"
stray = int(subprocess.run(["sh", "-c", script], stdout=subprocess.PIPE, check=True).stdout)
note("pids", json.dumps([os.getpid(), child.pid, stray]))
sys.stdout.write(f"my passphrase is {os.environ.get('TELL_TALE', '')}\n")
sys.stdout.flush()
server.serve_forever()
