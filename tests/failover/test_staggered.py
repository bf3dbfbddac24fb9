"""Connection attempts beside one another: which is taken, and what becomes of the others."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from socket import socket, socketpair

import pytest

from failover.staggered import first_of

SOON, NEVER = 0.001, 3600.0  # seconds; a delay that may pass, one that must not


class Attempts:
    """Sockets to be had; an attempt that hangs ends when it is let go."""

    def __init__(self) -> None:
        self.made: list[socket] = []
        self.let_go = threading.Event()
        self.begun: list[str] = []

    def good(self, name: str = "good") -> Callable[[], socket]:
        def attempt() -> socket:
            self.begun.append(name)
            self.made.extend(socketpair())
            return self.made[-2]

        return attempt

    def hangs(self) -> Callable[[], socket]:
        at_last = self.good("hangs")

        def attempt() -> socket:
            assert self.let_go.wait(20)
            return at_last()

        return attempt

    def close(self) -> None:
        self.let_go.set()
        for each in self.made:
            each.close()


@pytest.fixture
def attempts() -> Iterator[Attempts]:
    made = Attempts()
    yield made
    made.close()


def refused(why: str = "refused") -> socket:
    raise ConnectionRefusedError(why)


def test_one_that_hangs_holds_up_nobody_and_what_it_makes_later_is_closed(attempts: Attempts) -> None:
    number, taken = first_of([attempts.hangs(), attempts.good()], SOON)
    attempts.let_go.set()
    for thread in threading.enumerate():
        if thread.name == "staggered":
            thread.join(20)
    late = attempts.made[2]
    assert number == 1
    assert taken.fileno() >= 0
    assert attempts.begun == ["good", "hangs"]
    assert late.fileno() == -1


def test_the_next_begins_at_once_where_one_fails(attempts: Attempts) -> None:
    number, _ = first_of([refused, attempts.good()], NEVER)
    assert number == 1


def test_the_first_alone_is_tried_where_it_answers_in_time(attempts: Attempts) -> None:
    number, _ = first_of([attempts.good("first"), attempts.good("second")], NEVER)
    assert number == 0
    assert attempts.begun == ["first"]


def test_where_all_fail_the_last_error_is_raised() -> None:
    with pytest.raises(ConnectionRefusedError, match="the last"):
        first_of([lambda: refused("one"), lambda: refused("the last")], NEVER)


def test_an_error_of_any_kind_ends_an_attempt(attempts: Attempts) -> None:
    def no_name() -> socket:
        raise UnicodeError("label too long")

    assert first_of([no_name, attempts.good()], NEVER)[0] == 1
