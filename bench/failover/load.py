"""Load on the daemon, on nginx before it, and on its gate, in turns: `python -m bench.failover.load FILE`.

FILE is a `Load` as JSON; a line of JSON comes for each round. With `restart` only the gate is called, for so long, and
the line tells what became of the calls.
"""

from __future__ import annotations

import asyncio
import json
import ssl
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.failover.stats import percentile
from bench.failover.wires import ANSWERED, BROKEN, NO_CONNECTION, REFUSED, Pool, Target, flat_out, paced

RATE, WIDTH, WARM_SECONDS = 200.0, 16, 0.5


@dataclass(frozen=True, kw_only=True)
class Load:
    """`address` is the gate's, `server` the name in its certificate. The daemon and nginx are on loopback."""

    rounds: int
    seconds: float
    restart: bool
    daemon_port: int
    nginx_port: int
    gate_port: int
    address: str
    server: str
    headers: dict[str, str]
    authority_file: str
    certificate_file: str
    key_file: str


def targets(load: Load) -> Mapping[str, Target]:
    """The three ways to the daemon."""
    context = ssl.create_default_context(cafile=load.authority_file)
    context.load_cert_chain(load.certificate_file, load.key_file)
    gate = Target(host=load.address, port=load.gate_port, headers=load.headers, context=context, name=load.server)
    return {
        "daemon": Target(host="127.0.0.1", port=load.daemon_port),
        "nginx": Target(host="127.0.0.1", port=load.nginx_port),
        "gate": gate,
    }


async def rounds(load: Load) -> None:
    """Latencies at a steady rate, then as many calls as it takes, each way in turn."""
    pools = {name: Pool(target) for name, target in targets(load).items()}
    for pool in pools.values():
        await pool.fill(WIDTH)
        await paced(pool.call, RATE, WARM_SECONDS)
    for _ in range(load.rounds):
        found: dict[str, dict[str, float]] = {}
        for name, pool in pools.items():
            taken = await paced(pool.call, RATE, load.seconds)
            found[name] = {"p50_ms": percentile(taken, 0.5), "p99_ms": percentile(taken, 0.99)}
        for name, pool in pools.items():
            found[name]["call_s"] = await flat_out(pool.call, WIDTH, load.seconds)
        say(found)
    for name, pool in pools.items():
        if set(pool.statuses) != {200} or pool.broken:
            sys.exit(f"{name}: not every call was answered well: {dict(pool.statuses)}, {dict(pool.outcomes)}")
        pool.close()


async def through_restart(load: Load) -> None:
    """Calls through the gate all the while; what was refused, or never sent, is tried again."""
    pool = Pool(targets(load)["gate"])
    await pool.fill(WIDTH)
    at_once = asyncio.Semaphore(WIDTH)  # a signer has a few connections: all that waits asking again would be a storm

    async def persist(number: int) -> None:
        async with at_once:
            await pool.persist(number)

    await paced(persist, RATE, load.seconds, first=1)
    executed = await _executed(load)
    lost = [number for number in pool.broken if number in executed]
    say(
        {
            "calls": int(RATE * load.seconds),
            "answered": pool.outcomes[ANSWERED],
            "refused": pool.outcomes[REFUSED],
            "no_connection": pool.outcomes[NO_CONNECTION],
            "broken_off": pool.outcomes[BROKEN],
            "made_without_answer": len(lost),
        }
    )


async def _executed(load: Load) -> set[int]:
    reader, writer = await asyncio.open_connection("127.0.0.1", load.daemon_port)
    writer.write(b"GET /executed HTTP/1.1\r\nHost: daemon\r\nConnection: close\r\n\r\n")
    body = (await reader.read()).partition(b"\r\n\r\n")[2]
    writer.close()
    return set(json.loads(body))


def say(found: Mapping[str, Any]) -> None:
    """One line."""
    sys.stdout.write(json.dumps(found) + "\n")
    sys.stdout.flush()


def main() -> None:
    """As FILE says."""
    load = Load(**json.loads(Path(sys.argv[1]).read_text()))
    asyncio.run(through_restart(load) if load.restart else rounds(load))


if __name__ == "__main__":
    main()
