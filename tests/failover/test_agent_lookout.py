"""Signatures by somebody else, and readings of daemons."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from failover.agent.tenure import Tenure
from failover.doppelganger import Lookout, refusal
from failover.health import Reach
from failover.lease import Lease, Timing
from failover.model import Candidacy, Claim, Holder, Orders, View
from failover.observers import DaemonObserver
from failover.signatures import Checkpoints, Notarisations
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


class Daemon:
    """Answers calls from a table; counts them."""

    def __init__(self, answers: dict[str, Any]) -> None:
        self.answers, self.asked = answers, list[str]()

    async def ask(self, method: str, *params: object) -> Any:
        self.asked.append(method)
        found = self.answers[method]
        return found[params[0]] if method in ("getblock", "getrawtransaction", "getblockheader") else found


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


def test_after_the_first_activation_own_signatures_are_no_reason() -> None:
    async def signed() -> float | None:
        return 1000.0

    lookout, held = Lookout(signed, lambda: 1100.0), tenure(1)
    held.activated = True
    assert lookout.refusal(held) is None
    assert lookout.refusal(None) is None


def spending(*sources: str) -> dict[str, Any]:
    says = {"scriptPubKey": {"hex": "6a04deadbeef"}}
    return {"vin": [{"txid": source, "vout": 0} for source in sources], "vout": [says]}


def chain(*transactions: dict[str, Any]) -> Daemon:
    paid = {name: {"vout": [{"scriptPubKey": {"hex": script}}]} for name, script in (("o", OURS), ("t", THEIRS))}
    blocks = {
        "b2": {"time": 200, "previousblockhash": "b1", "tx": [*transactions]},
        # As btcd says that nothing was before; komodod leaves the field out.
        "b1": {"time": 100, "previousblockhash": "0" * 64, "tx": [{"vin": [{"coinbase": "00"}], "vout": []}]},
    }
    return Daemon({"getbestblockhash": "b2", "getblock": blocks, "getrawtransaction": paid})


@pytest.mark.parametrize(
    ("transaction", "signed_at"),
    [
        (spending("t", "o"), 200.0),
        (spending("t", "t"), None),
        (spending("o"), None),
        ({**spending("o", "t"), "vout": [{"scriptPubKey": {"hex": OURS}}]}, None),
    ],
)
def test_a_notarisation_that_spends_what_is_paid_to_the_key_was_signed_by_it(
    transaction: dict[str, Any], signed_at: float | None
) -> None:
    async def scene() -> None:
        daemon = chain(transaction)
        look = Notarisations(daemon.ask, PUBKEY)
        assert await look.last_signed() == signed_at
        before = daemon.asked.count("getblock")
        assert await look.last_signed() == signed_at
        assert daemon.asked.count("getblock") == before == 2, "a block is read once"

    asyncio.run(scene())


def test_a_checkpoint_that_moves_was_signed_just_now() -> None:
    async def scene() -> None:
        heights = iter([None, 90, 90, 91, 91])

        async def held() -> int | None:
            return next(heights)

        times = iter([5.0])
        look = Checkpoints(held, lambda: next(times))
        assert [await look.last_signed() for _ in range(5)] == [None, None, None, 5.0, 5.0]

    asyncio.run(scene())


def healthy() -> Daemon:
    return Daemon(
        {
            "getblockchaininfo": {"blocks": 100, "bestblockhash": "aa"},
            "getpeerinfo": [{"startingheight": 101, "synced_headers": -1}, {"startingheight": 90}],
            "getblockheader": {"aa": {"time": 1000}},
            "getwalletinfo": {"txcount": 3},
            "listunspent": [
                {"amount": 0.0001, "scriptPubKey": OURS},
                {"amount": 0.0001, "scriptPubKey": THEIRS},
                {"amount": 5.0, "scriptPubKey": OURS},
            ],
            "getbalance": 12.5,
        }
    )


def test_a_daemon_is_read_as_it_is() -> None:
    daemon = healthy()
    observer = DaemonObserver("KMD", daemon.ask, pubkey=PUBKEY, now=lambda: 1060.0)
    found = asyncio.run(observer.read())
    assert (found.reach, found.height, found.best_height, found.peers) == (Reach.ANSWERS, 100, 101, 2)
    assert (found.block_age, found.utxos, found.funds) == (60.0, 1, 12.5)


def test_a_wallet_that_has_no_key_yet_says_nothing() -> None:
    daemon = healthy()
    daemon.answers["getwalletinfo"] = {"txcount": 0}
    found = asyncio.run(DaemonObserver("KMD", daemon.ask, pubkey=PUBKEY).read())
    assert (found.reach, found.utxos, found.funds) == (Reach.ANSWERS, None, None)


def test_a_daemon_that_answers_nonsense_is_silent() -> None:
    daemon = healthy()
    daemon.answers["getblockchaininfo"] = {}
    found = asyncio.run(DaemonObserver("KMD", daemon.ask).read())
    assert found.reach is Reach.SILENT
