"""The ensemble's double for agents in processes of their own: one JSON file, one lock, the protocol's transactions."""

from __future__ import annotations

import asyncio
import fcntl
import json
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from failover.clock import boottime
from failover.model import Candidacy, Claim, Confirmation, Holder, Orders, View
from failover.selector import znodes
from failover.selector.base import LostError, NoQuorumError, TakenError

START: dict[str, Any] = {
    "version": 0,
    "clean": True,
    "last": None,
    "holder": None,
    "epoch": 100,
    "ended": [],
    "candidates": {},
    "orders": {},
    "all_stop": False,
    "cut": False,
    "slow": 0.0,
    "releases": [],
}


class Ledger:
    """The file; whoever opens it has the whole ensemble for himself."""

    def __init__(self, path: Path) -> None:
        self.path = path
        if not path.exists():
            path.write_text(json.dumps(START))

    @contextmanager
    def open(self) -> Iterator[dict[str, Any]]:
        """Read it, change it, and it is written at the end."""
        with self.path.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            values = json.loads(self.path.read_text())
            yield values
            made = self.path.with_suffix(".new")  # who is killed while he writes leaves the old one
            made.write_text(json.dumps(values))
            made.replace(self.path)

    @property
    def now(self) -> dict[str, Any]:
        with self.open() as values:
            return values

    def end_session(self, number: int) -> None:
        """What hangs on the session goes with it."""
        with self.open() as values:
            values["ended"].append(number)
            if values["holder"] and values["holder"]["session"] == number:
                values["holder"] = None
            values["candidates"] = {k: v for k, v in values["candidates"].items() if v["session"] != number}


class LedgerVerifier:
    """A `Verifier` over the file, for a gate."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    async def confirm_epoch(self, duty: str) -> Confirmation:
        sent_at = boottime()
        holder = self._ledger.now["holder"]
        if not holder:
            raise LostError(f"nobody holds {duty}")
        return Confirmation(epoch=holder["epoch"], sent_at=sent_at)


class LedgerSelector:
    """A `Selector` over the file, for one candidate."""

    def __init__(self, ledger: Ledger, duty: str, candidate: str) -> None:
        self.changed = asyncio.Event()
        self.freed = False  # a file tells nobody
        self._ledger, self._duty, self._me = ledger, duty, candidate
        self._number = secrets.randbits(40)

    def session(self) -> tuple[int, bytes]:
        return self._number, b"session-password"

    @contextmanager
    def _asked(self) -> Iterator[dict[str, Any]]:
        with self._ledger.open() as values:
            if values["cut"]:
                raise NoQuorumError("cut off")
            yield values

    async def view(self) -> View:
        await asyncio.sleep(self._ledger.now["slow"])
        with self._asked() as values:
            found, orders = values["holder"], values["orders"]
            return View(
                holder=Holder(candidate=found["candidate"], epoch=found["epoch"]) if found else None,
                candidates=tuple(
                    candidacy
                    for each in values["candidates"].values()
                    if (candidacy := znodes.read_candidacy(json.dumps(each["candidacy"]).encode()))
                ),
                orders=Orders(**{**orders, "drained": tuple(orders.get("drained", ()))}),
                all_stop=values["all_stop"],
            )

    async def doubt(self) -> None:
        """Views have no beats here, so nobody is ever doubted."""

    async def publish(self, candidacy: Candidacy) -> None:
        await asyncio.sleep(self._ledger.now["slow"])
        with self._asked() as values:
            if self._number in values["ended"]:
                self._number = secrets.randbits(40)
            values["candidates"][self._me] = {"session": self._number, "candidacy": asdict(candidacy)}

    async def fulfil(self) -> None:
        with self._asked() as values:
            if values["orders"].get("handover_to") == self._me:
                values["orders"]["handover_to"] = None

    async def acquire(self) -> Claim:
        with self._asked() as values:
            if values["holder"]:
                raise TakenError("taken")
            clean = values["clean"]
            values["version"] += 1
            values["epoch"] += 1
            values["clean"] = False
            values["holder"] = {"candidate": self._me, "epoch": values["epoch"], "session": self._number}
            return Claim(
                duty=self._duty, candidate=self._me, epoch=values["epoch"], term=values["version"], clean=clean
            )

    async def confirm(self, claim: Claim) -> float:
        sent_at = boottime()
        with self._asked() as values:
            if not values["holder"] or values["holder"]["epoch"] != claim.epoch:
                raise LostError("over")
        return sent_at

    async def release(self, claim: Claim, *, clean: bool) -> None:
        with self._asked() as values:
            if values["holder"] and values["holder"]["epoch"] == claim.epoch:
                values["holder"] = None
                values["releases"].append("clean" if clean else "unclean")
                if clean:
                    values["version"] += 1
                    values["clean"] = True

    async def close(self) -> None:
        self._ledger.end_session(self._number)
