"""The parts of `bench.failover` beside the takeovers: the gate, its callers, black holes, many duties, the table."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from bench import results
from bench.failover import blackhole, duties, gate
from bench.failover.racers import Seat
from bench.failover.stats import Target, medians, spread
from bench.failover.wires import Pool, flat_out, paced, request_of
from bench.failover.wires import Target as Way


def test_what_the_gate_adds_is_the_median_of_differences() -> None:
    def one(daemon: float, through: float) -> dict[str, dict[str, float]]:
        return {"daemon": {"p50_ms": daemon, "p99_ms": daemon}, "gate": {"p50_ms": through, "p99_ms": through + 2}}

    rounds = [one(1, 1.5), one(2, 2.9), one(5, 9)]
    assert gate.difference("gate", "p50_ms", rounds) == pytest.approx(0.9)
    lost = {"made_without_answer": 1}
    assert [target.kept for target in gate.targets(rounds, lost)] == [True, True, False]
    assert [target.kept for target in gate.targets([one(1, 2.1)], {"made_without_answer": 0})] == [False, False, True]


def test_nginx_is_a_plain_proxy_that_keeps_its_connections(tmp_path: Path) -> None:
    text = gate.configuration(tmp_path)
    assert "keepalive 32" in text
    assert f"listen 127.0.0.1:{gate.NGINX_PORT}" in text
    assert text.count("{") == text.count("}")


def test_a_request_is_whole() -> None:
    head, _, body = request_of(Way(host="h", port=1, headers={"X-Notary-Epoch": "7"}), 42).partition(b"\r\n\r\n")
    assert json.loads(body)["id"] == 42
    assert f"Content-Length: {len(body)}".encode() in head
    assert b"X-Notary-Epoch: 7" in head


def test_a_call_that_had_to_wait_is_counted_from_when_it_was_due() -> None:
    gone = asyncio.Lock()

    async def slow(_: int) -> None:
        async with gone:
            await asyncio.sleep(0.02)

    found = asyncio.run(paced(slow, 1000, 0.01))
    assert len(found) == 10
    assert max(found) > 100, "the tenth of ten calls of 20 ms each waits for nine"


def test_so_many_calls_are_under_way_as_were_asked_for() -> None:
    under_way, most = 0, 0

    async def one(_: int) -> None:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        await asyncio.sleep(0.001)
        under_way -= 1

    asyncio.run(flat_out(one, 7, 0.05))
    assert most == 7


async def answered(answer: bytes) -> Pool:
    """A pool after one call of a server that gives this answer and hangs up."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        pool = Pool(Way(host="127.0.0.1", port=server.sockets[0].getsockname()[1]))
        await pool.call(5)
    return pool


def test_a_call_is_told_from_one_whose_answer_is_lost() -> None:
    well = asyncio.run(answered(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"))
    assert (well.statuses[200], well.broken) == (1, [])
    for cut in (b"", b"HTTP/1.1 200 OK\r\nContent-Le", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{}"):
        assert asyncio.run(answered(cut)).broken == [5], cut


def test_a_refusal_is_an_answer_and_no_lost_call() -> None:
    pool = asyncio.run(answered(b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 2\r\n\r\n{}"))
    assert (pool.outcomes, pool.broken) == ({"refused": 1}, [])


def test_a_call_that_was_never_sent_is_no_lost_call() -> None:
    async def nobody() -> Pool:
        pool = Pool(Way(host="127.0.0.1", port=1))
        await pool.call(5)
        return pool

    pool = asyncio.run(nobody())
    assert (pool.broken, pool.outcomes) == ([], {"no connection": 1})


def test_a_gate_that_is_open_after_the_lease_is_late_and_a_trial_without_attempts_shows_nothing() -> None:
    early, late = (blackhole.Trial(open_s=open_s, lease_s=4.5, attempts=9) for open_s in (0.9, 4.6))
    assert (early.closed, late.closed) == (True, False)
    with pytest.raises(ValueError, match="no call was tried"):
        _ = blackhole.Trial(open_s=0.9, lease_s=4.5, attempts=0).closed
    beside = [{"flag_open": 1.0, "calls_after": 25.0}]
    assert [item["kept"] for item in blackhole.result([early, early], beside)["verdicts"]] == [True]
    found = blackhole.result([early, late], beside)
    assert [(item["found"], item["kept"]) for item in found["verdicts"]] == [(1, False)]
    assert "1 of 1 black holes; its signer, which nothing fences, made 25 calls" in found["notes"][-1]


def test_duties_that_are_not_taken_over_are_told_of() -> None:
    told = duties.outcome(499, 500, 0, spread([11.0, 12.0]), 1.5, False)
    assert told[0].startswith("499 of 500 duties were taken over, not all; beyond the session of 10 s: p50 1.00 s")


def test_the_doubles_command_names_the_candidate() -> None:
    seat = Seat(duty="kazoo", region="eu-west", folder=Path(), host=None, api_port=1, rpc_port=2)
    words = seat.signer
    assert words[words.index("--name") + 1] == "kazoo/eu-west"
    assert words[-1] == "KMD=127.0.0.1:2"


def test_spreads_stand_in_the_table_of_results() -> None:
    found = {
        **results.document("failover-takeover", True, {}, {"comparisons": {}, "notes": []}),
        "spreads": {"host lost": {"fleet": medians([{"gap_s": 6.25}, {"gap_s": 6.75}])}},
        "verdicts": [Target(what="host lost", found=6.75, at_most=6.0).as_dict()],
    }
    lines = list(results.table([found]))
    assert "| host lost | fleet | seconds without an active signer | 6.25 | 6.75 | 2 |" in lines
    assert any(line.startswith("- Target **missed**: host lost") for line in lines)
