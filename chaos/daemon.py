"""A daemon's double: JSON-RPC on loopback, which stamps every signing call that it executes. Ended by SIGTERM.

Between a call's coming in and its execution it waits for as many seconds as the pause file says, if there is one: the
residual window, which no gate can close. Exit codes: 0 asked to end, 2 bad arguments.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import hmac
import json
import os
import random
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aiohttp import web

from chaos import rpc, stamps
from chaos.stamps import Execution

EPOCH_HEADER = "X-Notary-Epoch"
LONGEST_EXECUTION = 0.020  # seconds
BLOCK_SECONDS = 60
MOST_BYTES = 1 << 20


@dataclass(frozen=True, kw_only=True)
class Double:
    """One daemon of a duty. `stamps` is only ever appended to; `pause` is the pause file."""

    duty: str
    name: str
    stamps: Path
    pause: Path
    chance: random.Random

    async def handle(self, request: web.Request) -> web.Response:
        """One JSON-RPC request, single or batch; a batch is executed call by call."""
        if not _let_in(request.headers.get("Authorization", "")):
            return web.Response(status=401)
        try:
            asked: Any = json.loads(await request.read())
        except ValueError:
            return web.json_response({"result": None, "error": {"code": -32700, "message": "Parse error"}, "id": None})
        received, epoch = stamps.now(), _epoch(request.headers)
        if isinstance(asked, list):
            return web.json_response([await self.execute(call, epoch, received) for call in asked])
        answer = await self.execute(asked, epoch, received)
        return web.json_response(answer, status=500 if answer["error"] else 200)

    async def execute(self, call: Mapping[str, Any], epoch: int | None, received: int) -> dict[str, Any]:
        """The call's answer. A signing call is on disk before it is answered."""
        if call.get("method") in rpc.SIGNING:
            await asyncio.sleep(self.pause_seconds())
            begin = stamps.now()
            await asyncio.sleep(self.chance.uniform(0, LONGEST_EXECUTION))
            done = Execution(
                duty=self.duty,
                daemon=self.name,
                signer=rpc.signer_of(call.get("params") or []),
                epoch=epoch,
                received=received,
                begin=begin,
                end=stamps.now(),
            )
            stamps.append(self.stamps, done)
        return rpc.answer(call, time.time(), int(time.time()) // BLOCK_SECONDS)

    def pause_seconds(self) -> float:
        """What the pause file says now; 0 without one."""
        try:
            return float(self.pause.read_text())
        except (OSError, ValueError):
            return 0.0


def _epoch(headers: Mapping[str, str]) -> int | None:
    try:
        return int(headers.get(EPOCH_HEADER, ""))
    except ValueError:
        return None


def _let_in(given: str) -> bool:
    """Whether this is the login of RPC_USERNAME and RPC_PASSWORD; without these anybody is let in."""
    user, password = os.environ.get("RPC_USERNAME"), os.environ.get("RPC_PASSWORD")
    if user is None or password is None:
        return True
    wanted = base64.b64encode(f"{user}:{password}".encode()).decode()
    return hmac.compare_digest(given, f"Basic {wanted}")


def application(double: Double) -> web.Application:
    """What answers on the RPC port."""
    made = web.Application(client_max_size=MOST_BYTES)
    made.router.add_post("/", double.handle)
    return made


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve until asked to end."""
    parser = argparse.ArgumentParser(prog="python -m chaos.daemon", description=__doc__)
    parser.add_argument("--port", type=int, required=True, help="of loopback")
    parser.add_argument("--duty", required=True)
    parser.add_argument("--name", required=True, help="the daemon's own, in the stamps")
    parser.add_argument("--stamps", type=Path, required=True, help="the file of executed calls")
    parser.add_argument("--pause", type=Path, required=True, help="the pause file, which need not exist")
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args(arguments)
    chance = random.Random(asked.seed)
    double = Double(duty=asked.duty, name=asked.name, stamps=asked.stamps, pause=asked.pause, chance=chance)
    web.run_app(application(double), host="127.0.0.1", port=asked.port, print=None, access_log=None)


if __name__ == "__main__":
    main()
