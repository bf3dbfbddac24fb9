"""The ZooKeeper backend where the network does what it likes."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable, Coroutine, MutableSequence
from dataclasses import replace
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import pytest

from config.failover import servers_in, to_lines
from drills.inside import inside
from failover.clock import boottime
from failover.connection import Client
from failover.selector.base import LostError, NoQuorumError, SelectorError
from failover.selector.session import Session
from failover.selector.zookeeper import ZooKeeperSelector, ZooKeeperVerifier
from tests.failover.ensemble import Place, eventually
from tests.failover.zookeeper_world import FAST, World, only


def test_whoever_is_cut_off_is_told_fast_and_the_gate_too(world: World) -> None:
    far = world.at("eu-west", "far")
    one, gate = world.candidate("one", place=far), world.verifier(place=far)
    claim = far.run(eventually(one.acquire))
    assert far.run(eventually(lambda: gate.confirm_epoch(world.duty))).epoch == claim.epoch
    world.rig.network.cut_host(world.rig.place("eu-west", "far"))
    asked: list[Callable[[], Coroutine[Any, Any, Any]]] = [
        lambda: one.confirm(claim),
        lambda: gate.confirm_epoch(world.duty),
        lambda: one.release(claim, clean=True),
        one.acquire,
        one.view,
    ]
    for ask in asked:
        started = time.monotonic()
        with pytest.raises(NoQuorumError):
            far.run(ask())
        assert time.monotonic() - started < FAST
    world.rig.network.heal()
    assert far.run(eventually(lambda: gate.confirm_epoch(world.duty))).epoch == claim.epoch
    assert far.run(eventually(lambda: one.confirm(claim))) > 0


def test_a_follower_without_its_leader_still_answers_reads_and_confirms_nothing(world: World) -> None:
    rig = world.rig
    follower, leader = rig.followers()[0], rig.known_leader()
    near = world.at(rig.region_of(follower), f"near-{follower}")
    alone = only(rig.access("eu-west"), rig, follower)
    one, gate = world.candidate("one", alone, near), world.verifier(alone, near)
    claim = near.run(eventually(one.acquire))
    near.run(eventually(lambda: gate.confirm_epoch(world.duty)))
    others = [rig.region_of(number) for number in rig.numbers if number != follower]
    assert rig.region_of(leader) in others
    rig.network.isolate(rig.region_of(follower))
    seen = near.run(one.view()).holder
    assert seen
    assert seen.epoch == claim.epoch
    with pytest.raises(NoQuorumError):
        near.run(one.confirm(claim))
    with pytest.raises(NoQuorumError):
        near.run(gate.confirm_epoch(world.duty))


def test_under_steady_traffic_into_a_black_hole_kazoo_says_connected_and_we_do_not(world: World) -> None:
    rig, far = world.rig, world.at("eu-west", "hole")
    host, access = rig.place("eu-west", "hole"), rig.access("eu-west")
    one = world.candidate("one", place=far)
    claim = far.run(eventually(one.acquire))
    client = Client(access, random.Random(1))
    inside(host, lambda: client.start_async().wait(20))
    rig.network.cut_host(host)
    sent_at, flags = boottime(), list[str]()
    refused = 0
    while boottime() - sent_at < 1.5 * access.session_timeout_ms / 1000:
        inside(host, lambda: client.set_async("/", b""))
        time.sleep(0.2)  # the traffic's pace
        flags.append(str(client.state))
        with pytest.raises(NoQuorumError):
            far.run(one.confirm(claim))
        refused += 1
    assert set(flags) == {"CONNECTED"}, "kazoo has learned to notice: say so in the docs"
    assert refused > 2
    assert world.run(eventually(world.candidate("two").acquire)).epoch > claim.epoch
    rig.network.heal()
    with pytest.raises(LostError):
        far.run(eventually(lambda: one.confirm(claim)))
    inside(host, client.end)


class FirstOf(random.Random):
    """Shuffles so that the server of this name comes first."""

    name = ""

    def shuffle(self, x: MutableSequence[Any]) -> None:
        """Of tuples that begin with a name."""
        x[:] = sorted(x, key=lambda server: server[0] != self.name)


def test_a_frozen_server_whose_kernel_still_accepts_holds_up_no_other_connect(world: World) -> None:
    rig, here, order = world.rig, world.rig.place("eu-west", "client"), FirstOf()
    lost, frozen = (rig.server(number).host for number in rig.followers()[:2])
    reached = SimpleQueue[str]()
    order.name = lost
    client = Client(replace(rig.access("eu-west"), connect_timeout_ms=3_600_000), order, reached.put)
    number = rig.followers()[1]
    try:
        inside(here, lambda: client.start_async().wait(20))
        assert reached.get(timeout=20) == lost
        rig.pods[number].freeze()
        order.name = frozen
        client.drop()
        assert reached.get(timeout=20) not in (lost, frozen)
    finally:
        rig.pods[number].thaw()
        inside(here, client.end)


def test_a_client_that_runs_goes_to_the_servers_that_its_file_has_now(world: World, tmp_path: Path) -> None:
    rig, here, reached = world.rig, world.rig.place("eu-west", "client"), SimpleQueue[str]()
    first, last = rig.endpoint(rig.followers()[0]), rig.endpoint(rig.known_leader())
    access, file = rig.access("eu-west"), tmp_path / "servers"
    assert access.tls
    file.write_text(to_lines([first]))
    by_address = replace(access.tls, check_hostname=False)
    given = replace(access, servers=servers_in(str(file)), servers_file=str(file), tls=by_address)
    client = Client(given, random.Random(1), reached.put)
    try:
        inside(here, lambda: client.start_async().wait(20))
        assert f"{reached.get(timeout=20)}:2281" == first
        file.write_text("nothing of use")
        client.drop()
        assert f"{reached.get(timeout=20)}:2281" == first
        file.write_text(to_lines([last]))
        client.drop()
        assert f"{reached.get(timeout=20)}:2281" == last
    finally:
        inside(here, client.end)


def deaf(world: World, monkeypatch: pytest.MonkeyPatch) -> tuple[ZooKeeperSelector, Place]:
    """A candidate that hears no answer to its next transaction, which reaches the server all the same."""
    rig = world.rig
    near = world.at("eu-west", "deaf")
    server = rig.numbers[0]
    one = world.candidate("one", only(rig.access("eu-west"), rig, server), near)
    near.run(eventually(one.view))
    whole = Session.commit

    async def commit(self: Session, build: Callable[[Any], None]) -> None:
        if self is one._sessions._last:
            monkeypatch.setattr(Session, "commit", whole)
            ends = (rig.host(server).address, rig.place("eu-west", "deaf").address)
            rig.network._add_cuts([(f"{ends[0]}/32", f"{ends[1]}/32")])  # the servers go on hearing each other
        await whole(self, build)

    near.run(until_term(one))
    monkeypatch.setattr(Session, "commit", commit)
    return one, near


async def until_term(one: ZooKeeperSelector) -> None:
    """So that the next transaction is an acquisition, and the word before it is clean."""
    await one.release(await eventually(one.acquire), clean=True)


def test_an_acquisition_without_an_answer_is_never_taken_for_a_claim(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, near = deaf(world, monkeypatch)
    gate = world.verifier(world.rig.access("eu-west"))
    with pytest.raises(NoQuorumError):
        near.run(one.acquire())
    stray = world.run(eventually_held(gate, world.duty))
    world.rig.network.heal()
    claim = near.run(eventually(one.acquire))
    assert claim.epoch > stray
    assert not claim.clean, "the word was used up by the acquisition that nobody heard of"
    assert near.run(one.confirm(claim)) > 0


def test_what_an_acquisition_without_an_answer_left_is_given_up_when_the_connection_is_back(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, near = deaf(world, monkeypatch)
    two, session = world.candidate("two", world.rig.access("eu-west")), one._sessions.current
    with pytest.raises(NoQuorumError):
        near.run(one.acquire())
    world.rig.network.heal()
    claim = world.run(eventually(two.acquire))
    assert not claim.clean
    assert one._sessions.current is session, "it was given up, not expired"


async def eventually_held(gate: ZooKeeperVerifier, duty: str) -> int:
    async with asyncio.timeout(20):
        while True:
            try:
                return (await gate.confirm_epoch(duty)).epoch
            except SelectorError:
                await asyncio.sleep(0.05)
