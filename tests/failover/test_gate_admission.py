"""Whether a signing call may pass: the rule itself, the file that remembers, and the questions to the ensemble."""

from __future__ import annotations

import asyncio
import errno
import os
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as some

from failover.clock import boottime
from failover.gate.admission import admit
from failover.gate.confirming import Confirming
from failover.gate.highwater import NAME, HighWater, HighWaterError
from failover.model import Confirmation
from tests.failover.gate_world import DUTY, Verdicts, run, until


def verdict(
    epoch: int = 7, *, confirmed: int | None = 7, sent_at: float = 100, now: float = 101, highest: int = 7
) -> str:
    known = None if confirmed is None else Confirmation(epoch=confirmed, sent_at=sent_at)
    denial = admit(epoch, confirmation=known, now=now, staleness=2, highest=highest)
    return denial.kind if denial else "admitted"


def test_the_current_epoch_passes_while_its_confirmation_is_fresh() -> None:
    assert verdict() == "admitted"
    assert verdict(now=100) == "admitted"
    assert verdict(now=101.999) == "admitted"
    assert verdict(now=102) == "stale"
    assert verdict(now=99.9) == "stale"  # a time of another clock


def test_any_other_epoch_is_refused() -> None:
    assert verdict(6, highest=0) == "old"
    assert verdict(8) == "unknown"
    assert verdict(confirmed=None) == "unconfirmed"


def test_an_epoch_that_went_back_is_refused_though_the_ensemble_confirms_it() -> None:
    assert verdict(5, confirmed=5, highest=7) == "below-highest"


@given(some.integers(0, 9), some.integers(0, 9), some.floats(0, 10), some.floats(0, 10), some.integers(0, 9))
def test_what_passes_is_confirmed_fresh_and_not_below_the_highest(
    epoch: int, confirmed: int, sent_at: float, now: float, highest: int
) -> None:
    passes = verdict(epoch, confirmed=confirmed, sent_at=sent_at, now=now, highest=highest) == "admitted"
    assert passes == (epoch == confirmed and 0 <= now - sent_at < 2 and epoch >= highest)


def test_the_highest_epoch_outlives_a_restart_and_never_falls(tmp_path: Path) -> None:
    async def test() -> None:
        first = HighWater(tmp_path / "state")
        assert first.highest == 0
        await first.raise_to(1 << 62)
        await first.raise_to(5)
        assert HighWater(tmp_path / "state").highest == first.highest == 1 << 62

    run(test)


@pytest.mark.parametrize("content", [b"", b"7", b"7\n", b"7 00000000\n", b"\0" * 11, b"\xff\xfe", b"8 4e70a8f6\nx"])
def test_a_damaged_file_is_no_first_start(tmp_path: Path, content: bytes) -> None:
    (tmp_path / NAME).write_bytes(content)
    with pytest.raises(HighWaterError, match="highest-epoch is damaged"):
        HighWater(tmp_path)


def test_a_flipped_digit_is_found(tmp_path: Path) -> None:
    run(lambda: HighWater(tmp_path).raise_to(12345))
    text = (tmp_path / NAME).read_text()
    (tmp_path / NAME).write_text(text.replace("12345", "12344"))
    with pytest.raises(HighWaterError):
        HighWater(tmp_path)


def test_what_an_interrupted_write_left_does_not_count(tmp_path: Path) -> None:
    run(lambda: HighWater(tmp_path).raise_to(9))
    (tmp_path / f"{NAME}.new").write_bytes(b"1")
    again = HighWater(tmp_path)
    assert again.highest == 9
    run(lambda: again.raise_to(10))
    assert HighWater(tmp_path).highest == 10


def test_file_and_folder_are_synced_before_an_epoch_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real, seen = os.fsync, list[bool]()
    monkeypatch.setattr(os, "fsync", lambda fd: (seen.append(Path(f"/proc/self/fd/{fd}").is_dir()), real(fd)))
    run(lambda: HighWater(tmp_path).raise_to(9))
    assert seen == [False, True]


@pytest.mark.parametrize("fails", [1, 2])
def test_a_failed_sync_forgets_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fails: int) -> None:
    run(lambda: HighWater(tmp_path).raise_to(9))
    high_water, calls, real = HighWater(tmp_path), list[int](), os.fsync

    def broken(fd: int) -> None:
        calls.append(fd)
        if len(calls) == fails:
            raise OSError(errno.EIO, "Input/output error")
        real(fd)

    monkeypatch.setattr(os, "fsync", broken)
    with pytest.raises(OSError, match="Input/output"):
        run(lambda: high_water.raise_to(10))
    assert high_water.highest == 9
    assert HighWater(tmp_path).highest >= 9
    run(lambda: high_water.raise_to(10))
    assert HighWater(tmp_path).highest == 10


@pytest.mark.skipif(os.geteuid() != 0, reason="a full disk of our own needs a mount")
def test_a_full_disk_forgets_nothing(tmp_path: Path) -> None:
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16k", "tmpfs", tmp_path], check=True)
    try:
        high_water = HighWater(tmp_path)
        run(lambda: high_water.raise_to(9))
        filler = tmp_path / "filler"
        with pytest.raises(OSError, match="No space"):
            filler.write_bytes(b"x" * 65536)
        with pytest.raises(OSError, match="No space"):
            run(lambda: high_water.raise_to(10))
        assert high_water.highest == HighWater(tmp_path).highest == 9
        filler.unlink()
        run(lambda: high_water.raise_to(10))
        assert HighWater(tmp_path).highest == 10
    finally:
        subprocess.run(["umount", tmp_path], check=True)


def test_many_calls_ask_once() -> None:
    async def test() -> None:
        verdicts = Verdicts(gate=asyncio.Event())
        confirming = Confirming(verdicts, DUTY, 5, boottime)
        calls = [asyncio.create_task(confirming.refresh_for(7)) for _ in range(100)]
        await until(lambda: verdicts.asked == 1)
        assert verdicts.gate
        verdicts.gate.set()
        await asyncio.gather(*calls)
        assert verdicts.asked == 1

    run(test)


def test_a_call_that_came_after_the_question_does_not_take_its_old_answer_for_the_last_word() -> None:
    async def test() -> None:
        verdicts = Verdicts(epoch=7, gate=asyncio.Event())
        confirming = Confirming(verdicts, DUTY, 5, boottime)
        before = asyncio.create_task(confirming.refresh_for(7))
        await until(lambda: verdicts.asked == 1)
        after = asyncio.create_task(confirming.refresh_for(8))
        assert verdicts.gate
        verdicts.gate.set()
        await before
        verdicts.epoch = 8
        await after
        assert confirming.latest
        assert (confirming.latest.epoch, verdicts.asked) == (8, 2)

    run(test)


def test_the_next_question_goes_out_while_calls_still_pass_and_none_without_calls() -> None:
    async def test() -> None:
        now, verdicts = [boottime()], Verdicts()
        confirming = Confirming(verdicts, DUTY, 4, lambda: now[0])
        confirming.latest = Confirmation(epoch=7, sent_at=now[0])
        now[0] += 1.9
        await confirming.refresh_for(7)
        await asyncio.sleep(0)
        assert verdicts.asked == 0
        now[0] += 0.2
        await confirming.refresh_for(7)
        assert verdicts.asked == 0  # nobody waited for it
        await until(lambda: verdicts.asked == 1)
        now[0] += 100
        await asyncio.sleep(0.05)
        assert verdicts.asked == 1
        await confirming.close()

    run(test)


def test_a_call_that_comes_when_the_confirmation_is_about_to_run_out_waits_for_the_next_one() -> None:
    """Such a call was let in, and refused when its bytes were due."""

    async def test() -> None:
        now, verdicts = [boottime()], Verdicts()
        confirming = Confirming(verdicts, DUTY, 4, lambda: now[0])
        confirming.latest = Confirmation(epoch=7, sent_at=now[0])
        now[0] += 3.99
        await confirming.refresh_for(7)
        assert verdicts.asked == 1
        await confirming.close()

    run(test)


def test_callers_that_nothing_satisfies_do_not_flood_the_ensemble() -> None:
    async def test() -> None:
        verdicts = Verdicts(epoch=7)
        confirming = Confirming(verdicts, DUTY, 1, boottime)
        until_then = boottime() + 0.5
        while boottime() < until_then:
            await confirming.refresh_for(99)
        assert 1 <= verdicts.asked <= 12

    run(test)


def test_a_backend_that_breaks_refuses_and_recovers() -> None:
    async def test() -> None:
        verdicts = Verdicts()
        broken = Verdicts.confirm_epoch

        async def fail(duty: str) -> Confirmation:
            raise RuntimeError(duty)

        verdicts.confirm_epoch = fail  # type: ignore[method-assign]
        confirming = Confirming(verdicts, DUTY, 1, boottime)
        await confirming.refresh_for(7)
        assert (confirming.latest, confirming.failure) == (None, "RuntimeError while asking")
        verdicts.confirm_epoch = broken.__get__(verdicts)  # type: ignore[method-assign]
        await confirming.refresh_for(7)
        assert confirming.latest

    run(test)
