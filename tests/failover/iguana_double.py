"""Iguana's double as agents start it in tests: a family of processes, and notes of what it was told and answered.

`iguana_double.py API_PORT FOLDER [SECRET PLACE]`: writes `calls` (a line each), `pids` and `answers` there. With a
private key, a number, it plays whole rounds with a real node, and writes `signed` and `methods` too.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent))

from doubles.iguana import run
from doubles.iguana_api import Iguana
from doubles.iguana_daemons import Coin, Daemons
from doubles.iguana_rounds import Steady, in_background

API, FOLDER, ROUNDS = int(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:]
CALLS_A_SECOND = 10


def note(name: str, line: str) -> None:
    with (FOLDER / name).open("a") as file:
        file.write(line + "\n")


def began(source: Coin, _: Coin) -> None:
    """Calls of the smallest kind; or rounds, which need their time to import."""
    if not ROUNDS:
        told = lambda what, line: note("answers", json.dumps({what: line}))  # noqa: E731
        calls = Steady(daemons=iguana.daemons, coin=source, calls_a_second=CALLS_A_SECOND, param="00", told=told)
        return in_background(calls.run)
    from tests.failover.coins import Key
    from tests.failover.iguana_round import Round, asking, go_on

    ask = asking(Daemons(retries=(), note=lambda _, method: note("methods", method)), source)
    round_ = Round(ask, Key(int(ROUNDS[0])), int(ROUNDS[1]))
    return in_background(lambda: go_on(FOLDER, round_, ask, note, lambda: time.sleep(0.1)))


def answer(call: Any) -> str:
    if not isinstance(call, dict) or call.get("method") != "ipaddrs":
        note("calls", json.dumps(call))
    return iguana.answer(call)


iguana = Iguana(daemons=Daemons(retries=()), began=began, addcoin_seconds=0, wallets=not ROUNDS)
child = subprocess.Popen(["sleep", "600"])
# One that leaves group and session, and whose parent is gone: only its mark tells whose it is.
script = "setsid sleep 600 >/dev/null 2>&1 & echo $!"
stray = int(subprocess.run(["sh", "-c", script], stdout=subprocess.PIPE, check=True).stdout)
note("pids", json.dumps([os.getpid(), child.pid, stray]))
sys.stdout.write(f"my passphrase is {os.environ.get('TELL_TALE', '')}\n")
sys.stdout.flush()
run(API, answer)
