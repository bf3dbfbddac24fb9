"""End to end with a real node of Bitcoin's family: what a signer that was left behind signs, no node ever gets."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from doubles.iguana_daemons import RefusedError
from failover import wire
from sandbox import toolchain
from tests.failover.agent_world import runs
from tests.failover.btcd_world import Fleet, Region, eventually
from tests.failover.coins import identifier

EVERYTHING = ("signer", "agent", "watchdog")


@pytest.fixture(scope="session")
def btcd() -> Path:
    """The node, built at the first time."""
    return toolchain.ensure(["btcd"], print)["btcd"]


def play(fleet: Fleet, scene: Callable[[], Awaitable[None]]) -> None:
    async def act() -> None:
        try:
            await fleet.start()
            await scene()
        finally:
            await fleet.end()

    asyncio.run(act())


async def freeze_before_sending(fleet: Fleet) -> tuple[str, int]:
    """The first candidate stands still with a signed transaction in its hand, and its session ends: that, the epoch."""
    first = fleet.regions[0]
    (first.folder / "hold").touch()
    await fleet.confirm(first.sent()[0])  # the block begins the next round
    await eventually(lambda: len(first.signed()) == 2, "the second round's transaction is signed")
    holder = fleet.ledger.now["holder"]
    with fleet.ledger.open():  # else one may stand still with the ledger's lock in its hand
        first.send_signal(signal.SIGSTOP, *reversed(EVERYTHING))
        await eventually(lambda: first.stands_still(*EVERYTHING), "the first candidate stands still")
    fleet.ledger.end_session(holder["session"])  # as the ensemble does when nothing more is heard
    return first.signed()[1], holder["epoch"]


async def wake_up(first: Region) -> None:
    """Iguana before its agent: the call lies in the agent's socket when that wakes up too."""
    (first.folder / "hold").unlink()
    first.send_signal(signal.SIGCONT, "signer")
    await eventually(lambda: first.called().count("sendrawtransaction") == 2, "it sends what it has signed")
    first.send_signal(signal.SIGCONT, "agent", "watchdog")
    await eventually(lambda: len(first.answers()) > 1 or not runs(first.signer_pids()[0]), "it is answered, or ended")


def test_a_frozen_signers_transaction_reaches_no_node_once_another_has_taken_over(btcd: Path, tmp_path: Path) -> None:
    fleet = Fleet(btcd, tmp_path)
    first, second = fleet.regions

    async def scene() -> None:
        first.start("watchdog")
        first.start("agent")
        await eventually(lambda: len(first.sent()) == 1, "the first candidate's transaction is taken")
        second.start("watchdog")
        second.start("agent")
        await eventually(lambda: "signer prepared" in second.events("agent"), "the second is a hot standby")
        stale, epoch = await freeze_before_sending(fleet)
        await eventually(lambda: len(second.sent()) == 1, "the second candidate's transaction is taken")
        after = fleet.ledger.now["holder"]
        assert (after["candidate"], after["epoch"] > epoch) == ("us-east", True)
        await fleet.confirm(second.sent()[0])

        await wake_up(first)
        assert len(first.sent()) == 1, first.answers()
        # What had left the agent before it was frozen comes to the gate with the epoch of then.
        with pytest.raises(RefusedError, match=f"gate: epoch {epoch} is over") as refused:
            await first.call_gate("sendrawtransaction", [stale], epoch)
        assert refused.value.code == wire.REFUSED
        assert not [node for node in fleet.nodes if identifier(stale) in node.mempool()]

        # The control: nothing but the gate kept it out.
        assert fleet.nodes[0].ask("sendrawtransaction", stale) == identifier(stale)
        assert identifier(stale) in fleet.nodes[0].mempool()

    play(fleet, scene)
