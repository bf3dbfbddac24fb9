"""The final state, read back from every server by itself after healing: what the checker compares."""

from __future__ import annotations

import random
import time
from dataclasses import replace
from typing import Any

from kazoo.exceptions import KazooException, NoNodeError

from drills.placement import Znode
from failover.access import Access
from failover.connection import Client

_BATCH = 200  # requests in flight


def read_back(access: Access, root: str, deadline_s: float = 30) -> dict[str, dict[str, Znode]]:
    """Of each server of `access` the znodes below `root`, once all clients have ended.

    Servers that differ are read again until they agree or the deadline is over: a write of a client that was killed may
    still be under way. TimeoutError names the servers that could not be read by then.
    """
    deadline, complete = time.monotonic() + deadline_s, None
    while True:
        found, missing = _read_all(access, root, deadline)
        if not missing:
            complete = found
            if all(state == next(iter(found.values())) for state in found.values()):
                return found
        if time.monotonic() > deadline:
            if complete is None:
                raise TimeoutError(f"no final state from {', '.join(missing)} within {deadline_s:.0f} s")
            return complete
        time.sleep(0.5)


def _read_all(access: Access, root: str, deadline: float) -> tuple[dict[str, dict[str, Znode]], list[str]]:
    found: dict[str, dict[str, Znode]] = {}
    for name, at in access.servers.items():
        state = _read_one(replace(access, servers={name: at}), root, deadline)
        if state is not None:
            found[name] = state
    return found, [name for name in access.servers if name not in found]


def _read_one(access: Access, root: str, deadline: float) -> dict[str, Znode] | None:
    client = Client(access, random.Random(0))
    client.start_async()
    try:
        while time.monotonic() < deadline:
            try:
                if client.wait(0.1):
                    return _below(client, root)
            except (KazooException, client.handler.timeout_exception):
                client.drop()
        return None
    finally:
        client.stop()
        client.close()


def _below(client: Client, root: str) -> dict[str, Znode]:
    """Breadth first, many requests at once. The sync makes a server that lags catch up first."""
    client.sync_async(root).get(timeout=5)
    found: dict[str, Znode] = {}
    level = [root]
    while level:
        children: list[str] = []
        for start in range(0, len(level), _BATCH):
            batch = level[start : start + _BATCH]
            asked: list[tuple[str, Any, Any]] = [
                (path, client.get_async(path), client.get_children_async(path)) for path in batch
            ]
            for path, data, names in asked:
                try:
                    value, stat = data.get(timeout=5)
                except NoNodeError:
                    continue  # the root itself, of an ensemble that lost all
                found[path] = Znode(value.decode(), stat.version, stat.czxid, stat.mzxid)
                children += [f"{path}/{name}" for name in names.get(timeout=5)]
        level = children
    return found
