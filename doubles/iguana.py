"""Iguana's double as a program: `python -m doubles.iguana --api-port PORT`, or by its file.

Once told to `dpow` it plays rounds; with `--rate` it makes signing calls in their place, each with its name as the
parameter, in hex. It holds no epoch and stops for no error: whatever keeps two of them apart is not in here. It has the
standard library alone, so that it starts fast, and ends as Iguana does: killed, or with a segmentation fault.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

if not __package__:  # run by its file, as `python -I -S` has to
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from doubles.iguana_api import ADDCOIN_SECONDS, Iguana
from doubles.iguana_daemons import RETRY_SECONDS, Coin, Daemons
from doubles.iguana_http import Answer, DeathError, listen, serve
from doubles.iguana_rounds import Follower, Steady, in_background

Began = Callable[[Coin, Coin], None]


def run(port: int, answer: Answer) -> None:
    """Serve until killed. A call that hangs the API leaves the other threads alive, as Iguana's polls go on."""
    with listen(port) as sock:
        try:
            serve(sock, answer)
        except DeathError:
            os.kill(os.getpid(), signal.SIGSEGV)


def rounds(iguana: Iguana) -> Began:
    """What `dpow` begins: rounds, with the key that Iguana was unlocked with."""

    def began(source: Coin, to: Coin) -> None:
        pubkey = iguana.identity.pubkey if iguana.identity else ""
        in_background(Follower(iguana.daemons, source, to, pubkey).run)

    return began


def steady(iguana: Iguana, name: str, rate: float, attempts: str) -> Began:
    """What `dpow` begins: calls at a rate. `attempts` gets a line for each before it is made, let through or not."""
    named = f"{name}/{os.getpid()}/{time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1_000_000}"
    file = os.open(attempts, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)

    def attempt() -> None:
        os.write(file, f"{named} {time.clock_gettime_ns(time.CLOCK_BOOTTIME)}\n".encode())

    def began(source: Coin, to: Coin) -> None:
        del to
        param = named.encode().hex()
        calls = Steady(
            daemons=iguana.daemons, coin=source, calls_a_second=rate / 2, param=param, before=attempt
        )  # fmt: skip
        for _ in range(2):
            in_background(calls.run)

    return began


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve until killed."""
    parser = argparse.ArgumentParser(prog="python -m doubles.iguana", description=__doc__)
    parser.add_argument("--api-port", type=int, required=True)
    parser.add_argument("--name", default="iguana", help="its name in signing calls, before its number and its start")
    parser.add_argument("--rate", type=float, default=0, help="signing calls a second and coin, in place of rounds")
    parser.add_argument("--attempts", default=os.devnull, help="the file of all signing calls, let through or not")
    parser.add_argument("--addcoin-seconds", type=float, default=ADDCOIN_SECONDS, help="what addcoin takes")
    asked = parser.parse_args(arguments)
    retries = () if asked.rate else RETRY_SECONDS  # a rate is kept whatever becomes of the calls
    iguana = Iguana(daemons=Daemons(retries=retries), addcoin_seconds=asked.addcoin_seconds)
    iguana.began = steady(iguana, asked.name, asked.rate, asked.attempts) if asked.rate else rounds(iguana)
    run(asked.api_port, iguana.answer)


if __name__ == "__main__":
    main()
