"""How kazoo's recipes and Patroni's leader race are used: as their documentation says, and no better."""

# pyright: basic
# kazoo and Patroni come without types that could be relied on.
from __future__ import annotations

import logging
import signal
import threading
import time
from collections.abc import Callable
from typing import Any

from kazoo.client import KazooClient, KazooState
from kazoo.security import make_acl

from bench.failover.candidate import Given, Stage, give_up, say

LOOK_SECONDS = 0.05
Race = Callable[[], None]
Recipe = Callable[[Given, Callable[[], Stage]], Race]


def client_of(given: Given) -> KazooClient:
    """As it comes, but for TLS and the owner of what it makes; `timeout` is kazoo's own default where none is set."""
    return KazooClient(
        hosts=given.servers,
        use_ssl=True,
        verify_certs=True,
        ca=given.authority_file,
        certfile=given.certificate_file,
        keyfile=given.key_file,
        default_acl=[make_acl("x509", given.identity, all=True)],
        **given.settings,
    )


def _connected(given: Given, stage: Callable[[], Stage]) -> KazooClient:
    """Stands still while it is suspended, and ends with its session, as the documentation asks of users of locks."""
    client = client_of(given)

    def heard(state: str) -> None:
        if state == KazooState.LOST:
            give_up()
        stage().signer.signal(signal.SIGSTOP if state == KazooState.SUSPENDED else signal.SIGCONT)

    client.start(timeout=30)
    client.add_listener(heard)
    return client


def lock(given: Given, stage: Callable[[], Stage]) -> Race:
    """kazoo.recipe.lock.Lock."""
    client = _connected(given, stage)
    held = client.Lock(given.path, given.name)

    def race() -> None:
        with held:
            stage().sign()

    return race


def election(given: Given, stage: Callable[[], Stage]) -> Race:
    """kazoo.recipe.election.Election."""
    elected = _connected(given, stage).Election(given.path, given.name)

    def race() -> None:
        elected.run(lambda: stage().sign())

    return race


def steady(given: Given, stage: Callable[[], Stage]) -> Race:
    """The lock under steady traffic; says at every look whether kazoo's own flags still have it held."""
    client = _connected(given, stage)
    held = client.Lock(given.path, given.name)

    def look() -> None:
        while True:
            client.exists_async(given.path)
            say("open" if client.connected and held.is_acquired else "closed")
            time.sleep(LOOK_SECONDS)

    def race() -> None:
        with held:
            stage().sign()

    threading.Thread(target=look, daemon=True).start()
    return race


def patroni(given: Given, stage: Callable[[], Stage]) -> Race:
    """Patroni's own ZooKeeper class in the order of its HA loop; what that asks PostgreSQL is left out.

    The leader looks once a loop whether its signer lives, as Patroni does for PostgreSQL, then updates its key; the
    others wait for the key to go, for a loop at most. Its session is asked for with `ttl`.
    """
    from patroni.dcs.zookeeper import ZooKeeper
    from patroni.postgresql.mpp import Null

    logging.getLogger("patroni").setLevel(logging.CRITICAL)
    scope = given.path.rpartition("/")[2]
    dcs = ZooKeeper(
        {
            **given.settings,
            "hosts": given.servers,
            "name": given.name,
            "namespace": "/bench/",
            "scope": scope,
            "use_ssl": True,
            "verify": True,
            "cacert": given.authority_file,
            "cert": given.certificate_file,
            "key": given.key_file,
            "set_acls": {given.identity: ["ALL"]},
        },
        Null(),
    )

    def race() -> None:
        while True:
            leader = dcs.get_cluster().leader
            if leader is None and dcs.attempt_to_acquire_leader():
                _lead(dcs, stage(), given)
                return
            version: Any = leader.version if leader else None
            dcs.watch(version, given.settings["loop_wait"])

    return race


def _lead(dcs: object, stage: Stage, given: Given) -> None:
    from patroni.dcs.zookeeper import ZooKeeper

    assert isinstance(dcs, ZooKeeper)
    stage.woken = dcs.event.set  # as its REST API does for a switchover; a dead PostgreSQL wakes nobody
    say("acquired")
    stage.signer.activate()
    while True:
        began = time.monotonic()
        cluster = dcs.get_cluster()
        if cluster.leader is None or cluster.leader.name != given.name or not dcs.update_leader(cluster, None):
            give_up()
        if not stage.inbox.empty():
            stage.inbox.get()
            break
        dcs.watch(None, max(0.0, given.settings["loop_wait"] - (time.monotonic() - began)))
    stage.end()
    dcs.delete_leader(cluster.leader)


RECIPES: dict[str, Recipe] = {"lock": lock, "election": election, "patroni": patroni, "steady": steady}
