"""Which signing calls reach the daemon: over real sockets, with a verifier that obeys the test."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from failover import wire
from failover.wire import DUTY_HEADER, EPOCH_HEADER
from tests.failover.gate_world import DUTY, READ, SIGN, error, run, world


def test_the_holders_calls_reach_the_daemon_with_the_gates_own_password(tmp_path: Path) -> None:
    async def test() -> None:
        async with world(tmp_path) as it:
            assert (await it.call(SIGN, 7))["result"] == "done"
            assert it.daemon.executed == ["signrawtransaction"]
            assert it.daemon.authorizations == {"Basic dXNlcjpnZWhlaW0="}

    run(test)


@pytest.mark.parametrize(
    ("headers", "sentence"),
    [
        ({}, "must name the duty"),
        ({DUTY_HEADER: DUTY}, "must carry its epoch"),
        ({EPOCH_HEADER: "7"}, "must name the duty"),
        ({DUTY_HEADER: "nutella.3p", EPOCH_HEADER: "7"}, "must name the duty"),
        ({DUTY_HEADER: DUTY, EPOCH_HEADER: "six"}, "must carry its epoch"),
        ({DUTY_HEADER: DUTY, EPOCH_HEADER: "-7"}, "must carry its epoch"),
        ({DUTY_HEADER: DUTY, EPOCH_HEADER: "6"}, "epoch 6 is over: the current one is 7"),
        ({DUTY_HEADER: DUTY, EPOCH_HEADER: "8"}, "epoch 8 is unknown: the current one is 7"),
        ({DUTY_HEADER: DUTY, EPOCH_HEADER: "9" * 19}, "is unknown"),
    ],
)
def test_a_signing_call_without_the_current_epoch_is_refused(
    tmp_path: Path, headers: dict[str, str], sentence: str
) -> None:
    async def test() -> None:
        async with world(tmp_path) as it:
            for call in (SIGN, {"id": 1, "method": "brandnewcall"}):
                status, found = await it.raw(json.dumps(call).encode(), **headers)
                code, message = error(found)
                assert (status, code, found["id"]) == (500, wire.REFUSED, call["id"])
                assert message.startswith("gate: ")
                assert sentence in message
            assert it.daemon.executed == []
            # What was refused has not shut out the true holder.
            assert (await it.call(SIGN, 7))["result"] == "done"

    run(test)


def test_forbidden_calls_are_refused_even_to_the_holder(tmp_path: Path) -> None:
    async def test() -> None:
        async with world(tmp_path) as it:
            for method in ("dumpprivkey", "stop", "z_exportwallet"):
                code, message = error(await it.call({"id": 1, "method": method}, 7))
                assert (code, message) == (wire.FORBIDDEN, f"gate: {method}: never through a gate")
            assert it.daemon.executed == []

    run(test)


def test_one_refused_call_refuses_the_whole_batch_with_an_answer_for_each(tmp_path: Path) -> None:
    async def test() -> None:
        async with world(tmp_path) as it:
            found = await it.call([READ, SIGN])
            assert [item["id"] for item in found] == [1, "jl777"]
            assert {error(item)[0] for item in found} == {wire.REFUSED}
            assert it.daemon.executed == []
            await it.call([READ, SIGN], 7)
            assert it.daemon.executed == ["getinfo", "signrawtransaction"]

    run(test)


def test_an_ambiguous_request_never_reaches_the_daemon(tmp_path: Path) -> None:
    async def test() -> None:
        async with world(tmp_path) as it:
            for body in (b'{"method":"getinfo","method":"signmessage"}', b'{"method":"getinfo","METHOD":"stop"}', b"x"):
                status, found = await it.raw(body)
                assert (status, error(found)[0], found["id"]) == (500, -32600, None)
            assert it.daemon.executed == []

    run(test)


def test_reading_needs_neither_epoch_nor_quorum(tmp_path: Path) -> None:
    async def test() -> None:
        async with world(tmp_path) as it:
            it.verdicts.quorum = False
            assert (await it.call(READ))["result"] == "done"
            assert it.verdicts.asked == 0
            code, message = error(await it.call(SIGN, 7))
            assert (code, message) == (wire.REFUSED, "gate: no epoch is confirmed (no server answers)")

    run(test)


def test_a_new_holder_is_served_at_once_and_the_old_one_no_more(tmp_path: Path) -> None:
    async def test() -> None:
        async with world(tmp_path) as it:
            await it.call(SIGN, 7)
            it.verdicts.epoch = 8
            assert (await it.call(SIGN, 8))["result"] == "done"
            assert "epoch 7 is over" in error(await it.call(SIGN, 7))[1]
            assert it.daemon.executed == ["signrawtransaction"] * 2

    run(test)


def test_a_duty_that_nobody_holds_lets_nobody_sign(tmp_path: Path) -> None:
    async def test() -> None:
        async with world(tmp_path) as it:
            it.verdicts.epoch = None
            assert "nobody holds the duty" in error(await it.call(SIGN, 7))[1]
            assert it.daemon.executed == []

    run(test)


def test_a_signing_call_is_never_sent_twice(tmp_path: Path) -> None:
    async def test() -> None:
        async with world(tmp_path) as it:
            await it.call(SIGN, 7)
            it.daemon.cut = True
            code, message = error(await it.call(SIGN, 7))
            assert code == wire.UNREACHABLE
            assert "may have been executed" in message
            assert it.daemon.executed == ["signrawtransaction"] * 2

    run(test)


def test_a_daemon_that_is_away_is_said_to_have_got_nothing(tmp_path: Path) -> None:
    async def test() -> None:
        async with world(tmp_path) as it:
            await it.daemon.stop()
            for call, epoch in ((READ, None), (SIGN, 7)):
                code, message = error(await it.call(call, epoch))
                assert code == wire.GONE
                assert "nothing was sent" in message
            assert (await it.health("/readyz"))[0] == 200
            await it.daemon.start()
            assert (await it.call(SIGN, 7))["result"] == "done"

    run(test)
