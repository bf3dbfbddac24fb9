"""What is made of signatures by somebody else."""

from __future__ import annotations

import asyncio
from typing import Any

from failover.agent.tenure import Tenure
from failover.doppelganger import Lookout, refusal
from failover.lease import Lease, Timing
from failover.model import Candidacy, Claim, Holder, Orders, View
from failover.wire import CallError
from tests.failover.agent_world import PUBKEY

OURS, THEIRS = f"21{PUBKEY}ac", "21" + "03" + "cd" * 32 + "ac"
TIMES = Timing(session_timeout=2, tick=0.1, heartbeat=0.2, staleness=0.5, grace=1, apart=0.2)


def candidacy(name: str, reason: str = "healthy") -> Candidacy:
    return Candidacy(
        candidate=name, priority=1, standby="hot", healthy=reason == "healthy", settled=True, reason=reason
    )


def view(holder: str | None = None, *candidates: Candidacy) -> View:
    held = Holder(candidate=holder, epoch=7) if holder else None
    return View(holder=held, candidates=candidates, orders=Orders(), all_stop=False)


def tenure(term: int) -> Tenure:
    claim = Claim(duty="a.main", candidate="eu", epoch=1, term=term, clean=True)
    return Tenure(claim=claim, acquired_at=0.0, lease=Lease(timing=TIMES, counted_from=0.0))


BY_NAME = ("getblock", "getrawtransaction", "getblockheader", "gettransaction")


class Daemon:
    """Answers calls from a table; counts them."""

    def __init__(self, answers: dict[str, Any]) -> None:
        self.answers, self.asked = answers, list[str]()

    async def ask(self, method: str, *params: object) -> Any:
        self.asked.append(method)
        found = self.answers[method]
        if method == "gettransaction" and params[0] not in found:
            raise CallError(-5, "Invalid or non-wallet transaction id")
        return found[params[0]] if method in BY_NAME else found


def test_a_duty_that_the_fleet_never_held_has_no_recent_signatures() -> None:
    found = refusal(signed_at=900.0, term=1, vacant_since=None, now=1000.0)
    assert (
        found == "this notary's key signed 100 s ago, and this fleet never held the duty: somebody else signs with it"
    )
    assert refusal(signed_at=900.0, term=3, vacant_since=None, now=1000.0) is None
    assert refusal(signed_at=None, term=1, vacant_since=None, now=1000.0) is None
    assert refusal(signed_at=900.0, term=1, vacant_since=None, now=9000.0) is None


def test_a_signature_from_a_time_without_a_holder_is_somebody_elses() -> None:
    assert refusal(signed_at=2000.0, term=9, vacant_since=1000.0, now=2100.0) is not None
    assert refusal(signed_at=1500.0, term=9, vacant_since=1000.0, now=2100.0) is None, "the last holder's, mined late"


def test_what_one_candidate_found_in_the_first_term_the_others_heed() -> None:
    async def scene() -> None:
        async def signed() -> float | None:
            return 1000.0

        async def quiet() -> float | None:
            return None

        first, second = Lookout(signed, lambda: 1100.0), Lookout(quiet, lambda: 1100.0)
        assert first.refusal(None) == "the chain was not looked at yet for signatures by somebody else"
        looks = [asyncio.create_task(lookout.run()) for lookout in (first, second)]
        await asyncio.sleep(0)
        assert first.refusal(None) is None
        reason = first.refusal(tenure(1))
        assert reason
        assert first.refusal(None) == reason, "it stays, whoever holds the duty next"
        second.saw(view(None, candidacy("eu", reason)), "us")
        echo = second.refusal(tenure(3))
        assert echo == "eu has seen signatures that are not this fleet's"
        first.saw(view(None, candidacy("us", echo)), "eu")
        second.saw(view(None, candidacy("eu")), "us")
        assert second.refusal(tenure(3)) is None, "an echo of an echo would never end"
        for look in looks:
            look.cancel()

    asyncio.run(scene())


def test_a_refusal_ends_when_the_wallet_tells_that_the_signature_is_older() -> None:
    times = iter([2000.0, 900.0])

    async def signed() -> float | None:
        return next(times)

    async def scene() -> None:
        now = [1000.0]
        lookout = Lookout(signed, lambda: now[0])
        lookout.saw(view(), "us")
        now[0] = 2100.0
        assert await _reason_after_a_look(lookout) is not None
        assert await _reason_after_a_look(lookout) is None

    asyncio.run(scene())


async def _reason_after_a_look(lookout: Lookout) -> str | None:
    look = asyncio.create_task(lookout.run())
    await asyncio.sleep(0)
    look.cancel()
    return lookout.refusal(None)


def test_after_the_first_activation_own_signatures_are_no_reason() -> None:
    async def signed() -> float | None:
        return 1000.0

    lookout, held = Lookout(signed, lambda: 1100.0), tenure(1)
    held.activated = True
    assert lookout.refusal(held) is None
    assert lookout.refusal(None) is None
