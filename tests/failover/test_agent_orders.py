"""An operator's orders, and what status shows."""

from __future__ import annotations

import asyncio
import json

import pytest

from failover import operate
from failover.model import Holder, Orders, View
from failover.operate import OrderError
from tests.failover.test_agent_lookout import candidacy


class DeskDouble:
    """Orders of one duty, with two candidates."""

    def __init__(self) -> None:
        self.given, self.stopped = Orders(), False
        self.candidates = (candidacy("eu"), candidacy("us"))
        self.doubt: int | None = None

    async def orders(self, duty: str) -> Orders:
        assert duty == "a.main"
        return self.given

    async def give(self, duty: str, orders: Orders) -> None:
        assert duty == "a.main"
        self.given = orders

    async def duties(self) -> tuple[str, ...]:
        return ("a.main",)

    async def look(self, duty: str) -> View:
        assert duty == "a.main"
        holder = Holder(candidate="eu", epoch=7)
        return View(
            holder=holder, candidates=self.candidates, orders=self.given, all_stop=self.stopped, doubt=self.doubt
        )

    async def all_stop(self, stop: bool) -> None:
        self.stopped = stop


def test_orders_add_up_and_are_taken_back_one_by_one() -> None:
    async def scene() -> None:
        desk, said = DeskDouble(), list[str]()
        await operate.drain(desk, "a.main", "eu", said.append)
        await operate.drain(desk, "a.main", "us", said.append)
        assert "NOBODY ELSE IS FIT" in said[-1]
        await operate.handover(desk, "a.main", "us", said.append)
        await operate.pin(desk, "a.main", "us", said.append)
        assert desk.given == Orders(drained=("eu", "us"), pinned="us", handover_to="us")
        await operate.undrain(desk, "a.main", "us", said.append)
        await operate.handover(desk, "a.main", None, said.append)
        await operate.pin(desk, "a.main", None, said.append)
        assert desk.given == Orders(drained=("eu",))
        with pytest.raises(OrderError, match="expected a candidate that campaigns: eu, us"):
            await operate.handover(desk, "a.main", "moon", said.append)
        await operate.all_stop(desk, stop=True, say=said.append)
        assert desk.stopped

    asyncio.run(scene())


def test_status_shows_who_holds_and_who_could_to_people_and_machines() -> None:
    async def scene() -> None:
        desk, said = DeskDouble(), list[str]()
        desk.given = Orders(drained=("us",))
        await operate.status(desk, None, as_json=False, say=said.append)
        assert [line.split()[:3] for line in said[1:]] == [["a.main", "eu", "epoch"], ["a.main", "us", "-"]]
        assert said[2].endswith("drained")
        desk.doubt = 3
        await operate.status(desk, None, as_json=False, say=said.append)
        assert said[4].endswith("in doubt, for it has been silent")
        assert "doubt" not in said[5]
        desk.stopped = True
        said.clear()
        await operate.status(desk, "a.main", as_json=False, say=said.append)
        assert said[0].startswith("ALL-STOP")
        said.clear()
        await operate.status(desk, "a.main", as_json=True, say=said.append)
        assert json.loads(said[0])["a.main"]["holder"]["epoch"] == 7

    asyncio.run(scene())
