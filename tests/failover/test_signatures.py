"""When a notary's key signed last: by its transactions' age, and by the checkpoint that moves."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from failover.doppelganger import refusal
from failover.signatures import Checkpoints, Notarisations
from failover.wire import UNREACHABLE, CallError
from tests.failover.agent_world import PUBKEY
from tests.failover.test_agent_lookout import OURS, THEIRS, Daemon


def spending(*sources: str) -> dict[str, Any]:
    says = {"scriptPubKey": {"hex": "6a04deadbeef"}}
    return {"txid": "n", "vin": [{"txid": source, "vout": 0} for source in sources], "vout": [says]}


def chain(*transactions: dict[str, Any]) -> Daemon:
    paid = {name: {"vout": [{"scriptPubKey": {"hex": script}}]} for name, script in (("o", OURS), ("t", THEIRS))}
    blocks = {
        "b2": {"time": 200, "previousblockhash": "b1", "tx": [*transactions]},
        # As btcd says that nothing was before; komodod leaves the field out.
        "b1": {"time": 100, "previousblockhash": "0" * 64, "tx": [{"vin": [{"coinbase": "00"}], "vout": []}]},
    }
    wallet: dict[str, Any] = {}
    return Daemon({"getbestblockhash": "b2", "getblock": blocks, "getrawtransaction": paid, "gettransaction": wallet})


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


def in_wallet(received: float, mined: float) -> dict[str, Any]:
    """As komodod's wallet and litecoind's tell it (`WalletTxToJSON`)."""
    return {"confirmations": 1, "blocktime": mined, "time": min(received, mined), "timereceived": received}


@pytest.mark.parametrize(
    ("seen", "mined", "refused"),
    [
        (990, 1000 + 720, False),  # signed before the vacancy, mined twelve minutes into it
        (1000 + 250, 1000 + 3000, False),  # its round had begun before
        (1000 + 700, 1000 + 720, True),  # signed while nobody of this fleet held the duty
        (1000 + 3000, 1000 + 720, True),  # found in a block by a daemon that was down: as old as that, at most
        (1000 + 3000, 1000 + 500, False),
    ],
)
def test_a_signature_is_as_old_as_its_transaction_and_not_as_its_block(
    seen: float, mined: float, refused: bool
) -> None:
    async def scene() -> float | None:
        daemon = chain(spending("t", "o"))
        daemon.answers["getblock"]["b2"]["time"] = mined
        daemon.answers["gettransaction"]["n"] = in_wallet(seen, mined)
        return await Notarisations(daemon.ask, PUBKEY).last_signed()

    signed_at = asyncio.run(scene())
    found = refusal(signed_at=signed_at, term=9, vacant_since=1000.0, now=1000.0 + 3600)
    assert (found is not None) is refused


def test_a_wallet_that_could_not_be_asked_does_not_make_a_signature_younger() -> None:
    async def scene() -> None:
        daemon = chain(spending("t", "o"))
        look = Notarisations(daemon.ask, PUBKEY)

        async def cut_off(method: str, *params: object) -> Any:
            if method == "gettransaction":
                raise CallError(UNREACHABLE, "the gate gave no answer")
            return await daemon.ask(method, *params)

        with pytest.raises(CallError):
            await Notarisations(cut_off, PUBKEY).last_signed()
        assert await look.last_signed() == 200.0

    asyncio.run(scene())


def test_a_transaction_that_the_wallet_learns_of_later_is_asked_for_again() -> None:
    async def scene() -> None:
        daemon = chain(spending("t", "o"))
        look = Notarisations(daemon.ask, PUBKEY)
        assert await look.last_signed() == 200.0, "without the wallet, the block's time"
        daemon.answers["gettransaction"]["n"] = in_wallet(150.0, 200.0)
        assert [await look.last_signed() for _ in range(3)] == [150.0] * 3
        assert daemon.asked.count("gettransaction") == 2, "what is known is not asked for again"

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
