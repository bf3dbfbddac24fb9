"""One ensemble for all of these tests; each test has duties of its own and mends what it broke."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from drills.rig import Rig
from sandbox.network import unavailable
from tests.failover import ensemble
from tests.failover.zookeeper_world import World


@pytest.fixture(scope="package")  # and no longer: all servers of a machine share its 128 inotify instances
def whole_rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    """A running ensemble."""
    if reason := unavailable():
        pytest.skip(reason)
    folder: Path = tmp_path_factory.mktemp("ensemble")
    with ensemble.running(folder) as rig:
        yield rig


@pytest.fixture
def rig(whole_rig: Rig) -> Iterator[Rig]:
    """As it is, and again as it was once the test is through."""
    yield whole_rig
    whole_rig.network.heal()
    whole_rig.wait_serving()


@pytest.fixture
def world(rig: Rig) -> Iterator[World]:
    """Candidates and gates of one fresh duty. What is not about ZooKeeper has a world of its own."""
    made = World(rig)
    yield made
    rig.network.heal()
    made.close()


@pytest.fixture(scope="session")
def chain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """litecoind's data directory, for copies: the notary has coins there, and no wallet is made."""
    from tests.failover.litecoind_world import make_chain  # it brings along what few of these tests need

    folder: Path = tmp_path_factory.mktemp("litecoin")
    asyncio.run(make_chain(folder))
    return folder
