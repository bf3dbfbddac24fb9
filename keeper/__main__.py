"""`python3 -m keeper --config FILE`: change the ensemble's members one by one until they are what the file says.

Runs as a Kubernetes Job after the servers' sets. A server joins only once it serves: it has then all data, and its vote
can't slow the others. Exit codes: 0 done, 1 not done in time, 2 the file is wrong.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any

from kazoo.client import KazooClient
from kazoo.exceptions import KazooException
from kazoo.handlers.threading import KazooTimeoutError

from config.failover import EnsembleAccess, KeeperConfig, servers_in
from keeper.membership import Step, host_of, next_step, parse

CONFIG_NODE = "/zookeeper/config"
PAUSE_SECONDS = 1.0
CONNECT_SECONDS = 5


class NotYetError(Exception):
    """Why the next change can't be made now; it is tried again."""


def client(access: EnsembleAccess, hosts: str) -> KazooClient:
    """A connected client with the keeper's certificate. Raises NotYetError."""
    made = KazooClient(
        hosts=hosts,
        timeout=access.session_timeout_ms / 1000,
        use_ssl=True,
        verify_certs=True,
        ca=access.authority_file,
        certfile=access.certificate_file,
        keyfile=access.key_file,
    )
    try:
        made.start(timeout=CONNECT_SECONDS)
    except KazooTimeoutError:
        made.close()
        raise NotYetError(f"no session at {hosts}") from None
    return made


def step(config: KeeperConfig) -> Step:
    """Make the next change, if one is due, and return it. Raises NotYetError."""
    wanted, _ = parse("\n".join(config.members))
    addresses = servers_in(config.ensemble.servers_file)
    session = client(config.ensemble, ",".join(addresses.values()))
    try:
        session.sync(CONFIG_NODE)
        found: Any = session.get(CONFIG_NODE)
        members, version = parse(found[0].decode())
        due = next_step(members, wanted)
        if due.joining and due.number is not None:
            probe = client(config.ensemble, addresses[host_of(wanted[due.number])])
            probe.stop()
            probe.close()
            session.reconfig(joining=due.joining, leaving=None, new_members=None, from_config=int(version, 16))
        elif due.leaving is not None:
            session.reconfig(joining=None, leaving=str(due.leaving), new_members=None, from_config=int(version, 16))
        return due
    except KazooException as error:
        raise NotYetError(f"{type(error).__name__} {error}".strip()) from None
    finally:
        session.stop()
        session.close()


def run(config: KeeperConfig) -> int:
    """Change until nothing is left to change or the time is over."""
    deadline = time.monotonic() + config.deadline_seconds
    while time.monotonic() < deadline:
        try:
            made = step(config)
        except NotYetError as reason:
            say(f"waiting: {reason}")
            time.sleep(PAUSE_SECONDS)
            continue
        say(made.reason)
        if made.number is None:
            return 0
    say(f"not done in {config.deadline_seconds} s; the next update goes on from here")
    return 1


def say(text: str) -> None:
    """One line of the Job's log."""
    print(text, flush=True)  # noqa: T201


def main() -> int:
    """Read the file and run."""
    parser = argparse.ArgumentParser(
        prog="keeper", description=__doc__, epilog="Example: python3 -m keeper --config /conf/keeper.json"
    )
    parser.add_argument("--config", type=Path, required=True, help="the file that the Job's ConfigMap holds")
    arguments = parser.parse_args()
    try:
        given = json.loads(arguments.config.read_text())
        config = KeeperConfig(
            members=tuple(given["members"]),
            deadline_seconds=given["deadline_seconds"],
            ensemble=EnsembleAccess(**given["ensemble"]),
        )
        parse("\n".join(config.members))
        servers_in(config.ensemble.servers_file)
    except (OSError, ValueError, KeyError, TypeError) as error:
        say(f"{arguments.config}: {error}")
        return 2
    return run(config)


if __name__ == "__main__":
    sys.exit(main())
