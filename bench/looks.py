"""`looks`: what a candidate's look at a duty where nothing happens takes, beside what it took without either cure.

One way is one process: `python -m bench.looks WAY SERVERS SECONDS` prints its figures for each look as JSON.
"""

from __future__ import annotations

import asyncio
import json
import resource
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from kazoo.handlers.threading import SequentialThreadingHandler

from bench.ratios import Report, Sample, comparison, interleaved
from drills import plain
from drills.stacks import ROOT
from failover import connection
from failover.access import Access
from failover.handler import Handler
from failover.model import Candidacy
from failover.selector import candidate
from failover.selector.base import NoQuorumError
from failover.selector.zookeeper import ZooKeeperSelector
from sandbox.pods import zookeeper_image

OURS, ALL, THREADS = "one question", "all read each time", "all read each time, kazoo's threads"
A_SECOND = 10


class Threads(Handler):
    """With kazoo's own threads and its own way to wait."""

    start = SequentialThreadingHandler.start
    stop = SequentialThreadingHandler.stop
    select = SequentialThreadingHandler.select  # pyright: ignore[reportAssignmentType]
    dispatch_callback = SequentialThreadingHandler.dispatch_callback

    def __init__(self, access: Access) -> None:
        super().__init__(access)
        self.completion_queue = self.queue_impl()


def tools() -> dict[str, str]:
    """What is measured."""
    return {"zookeeper": "3.9.5", "kazoo": "2.11.0"}


def measure(quick: bool, report: Report) -> dict[str, Any]:
    """All ways in turns, on three plain servers."""
    with tempfile.TemporaryDirectory() as folder, plain.running(zookeeper_image.folder(), Path(folder)) as ensemble:
        servers = ",".join(server.endpoint for server in ensemble.servers)
        ways = {way: lambda way=way: _run(way, servers, 2 if quick else 10) for way in (OURS, ALL, THREADS)}
        samples = interleaved(ways, 2 if quick else 5, report)
    return {
        "comparisons": {f"a look, {other}": comparison(samples, OURS, other) for other in (ALL, THREADS)},
        "notes": [
            f"One duty with one candidate, {A_SECOND} looks a second, without TLS; processor time of the process."
        ],
    }


def _run(way: str, servers: str, seconds: int) -> Sample:
    words = [sys.executable, "-m", "bench.looks", way, servers, str(seconds)]
    return json.loads(subprocess.run(words, cwd=ROOT, stdout=subprocess.PIPE, check=True).stdout)


async def _look(access: Access, seconds: int) -> Sample:
    selector = ZooKeeperSelector(access, "alice.main", "eu-west")
    me = Candidacy(candidate="eu-west", priority=1, standby="hot", healthy=True, settled=True, reason="")
    while True:
        try:
            await selector.publish(me)
            break
        except NoQuorumError:
            await asyncio.sleep(0.05)
    await selector.view()
    before, looks = resource.getrusage(resource.RUSAGE_SELF), A_SECOND * seconds
    for _ in range(looks):
        await selector.view()
        await asyncio.sleep(1 / A_SECOND)
    after = resource.getrusage(resource.RUSAGE_SELF)
    await selector.close()
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {"cpu_ms": 1000 * cpu / looks, "switches": (after.ru_nvcsw - before.ru_nvcsw) / looks}


def main() -> None:
    """One way."""
    way, servers, seconds = sys.argv[1:]
    if way != OURS:
        candidate.RELOOK_SECONDS = 0.0
    if way == THREADS:
        connection.Handler = Threads
    known = {f"zk-{number}": at for number, at in enumerate(servers.split(","))}
    sys.stdout.write(json.dumps(asyncio.run(_look(Access(servers=known), int(seconds)))) + "\n")


if __name__ == "__main__":
    main()
