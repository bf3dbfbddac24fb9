"""The signer as an agent keeps it: told of chains one by one, given up when it hangs, held back when it fails."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Collection, Coroutine, Mapping
from typing import Any, cast
from unittest.mock import Mock

import pytest

from failover import processes
from failover.agent import keeper as keeper_module
from failover.agent.keeper import CALM, EARLY, FIRST_PENALTY, JOIN_PAUSE, SignerKeeper
from failover.agent.tenure import Tenure
from failover.health import Reach
from failover.lease import Lease
from failover.log import Log
from failover.model import Claim
from failover.observation import Signer
from failover.roles.base import Role, RoleError
from tests.failover.situations import TIMING

CLAIM = Claim(duty="alice.main", candidate="eu-west", epoch=7, term=1, clean=True)


class FakeProcess:
    """A signer's process that ends when it is told to, or when a test lets it die."""

    def __init__(self, ended: Callable[[], None]) -> None:
        self.family: object | None = None
        self.asked = False
        self._ended = ended

    @property
    def running(self) -> bool:
        return self.family is not None

    stopping = False

    def start(self, command: object) -> None:
        assert command
        self.family, self.asked = object(), False

    async def kill(self) -> None:
        if self.family:
            self.asked = True
            self.die()

    def die(self) -> None:
        self.family = None
        self._ended()


BUSY_SECONDS = 60.0


class FakeRole:
    """Writes down what it is told; `fails` are the steps that raise, `refuses` the chains that it does not take."""

    busy_seconds, idle_seconds = BUSY_SECONDS, 1.0

    def __init__(self) -> None:
        self.told: list[tuple[str, list[str]]] = []
        self.fails, self.refuses, self.answering = set[str](), set[str](), True

    def command(self) -> tuple[str, ...]:
        return ("signer",)

    async def prepare(self) -> None:
        self._tell("prepare")

    async def add(self, chains: Collection[str]) -> Mapping[str, str]:
        return self._tell("add", chains)

    async def activate(self, chains: Collection[str]) -> Mapping[str, str]:
        return self._tell("activate", chains)

    async def join(self, chains: Collection[str]) -> Mapping[str, str]:
        return self._tell("join", chains)

    async def answers(self) -> bool:
        return self.answering

    async def in_round(self) -> bool:
        return True

    def _tell(self, step: str, chains: Collection[str] = ()) -> dict[str, str]:
        self.told.append((step, sorted(chains)))
        if step in self.fails:
            raise RoleError(f"{step} failed")
        return dict.fromkeys(self.refuses & set(chains), "no privkey")


class World:
    def __init__(self) -> None:
        self.now, self.called_at = 1000.0, 0.0
        self.role, self.activity = FakeRole(), (0, False)
        log = cast("Log", Mock())
        self.keeper = SignerKeeper(
            cast("Role", self.role), log, 1.0, Mock(), Mock(), lambda: self.now, lambda: self.called_at
        )
        self.process = FakeProcess(self.keeper._ended)  # pyright: ignore[reportPrivateUsage]
        self.keeper.process = cast("Any", self.process)
        lease = Lease(timing=TIMING, counted_from=1e9)
        self.tenure = Tenure(claim=CLAIM, acquired_at=0.0, lease=lease)

    async def up(self, *chains: str) -> None:
        self.keeper.prepare()
        await settled()
        self.keeper.feed(frozenset(chains))
        await settled()


async def settled() -> None:
    """Everything that can go on has."""
    for _ in range(10):
        await asyncio.sleep(0)


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    made = World()
    monkeypatch.setattr(processes, "activity", lambda _: made.activity)
    assert keeper_module.processes is processes
    return made


def play(scene: Coroutine[Any, Any, None]) -> None:
    asyncio.run(scene)


def test_a_standby_is_told_of_each_chain_when_it_is_ready_and_once(world: World) -> None:
    async def scene() -> None:
        await world.up("KMD")
        world.keeper.feed(frozenset({"KMD"}))
        world.keeper.feed(frozenset({"KMD", "CCL"}))
        await settled()
        world.keeper.feed(frozenset({"KMD", "CCL"}))
        await settled()

    play(scene())
    assert world.role.told == [("prepare", []), ("add", ["KMD"]), ("add", ["CCL"])]


def test_a_signer_is_activated_with_the_chains_that_are_ready_and_the_others_join(world: World) -> None:
    async def scene() -> None:
        await world.up("KMD")
        await world.keeper.activate(world.tenure, frozenset({"KMD"}))
        assert world.keeper.signs_for == {"KMD"}
        world.keeper.feed(frozenset({"KMD", "CCL"}))
        await settled()

    play(scene())
    assert world.role.told[-2:] == [("activate", ["KMD"]), ("join", ["CCL"])]
    assert world.keeper.signs_for == {"KMD", "CCL"}
    assert world.keeper.state is Signer.ACTIVE


@pytest.mark.parametrize("how", ["refuses", "fails"])
def test_a_chain_that_is_refused_is_told_again_later_and_disturbs_no_other(world: World, how: str) -> None:
    async def scene() -> None:
        await world.up("KMD")
        await world.keeper.activate(world.tenure, frozenset({"KMD"}))
        getattr(world.role, how).add("CCL" if how == "refuses" else "join")
        world.keeper.feed(frozenset({"KMD", "CCL"}))
        await settled()
        assert world.keeper.signs_for == {"KMD"}
        assert world.process.running
        world.role.refuses.clear()
        world.role.fails.clear()
        world.keeper.feed(frozenset({"KMD", "CCL"}))
        await settled()
        assert world.keeper.signs_for == {"KMD"}, "not again at once"
        world.now += JOIN_PAUSE
        world.keeper.feed(frozenset({"KMD", "CCL"}))
        await settled()
        assert world.keeper.signs_for == {"KMD", "CCL"}

    play(scene())


def test_a_signer_that_starts_anew_is_told_everything_anew(world: World) -> None:
    async def scene() -> None:
        await world.up("KMD")
        world.process.die()
        world.now += 100
        await world.up("KMD")

    play(scene())
    assert world.role.told == [("prepare", []), ("add", ["KMD"])] * 2


def test_an_activation_that_failed_has_a_penalty_that_grows(world: World) -> None:
    async def scene() -> None:
        world.role.fails.add("activate")
        for growth in (1, 2, 4):
            assert not world.keeper.penalised
            await world.up("KMD")
            await world.keeper.activate(world.tenure, frozenset({"KMD"}))
            assert not world.process.running, "what may sign or not is killed"
            assert world.keeper.failure == "activate failed"
            world.now += growth * FIRST_PENALTY - 1
            assert world.keeper.penalised
            world.now += 1
        assert world.keeper.falls == 3

    play(scene())


def test_a_signer_that_dies_right_after_its_activation_is_penalised_and_one_that_dies_later_is_not(
    world: World,
) -> None:
    async def scene() -> None:
        await world.up("KMD")
        await world.keeper.activate(world.tenure, frozenset({"KMD"}))
        world.now += EARLY
        world.process.die()
        assert not world.keeper.penalised
        world.now += CALM
        await world.up("KMD")
        await world.keeper.activate(world.tenure, frozenset({"KMD"}))
        world.now += EARLY - 1
        world.process.die()
        assert world.keeper.penalised
        assert world.keeper.falls == 2

    play(scene())


def test_a_penalty_is_the_first_one_again_after_an_activation_that_held(world: World) -> None:
    async def scene() -> None:
        for _ in range(4):
            await world.up("KMD")
            await world.keeper.activate(world.tenure, frozenset({"KMD"}))
            world.process.die()
            world.now += 10_000
        await world.up("KMD")
        await world.keeper.activate(world.tenure, frozenset({"KMD"}))
        world.now += CALM + 1
        world.role.fails.add("activate")
        await world.keeper.activate(world.tenure, frozenset({"KMD"}))

    play(scene())
    assert world.keeper.penalised
    world.now += FIRST_PENALTY
    assert not world.keeper.penalised


def looks(world: World, *activities: tuple[int, bool], seconds: float = 2.0) -> list[Reach | None]:
    """What comes of asking once for each of the activities."""
    found: list[Reach | None] = []

    async def scene() -> None:
        await world.up("KMD")
        world.role.answering = False
        for world.activity in activities:
            found.append(await world.keeper.reach())
            world.now += seconds

    play(scene())
    return found


def test_a_signer_that_does_not_answer_and_works_is_busy(world: World) -> None:
    assert looks(world, (5, False), (6, False), (7, False)) == [Reach.BUSY] * 3


def test_a_signer_that_does_not_answer_and_stands_still_is_silent(world: World) -> None:
    assert looks(world, (5, True), (5, True)) == [Reach.SILENT] * 2


def test_a_signer_that_does_not_answer_and_does_no_work_is_silent(world: World) -> None:
    assert looks(world, (5, False), (5, False), (5, False))[1:] == [Reach.SILENT] * 2


def test_a_signer_is_not_busy_for_ever_unless_it_calls_daemons_all_the_while(world: World) -> None:
    busy = [(ticks, False) for ticks in range(4)]
    assert looks(world, *busy, seconds=BUSY_SECONDS / 2)[-1] is Reach.SILENT
    world = World()
    world.called_at = 1e9
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(processes, "activity", lambda _: world.activity)
        assert looks(world, *busy, seconds=BUSY_SECONDS / 2)[-1] is Reach.BUSY


def test_a_daemon_that_waits_for_its_disk_is_given_longer(world: World) -> None:
    world.role.busy_seconds, world.role.idle_seconds = math.inf, 60.0
    assert looks(world, *[(5, False)] * 4, (6, False), *[(6, False)] * 4, seconds=20.0)[:8] == [Reach.BUSY] * 8
    assert looks(world, *[(6, False)] * 5, seconds=20.0)[-1] is Reach.SILENT


def test_a_signer_hangs_when_it_was_silent_twice_in_a_row(world: World) -> None:
    looks(world, (5, True))
    assert not world.keeper.hung
    looks(world, (5, True), (6, False), (6, True))
    assert not world.keeper.hung
    looks(world, (5, True), (5, True))
    assert world.keeper.hung


def test_a_signer_that_was_killed_because_it_hung_has_fallen_and_the_next_one_does_not_hang(world: World) -> None:
    looks(world, (5, True), (5, True))
    play(world.keeper.kill())
    assert (world.keeper.falls, world.keeper.hung) == (1, False)

    async def start() -> None:
        world.keeper.prepare()
        assert not world.process.running, "not at once: it would be ended again and again"
        world.now += 2
        world.keeper.prepare()
        assert world.process.running

    play(start())
    assert not world.keeper.hung


def test_a_signer_that_was_killed_for_another_reason_has_not_fallen(world: World) -> None:
    play(world.up("KMD"))
    play(world.keeper.kill())
    assert (world.keeper.falls, world.keeper.penalised) == (0, False)
