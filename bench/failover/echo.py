"""A daemon's double that answers at once: `python -m bench.failover.echo --port N`. What it costs all ways share.

GET /executed lists the ids of the signing calls that it was asked for, so that a lost answer is told from a lost call.
"""

from __future__ import annotations

import argparse
import json
import time

from aiohttp import web

from chaos import rpc


def application() -> web.Application:
    """What answers on the RPC port."""
    executed: list[int] = []

    async def call(request: web.Request) -> web.Response:
        asked = json.loads(await request.read())
        if asked.get("method") in rpc.SIGNING and isinstance(asked.get("id"), int):
            executed.append(asked["id"])
        now = time.time()
        return web.json_response(rpc.answer(asked, now, int(now) // 60))

    async def told(_: web.Request) -> web.Response:
        return web.json_response(executed)

    made = web.Application()
    made.router.add_post("/", call)
    made.router.add_get("/executed", told)
    return made


def main() -> None:
    """Serve until asked to end."""
    parser = argparse.ArgumentParser(prog="python -m bench.failover.echo", description=__doc__)
    parser.add_argument("--port", type=int, required=True, help="of loopback")
    web.run_app(application(), host="127.0.0.1", port=parser.parse_args().port, print=None, access_log=None)


if __name__ == "__main__":
    main()
