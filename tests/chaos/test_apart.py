"""Signers that go on beside their successors are found, whether the gates let them through or not."""

from __future__ import annotations

from pathlib import Path

from chaos.apart import AFTER_SECONDS, Turn, check, read
from chaos.stamps import SECOND, Strike


def turn(signer: str, first: float, last: float, duty: str = "alice.main") -> Turn:
    return Turn(duty=duty, signer=signer, first=round(first * SECOND), last=round(last * SECOND))


def strike(kind: str, begin: float, end: float) -> Strike:
    return Strike(number=0, kind=kind, told="", begin=round(begin * SECOND), end=round(end * SECOND))


def test_one_after_another_is_right() -> None:
    assert check([turn("b", 11, 20), turn("a", 0, 10), turn("c", 5, 15, duty="bob.main")], []) == []


def test_two_at_once_are_found_with_how_long() -> None:
    (found,) = check([turn("b", 11, 20), turn("a", 0, 11.5)], [strike("freeze-agent", 5, 9)])
    assert str(found) == "apart: alice.main: a went on for 0.500 s beside b"


def test_nothing_is_asked_where_the_watchdog_was_struck_shortly_before() -> None:
    turns = [turn("b", 11, 20), turn("a", 0, 11.5)]
    assert check(turns, [strike("freeze-host", 5, 9)]) == []
    far = [turn("b", 11 + AFTER_SECONDS, 40), turn("a", 0, 11.5 + AFTER_SECONDS)]
    assert len(check(far, [strike("freeze-host", 5, 9)])) == 1


def test_attempts_are_read_by_signer(tmp_path: Path) -> None:
    path = tmp_path / "attempts"
    path.write_text("alice.main/eu-west/1/2 5\nalice.main/eu-west/9/9 7\nalice.main/eu-west/1/2 6\n")
    turns = read("alice.main", path)
    assert [(found.signer, found.first, found.last) for found in turns] == [
        ("alice.main/eu-west/1/2", 5, 6),
        ("alice.main/eu-west/9/9", 7, 7),
    ]
    assert read("alice.main", tmp_path / "none") == []
