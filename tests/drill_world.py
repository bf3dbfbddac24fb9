"""A simulated ensemble that keeps every promise: where the tests of the drills' checker take legal histories from."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from random import Random

from hypothesis import strategies as st

from drills.history import ABSENT, Kind, Op, Outcome
from drills.placement import Znode

REGISTERS = ("/d/a", "/d/b")
SERVERS = ("zk-1", "zk-2", "zk-3")
EPOCH = 1 << 32
Step = tuple[int, str, Kind, int, bool]


@dataclass
class Simulated:
    """A linearizable tree whose writes may take effect long after their client gave up, and whose servers lag."""

    time: int = 0
    zxid: int = EPOCH
    tree: dict[str, Znode] = field(default_factory=dict)
    past: list[dict[str, Znode]] = field(default_factory=lambda: [{}])  # after each write
    ops: list[Op] = field(default_factory=list)
    floors: dict[str, int] = field(default_factory=dict)  # session -> index of `past` that it has seen
    floating: list[Op] = field(default_factory=list)  # unknown, on the way

    def now(self) -> int:
        self.time += 1000
        return self.time

    def apply(self, op: Op) -> Znode | None:
        """What the write made, or None where its condition did not hold."""
        known = self.tree.get(op.path)
        if op.kind is Kind.CREATE:
            refused = known is not None
        else:
            refused = known is None or op.expected not in (None, known.version)
        if refused:
            return None
        self.zxid += 1
        version, czxid = (known.version + 1, known.czxid) if known else (0, self.zxid)
        made = Znode(op.value or "", version, czxid, self.zxid)
        self.tree = {**self.tree, op.path: made}
        self.past.append(self.tree)
        return made

    def finish(self, op: Op, session: str, lag: int) -> None:
        """The operation takes effect and is acknowledged. A server `lag` writes behind answers a plain read."""
        done = replace(op, outcome=Outcome.OK, session=session)
        if op.kind.is_write:
            made, newest = self.apply(op), len(self.past) - 1
            if made is None:
                self.ops.append(replace(op, outcome=Outcome.FAIL, completed=self.now(), session=session))
                return
            done = replace(done, version=made.version, mzxid=made.mzxid)
        else:
            newest = len(self.past) - 1
            if op.kind is not Kind.FENCED:
                newest = max(self.floors.get(session, 0), newest - lag)
            found = self.past[newest].get(op.path)
            told = {"value": found.value, "version": found.version, "mzxid": found.mzxid} if found else {}
            done = replace(done, **{"version": ABSENT, "mzxid": 0, **told})
        self.floors[session] = max(self.floors.get(session, 0), newest)
        self.ops.append(replace(done, completed=self.now()))

    def final(self) -> dict[str, dict[str, Znode]]:
        return {server: dict(self.tree) for server in SERVERS}


def steps_of(seed: int, count: int) -> list[Step]:
    """Two registers' creates first, then mostly sets; drawn here and not step by step, so that histories are long."""
    random = Random(seed)
    kinds = [Kind.CREATE, Kind.SET, Kind.SET, Kind.SET, Kind.READ, Kind.SYNC, Kind.FENCED]
    acts = ["next", "next", "next", "next", "next", "give up", "drift", "new session"]
    drawn = [(random.randrange(4), random.choice(acts), random.choice(kinds)) for _ in range(count)]
    first = [(client, act, Kind.CREATE, client, False) for client in (0, 1) for act in ("next", "next")]
    return [*first, *((*step, random.randrange(5), random.random() < 0.5) for step in drawn)]


STEPS = st.builds(steps_of, st.integers(0, 1 << 32), st.integers(10, 150))


def simulate(steps: list[Step]) -> Simulated:
    world, running, sessions = Simulated(), dict[int, Op](), Counter[int]()
    for number, (client, what, kind, pick, flag) in enumerate(steps):
        session = f"{client}/{sessions[client]}"
        if what == "next" and client not in running:
            running[client] = begin(world, client, number, kind, pick, flag)
        elif what == "next":
            world.finish(running.pop(client), session, pick)
        elif what == "give up" and client in running:
            op = running.pop(client)
            world.ops.append(replace(op, completed=world.now() if flag else None, session=session if flag else None))
            world.floating += [op] if op.kind.is_write else []
        elif what == "drift" and world.floating:
            world.apply(world.floating.pop(pick % len(world.floating)))
        elif what == "new session" and client not in running:
            sessions[client] += 1
    world.ops += running.values()
    return world


def begin(world: Simulated, client: int, number: int, kind: Kind, pick: int, flag: bool) -> Op:
    path = REGISTERS[pick % 2]
    if kind is Kind.CREATE and flag:
        path = f"/d/set/{number}"
    known = world.tree.get(path)
    value = f"{client}.{number}" if kind.is_write else None
    expected = max(0, known.version - pick // 3) if known and kind is Kind.SET and flag else None
    return Op(
        client=str(client), number=number, kind=kind, path=path, invoked=world.now(), value=value, expected=expected
    )
