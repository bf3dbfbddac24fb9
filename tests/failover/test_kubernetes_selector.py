"""The Lease backend on a real API server."""

from __future__ import annotations

import asyncio
import itertools
import threading
import time
from collections.abc import Coroutine, Iterator
from typing import Any, TypeVar

import pytest
from kubernetes import client as kube
from kubernetes import config as kubeconfig

from failover.model import Orders
from failover.selector.base import LostError, NoQuorumError, SelectorError, TakenError
from failover.selector.kubernetes import ALL_STOP, ORDERS, KubernetesSelector
from sandbox import Sandbox
from tests.failover.conformance import Conformance, candidacy
from tests.failover.ensemble import eventually, until

pytestmark = pytest.mark.sandbox
T = TypeVar("T")
NUMBERS = itertools.count()
NAMESPACE = "default"
SECONDS = 3.0


@pytest.fixture(scope="module")
def region(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """A running region, eu."""
    made = Sandbox(tmp_path_factory.mktemp("leases"), ["eu"], simulated=True)
    try:
        made.start(print)
        yield made
    finally:
        made.remove()


class World:
    """One fresh duty, and its candidates in one loop."""

    def __init__(self, region: Sandbox) -> None:
        self.duty = f"alice_EU.s{next(NUMBERS)}"
        configuration = kube.Configuration()
        kubeconfig.load_kube_config(str(region.kubeconfig("eu")), client_configuration=configuration)
        configuration.retries = 0
        self.api = kube.ApiClient(configuration)
        self.loop = asyncio.new_event_loop()
        self._made: list[KubernetesSelector] = []
        self._thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self._thread.start()

    def run(self, work: Coroutine[Any, Any, T], seconds: float = 60) -> T:
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(seconds)

    def candidate(self, name: str) -> KubernetesSelector:
        async def make() -> KubernetesSelector:
            return KubernetesSelector(self.api, NAMESPACE, self.duty, name, SECONDS)

        self._made.append(self.run(make()))
        return self._made[-1]

    def close(self) -> None:
        for made in self._made:
            self.run(made.close())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join()
        self.loop.close()


@pytest.fixture
def world(region: Sandbox) -> Iterator[World]:
    made = World(region)
    yield made
    region.resume("eu")
    made.close()


@pytest.fixture
def backend(world: World) -> World:
    return world


class TestConformance(Conformance):
    """With a real API server."""


def test_a_holder_that_says_nothing_is_outlived_and_its_claim_lost(world: World) -> None:
    one, two = world.candidate("one"), world.candidate("two")

    async def story() -> None:
        claim = await eventually(one.acquire)
        started = time.monotonic()
        with pytest.raises(TakenError):
            await two.acquire()
        new = await eventually(two.acquire)
        assert time.monotonic() - started > SECONDS
        assert new.epoch == claim.epoch + 1
        assert not new.clean
        with pytest.raises(LostError):
            await one.confirm(claim)
        await one.release(claim, clean=True)
        assert await two.confirm(new) > 0

    world.run(story())


def test_a_holder_that_renews_is_not_outlived(world: World) -> None:
    one, two = world.candidate("one"), world.candidate("two")

    async def story() -> None:
        claim = await eventually(one.acquire)
        end = time.monotonic() + 2 * SECONDS
        while time.monotonic() < end:
            await one.confirm(claim)
            with pytest.raises(TakenError):
                await two.acquire()
            await asyncio.sleep(SECONDS / 10)

    world.run(story())


def test_an_acquisition_that_nobody_heard_of_is_given_up_by_a_new_epoch(world: World) -> None:
    one = world.candidate("one")

    async def story() -> None:
        stray = await eventually(one.acquire)  # as if its answer had been lost
        claim = await one.acquire()
        assert claim.epoch == stray.epoch + 1
        assert not claim.clean
        with pytest.raises(LostError):
            await one.confirm(stray)

    world.run(story())


def test_a_frozen_api_server_is_told_fast(world: World, region: Sandbox) -> None:
    one = world.candidate("one")
    claim = world.run(eventually(one.acquire))
    region.pause("eu")
    for ask in (lambda: one.confirm(claim), one.acquire, one.view, lambda: one.release(claim, clean=True)):
        started = time.monotonic()
        with pytest.raises(NoQuorumError):
            world.run(ask())
        assert time.monotonic() - started < 2 * SECONDS
    region.resume("eu")


def test_orders_and_the_all_stop_are_read_and_bad_orders_are_an_error(world: World) -> None:
    one = world.candidate("one")
    leases = kube.CoordinationV1Api(world.api)

    def order(text: str) -> None:
        leases.patch_namespaced_lease(one._name, NAMESPACE, {"metadata": {"annotations": {ORDERS: text}}})

    async def story() -> None:
        claim = await eventually(one.acquire)
        order('{"drained": ["one"]}')
        assert (await one.view()).orders == Orders(drained=("one",))
        order('{"drained": ["two"], "handover_to": "one"}')
        await one.fulfil()
        assert (await one.view()).orders == Orders(drained=("two",))
        assert await one.confirm(claim) > 0, "an order is no reason to be lost"
        leases.create_namespaced_lease(NAMESPACE, {"metadata": {"name": ALL_STOP}})
        assert (await one.view()).all_stop
        leases.delete_namespaced_lease(ALL_STOP, NAMESPACE)
        assert not (await one.view()).all_stop
        order("{")
        with pytest.raises(SelectorError, match="give them again"):
            await one.view()

    world.run(story())


def test_a_candidacy_lives_as_long_as_its_candidate(world: World) -> None:
    one, two = world.candidate("one"), world.candidate("two")

    async def story() -> None:
        async def seen(wanted: int) -> bool:
            return len((await eventually(two.view)).candidates) == wanted

        await eventually(lambda: one.publish(candidacy("one")))
        end = time.monotonic() + 2 * SECONDS
        while time.monotonic() < end:
            assert await seen(1)
            await asyncio.sleep(SECONDS / 10)
        one._beating.cancel()  # dead, without a word
        await until(lambda: seen(0))

    world.run(story())
