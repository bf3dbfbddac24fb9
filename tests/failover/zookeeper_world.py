"""One duty on real servers, and who is concerned with it."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, TypeVar
from unittest.mock import patch

from kazoo.client import TransactionRequest

from drills.rig import Rig
from failover.access import Access
from failover.clock import boottime
from failover.selector.session import Session
from failover.selector.zookeeper import ZooKeeperDesk, ZooKeeperSelector, ZooKeeperVerifier
from tests.failover.ensemble import Place

T = TypeVar("T")
NUMBERS = itertools.count()
FAST = 5.0  # seconds: a request's deadline is one, and nothing waits for a connection


class World:
    """One fresh duty, and who is concerned with it: each in a host's network."""

    def __init__(self, rig: Rig) -> None:
        self.rig, self.duty = rig, f"alice.{next(NUMBERS)}"
        self._places: dict[str, Place] = {}
        self._made: list[tuple[Place, ZooKeeperSelector | ZooKeeperVerifier | ZooKeeperDesk]] = []
        self.place = self.at("eu-west", "client")

    def at(self, region: str, name: str) -> Place:
        """The loop of a host, which is made when it is first asked for."""
        if name not in self._places:
            self._places[name] = Place(self.rig.place(region, name))
        return self._places[name]

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.place.run(work)

    def candidate(self, name: str, access: Access | None = None, place: Place | None = None) -> ZooKeeperSelector:
        way = access or self.rig.access("eu-west")
        return self._keep(place, lambda: ZooKeeperSelector(way, self.duty, name))

    def verifier(self, access: Access | None = None, place: Place | None = None) -> ZooKeeperVerifier:
        return self._keep(place, lambda: ZooKeeperVerifier(access or self.rig.access("eu-west")))

    def desk(self) -> ZooKeeperDesk:
        return self._keep(None, lambda: ZooKeeperDesk(self.rig.access("eu-west")))

    def close(self) -> None:
        for place, made in self._made:
            place.run(made.close())
        for place in self._places.values():
            place.close()

    def _keep(self, place: Place | None, build: Callable[[], Any]) -> Any:
        where = place or self.place
        made = where.make(build)
        self._made.append((where, made))
        return made


@contextmanager
def commits() -> Iterator[list[float]]:
    """When each transaction was handed over, meanwhile."""
    at, whole = list[float](), Session.commit

    async def commit(self: Session, build: Callable[[TransactionRequest], None]) -> None:
        at.append(boottime())
        await whole(self, build)

    with patch.object(Session, "commit", commit):
        yield at


def only(access: Access, rig: Rig, number: int) -> Access:
    """The way to one server alone."""
    return replace(access, servers={rig.server(number).host: rig.endpoint(number)})
