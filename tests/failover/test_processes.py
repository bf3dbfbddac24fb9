"""What /proc tells of a signer's family: how much CPU it has had, and whether it stands still."""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from failover import processes
from failover.processes import MARK, Family
from tests.failover.agent_world import state

SPINS = "import time\nwhile time.sleep(0.001) is None: sum(range(1000))"


@contextmanager
def family(command: list[str]) -> Iterator[Family]:
    """A leader in a group of its own, as a signer is started."""
    mark = secrets.token_hex(8)
    made = subprocess.Popen(command, start_new_session=True, env={**os.environ, MARK: mark})
    leader = processes.identify(made.pid)
    assert leader
    found = Family(leader=leader, mark=mark)
    try:
        yield found
    finally:
        assert processes.kill(found, 10, time.monotonic)
        made.wait()


def soon(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline, "not within 30 s"
        time.sleep(0.02)


def work(found: Family) -> int:
    return processes.activity(found)[0]


def test_a_family_that_computes_has_done_more_whenever_it_is_looked_at() -> None:
    with family(["sh", "-c", f"{sys.executable} -c '{SPINS}' & wait"]) as found:
        before = work(found)
        soon(lambda: work(found) > before + 2)  # the child's: the leader itself only waits
        assert processes.activity(found)[1] is False


def test_a_family_that_waits_and_looks_again_works_though_it_uses_hardly_any_cpu() -> None:
    with family([sys.executable, "-c", "import time\nwhile True: time.sleep(0.02)"]) as found:
        soon(lambda: state(found.leader.pid) == "S")
        before = work(found)
        soon(lambda: work(found) > before + 5)


def test_a_family_that_waits_for_one_thing_does_nothing() -> None:
    with family(["sleep", "600"]) as found:
        soon(lambda: state(found.leader.pid) == "S")
        time.sleep(0.3)
        before = work(found)
        time.sleep(0.3)
        assert processes.activity(found) == (before, False)


def test_a_leader_that_is_stopped_is_told_from_one_that_waits() -> None:
    with family([sys.executable, "-c", SPINS]) as found:
        soon(lambda: work(found) > 0)
        os.kill(found.leader.pid, signal.SIGSTOP)
        soon(lambda: processes.activity(found)[1])
        before = work(found)
        time.sleep(0.3)
        assert processes.activity(found) == (before, True)
        os.kill(found.leader.pid, signal.SIGCONT)
        soon(lambda: not processes.activity(found)[1] and work(found) > before)


def test_a_family_that_is_gone_has_neither() -> None:
    with family(["true"]) as found:
        soon(lambda: state(found.leader.pid) in "ZX")
        assert processes.activity(found) == (0, False)
