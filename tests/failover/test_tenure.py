"""What comes with a claim."""

from __future__ import annotations

import asyncio
from typing import cast
from unittest.mock import Mock

from failover.agent.acting import Acting
from failover.agent.tenure import Calls, Hand, Tenure
from failover.lease import Lease
from failover.log import Log
from failover.model import Claim
from failover.observation import Act
from tests.failover.situations import TIMING


def test_the_last_call_that_a_drain_waits_for_is_told_at_once() -> None:
    claim = Claim(duty="alice.main", candidate="eu-west", epoch=7, term=1, clean=True)
    hand, wake = Hand(), Mock()
    hand.tenure = Tenure(claim=claim, acquired_at=0.0, lease=Lease.of_looks(TIMING))
    acting = Acting(
        hand, Mock(), Mock(), Mock(), TIMING, tell=Mock(), wake=wake, log=cast("Log", Mock()), clock=lambda: 3.0
    )

    async def story(calls: Calls) -> None:
        calls.sent(1.0)
        calls.sent(2.0)
        acting.begin(Act.DRAIN)
        while acting.busy:
            await asyncio.sleep(0)
        await asyncio.sleep(0)
        wake.reset_mock()
        calls.answered()
        assert not wake.called
        calls.answered()
        assert wake.called

    asyncio.run(story(hand.tenure.calls))
    assert hand.tenure.draining_since == 3.0
