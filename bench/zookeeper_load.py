"""Load on one ensemble from one process: `python -m bench.zookeeper_load FILE` prints rates and latencies as JSON.

FILE is an `Access` of the drills as JSON, with `seconds` beside it. Rates are with 64 requests in flight, latencies
with one; a kazoo client takes a core at a few thousand requests a second, so rates say what one client gets.
"""

from __future__ import annotations

import json
import random
import sys
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

from failover.access import Access, Tls
from failover.connection import Client

IN_FLIGHT = 64
VALUE = b"x" * 100
PATH = "/bench"


def main() -> None:
    """Measure writes and reads."""
    given = json.loads(Path(sys.argv[1]).read_text())
    seconds, tls = float(given.pop("seconds")), given.pop("tls")
    access = Access(**{**given, "identities": tuple(given["identities"])}, tls=Tls(**tls) if tls else None)
    client = Client(access, random.Random(1))
    client.start(10)
    if not client.exists(PATH):
        client.create(PATH, VALUE)
    write: Callable[[], Any] = lambda: client.set_async(PATH, VALUE)  # noqa: E731
    read: Callable[[], Any] = lambda: client.get_async(PATH)  # noqa: E731
    rate(write, 0.5)
    found = {"write_s": 1 / rate(write, seconds), "read_s": 1 / rate(read, seconds)}
    for name, request in (("write", write), ("read", read)):
        taken = latencies(request, seconds)
        found |= {f"{name}_p50_ms": taken[len(taken) // 2], f"{name}_p99_ms": taken[len(taken) * 99 // 100]}
    sys.stdout.write(json.dumps(found) + "\n")
    client.stop()
    client.close()


def rate(request: Callable[[], Any], seconds: float) -> float:
    """Requests a second, IN_FLIGHT at a time."""
    waiting: deque[Any] = deque()
    started, done = time.monotonic(), 0
    while time.monotonic() - started < seconds:
        while len(waiting) < IN_FLIGHT:
            waiting.append(request())
        waiting.popleft().get(timeout=10)
        done += 1
    for item in waiting:
        item.get(timeout=10)
    return (done + len(waiting)) / (time.monotonic() - started)


def latencies(request: Callable[[], Any], seconds: float) -> list[float]:
    """Milliseconds of each request, one at a time, in order of size."""
    taken: list[float] = []
    started = time.monotonic()
    while time.monotonic() - started < seconds:
        begun = time.perf_counter()
        request().get(timeout=10)
        taken.append(1000 * (time.perf_counter() - begun))
    return sorted(taken)


if __name__ == "__main__":
    main()
