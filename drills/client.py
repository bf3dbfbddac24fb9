"""The workload's client process: writes, reads, and records before and after what it did, until its stdin is closed.

    python -m drills.client --config FILE

The file is `Config` as JSON, `access` within it. Znodes, below the chroot: ROOT/shared-0… (set by all clients), ROOT/
own-CLIENT (by one), ROOT/set-CLIENT/… (created and never written again), ROOT/fence-CLIENT (always empty).
"""

from __future__ import annotations

import argparse
import json
import os
import random
import select
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kazoo.exceptions import BadVersionError, KazooException, NoAuthError, NodeExistsError, NoNodeError

from drills.history import ABSENT, Kind, Outcome
from failover.access import Access, Tls
from failover.connection import Client, NotSent

_NO_EFFECT = (NotSent, BadVersionError, NodeExistsError, NoNodeError, NoAuthError)
_MIX = {"create": 35, "own": 20, "shared": 10, "compare": 15, "read": 8, "sync": 4, "fenced": 8}  # of 100 operations


@dataclass(frozen=True, kw_only=True)
class Config:
    """`rate` is operations per second at most (one at a time), `shared` how many registers all clients set."""

    client: str
    region: str
    history: str
    access: Access
    seed: int = 0
    rate: float = 50
    root: str = "/drill"
    shared: int = 2

    @staticmethod
    def read(path: Path) -> Config:
        """TypeError names what the file has too much or too little."""
        found = json.loads(path.read_text())
        access = found.pop("access")
        tls, identities = access.pop("tls", None), tuple(access.pop("identities", ()))
        return Config(access=Access(tls=tls and Tls(**tls), identities=identities, **access), **found)


class Recorder:
    """Appends records to the history, each with one write: of a killed client no more than the last line is torn."""

    def __init__(self, config: Config) -> None:
        path = Path(config.history)
        torn = path.exists() and path.read_bytes()[-1:] not in (b"", b"\n")
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        if torn:
            os.write(self._file, b"\n")
        self.started = time.monotonic_ns()
        self.add("start", client=config.client, region=config.region)

    def add(self, event: str, **what: object) -> None:
        given = {name: value for name, value in what.items() if value is not None}
        record = {"event": event, "at": time.monotonic_ns(), **given}
        os.write(self._file, json.dumps(record).encode() + b"\n")


class Worker:
    """One client: one operation at a time, none while it has no connection, none tried again."""

    def __init__(self, config: Config, recorder: Recorder) -> None:
        self._config, self._record = config, recorder
        self._random = random.Random(f"{config.seed}/{config.client}")
        self._reply_s = config.access.reply_timeout_ms / 1000
        self._number = 0
        self._versions: dict[str, int] = {}  # the last version seen of each register, for conditional sets
        self._prepared = False
        self._client = self._connected()
        self._set = f"{config.root}/set-{config.client}"
        self._fence = f"{config.root}/fence-{config.client}"
        self._own = f"{config.root}/own-{config.client}"
        self._shared = [f"{config.root}/shared-{number}" for number in range(config.shared)]

    def _connected(self) -> Client:
        order = random.Random(f"{self._config.seed}/{self._config.client}/hosts/{self._number}")
        client = Client(self._config.access, order, lambda server: self._record.add("connected", server=server))
        client.start_async()
        return client

    def step(self) -> bool:
        """One operation, if there is a connection; whether something was sent."""
        if self._client.over:
            self._client = self._connected()
        if not self._client.wait(0.02):
            return False
        if not self._prepared:
            self._prepared = self._prepare()
            return True
        {
            "create": self._create,
            "own": lambda: self._compare_and_set(self._own),
            "shared": lambda: self._set_plainly(self._random.choice(self._shared)),
            "compare": lambda: self._compare_and_set(self._random.choice(self._shared)),
            "read": lambda: self._read(Kind.READ),
            "sync": lambda: self._read(Kind.SYNC),
            "fenced": lambda: self._read(Kind.FENCED),
        }[self._random.choices(list(_MIX), list(_MIX.values()))[0]]()
        return True

    def _prepare(self) -> bool:
        """Make the folders, the fence and the registers where they are missing."""
        try:
            for path in (*_folders(self._config.root), self._set, self._fence):
                try:
                    self._client.create_async(path, b"").get(timeout=self._reply_s)
                except NodeExistsError:
                    continue
        except (KazooException, self._client.handler.timeout_exception) as error:
            self._record.add("unprepared", error=type(error).__name__)
            self._client.drop()
            return False
        for path in (self._own, *self._shared):
            self._do(Kind.CREATE, path, lambda value, path=path: self._new(path, value))
        return True

    def _new(self, path: str, value: bytes, sequence: bool = False) -> Any:
        return self._client.create_async(path, value, sequence=sequence, include_data=True)

    def _create(self) -> None:
        sequence = self._random.random() < 0.5
        path = f"{self._set}/s-" if sequence else f"{self._set}/n-{self._record.started:x}-{self._number}"
        self._do(Kind.CREATE, path, lambda value: self._new(path, value, sequence))

    def _set_plainly(self, path: str) -> None:
        self._do(Kind.SET, path, lambda value: self._client.set_async(path, value))

    def _compare_and_set(self, path: str) -> None:
        expected = self._versions.get(path, ABSENT)
        if expected == ABSENT:  # not known, or not any more
            self._do(Kind.FENCED, path, lambda _: self._after_fence(path))
            return
        done = self._do(Kind.SET, path, lambda value: self._client.set_async(path, value, expected), expected)
        if not done:
            self._versions.pop(path, None)

    def _read(self, kind: Kind) -> None:
        path = self._random.choice([self._own, *self._shared])
        reads = {Kind.READ: self._client.get_async, Kind.SYNC: self._after_sync, Kind.FENCED: self._after_fence}
        self._do(kind, path, lambda _: reads[kind](path))

    def _after_sync(self, path: str) -> Any:
        self._client.sync_async(path).get(timeout=self._reply_s)
        return self._client.get_async(path)

    def _after_fence(self, path: str) -> Any:
        try:
            self._client.set_async(self._fence, b"").get(timeout=self._reply_s)
        except NoNodeError:
            raise NotSent("the fence is missing") from None  # says nothing of the znode that was to be read
        return self._client.get_async(path)

    def _do(self, kind: Kind, path: str, send: Callable[[bytes], Any], expected: int | None = None) -> bool:
        """Record, send, wait, record. Whether it was acknowledged."""
        self._number += 1
        value = f"{self._config.client}.{self._record.started:x}.{self._number}" if kind.is_write else None
        session = self._client.session
        self._record.add("invoke", op=self._number, kind=kind, path=path, value=value, expected=expected)
        try:
            told = self._understood(kind, path, send((value or "").encode()).get(timeout=self._reply_s))
            outcome = Outcome.OK
        except Exception as error:
            outcome, told = self._outcome(kind, error)
        told["session"] = session if session == self._client.session else None
        self._record.add(outcome, op=self._number, **told)
        return outcome is Outcome.OK

    def _understood(self, kind: Kind, path: str, reply: Any) -> dict[str, Any]:
        """The fields of a record, from kazoo's reply: (path, stat), stat, or (data, stat)."""
        stat = reply if kind is Kind.SET else reply[1]
        told: dict[str, Any] = {"version": stat.version, "mzxid": stat.mzxid}
        if kind is Kind.CREATE:
            told["path"] = reply[0]
        elif kind is not Kind.SET:
            told["value"] = reply[0].decode()
        self._versions[path] = stat.version
        return told

    def _outcome(self, kind: Kind, error: Exception) -> tuple[Outcome, dict[str, Any]]:
        if isinstance(error, NoNodeError):
            self._prepared = False
            if not kind.is_write:
                return Outcome.OK, {"version": ABSENT, "mzxid": 0}
        if isinstance(error, _NO_EFFECT):
            return Outcome.FAIL, {"error": type(error).__name__}
        if isinstance(error, self._client.handler.timeout_exception):
            self._client.drop()  # kazoo alone would stay with a server that is silent
        elif not isinstance(error, KazooException):
            raise error
        return Outcome.UNKNOWN, {"error": type(error).__name__}


def _folders(path: str) -> Iterator[str]:
    parts = path.strip("/").split("/")
    return ("/" + "/".join(parts[:count]) for count in range(1, len(parts) + 1))


def run(config: Config) -> None:
    """Operations until stdin is closed. The session is left to expire: nothing ephemeral hangs on it."""
    worker = Worker(config, Recorder(config))
    due = time.monotonic()
    while True:
        wait = max(0.0, due - time.monotonic())
        if select.select([sys.stdin], [], [], wait)[0] and not os.read(sys.stdin.fileno(), 4096):
            return
        worker.step()
        due = max(due + 1 / config.rate, time.monotonic())


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m drills.client", description=__doc__)
    parser.add_argument("--config", type=Path, required=True)
    run(Config.read(parser.parse_args().config))


if __name__ == "__main__":
    main()
