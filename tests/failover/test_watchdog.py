"""The watchdog's verdict and its aim: it kills what was named, never what has got its number."""

from __future__ import annotations

import dataclasses
import fcntl
import os
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from config.failover import AgentConfig, EnsembleAccess
from failover import deadline as deadlines
from failover import processes
from failover.clock import boottime
from failover.deadline import Deadline, Session
from failover.log import Log
from failover.processes import Family, ProcessId
from failover.watchdog import Watchdog, verdict
from tests.failover.agent_world import World


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    made = subprocess.Popen(["sleep", "600"], start_new_session=True)
    yield made
    made.kill()
    made.wait()


def known(pid: int) -> ProcessId:
    found = processes.identify(pid)
    assert found
    return found


def test_a_signer_may_live_until_its_deadline_and_only_beside_its_agent() -> None:
    process = ProcessId(pid=1, started=1)
    told = Deadline(agent=process, signer=Family(leader=process, mark="m"), ends_at=10.0)
    assert verdict(told, True, 9.9) is None
    assert verdict(told, True, 10.0) == "the deadline passed 0.000 s ago"
    assert verdict(told, False, 1.0) == "the agent is gone"
    assert verdict(dataclasses.replace(told, ends_at=None), True, 1e9) is None


def test_a_process_that_got_the_number_of_a_dead_one_is_not_killed(sleeper: subprocess.Popen[bytes]) -> None:
    right = known(sleeper.pid)
    reused = Family(leader=dataclasses.replace(right, started=right.started - 1), mark="nobody's")
    assert processes.members(reused) == []
    assert processes.kill(reused, 1.0, boottime)
    assert sleeper.poll() is None
    assert processes.open_pidfd(reused.leader) is None
    assert processes.kill(Family(leader=right, mark="nobody's"), 5.0, boottime)
    assert not processes.alive(right)


def test_one_that_left_group_and_session_is_known_by_its_mark() -> None:
    environment = {**os.environ, processes.MARK: "right"}
    stray = subprocess.Popen(["sleep", "600"], start_new_session=True, env=environment)
    try:
        other = ProcessId(pid=2**22 + 1, started=1)
        assert processes.members(Family(leader=other, mark="righ")) == []
        assert processes.kill(Family(leader=other, mark="right"), 5.0, boottime)
        assert stray.wait(5) == -9
    finally:
        stray.kill()


def test_the_deadline_file_comes_back_as_it_was_written_and_nobody_else_can_read_it(tmp_path: Path) -> None:
    process = ProcessId(pid=7, started=8)
    session = Session(number=2**60, password=b"\x00\xffpw")
    told = Deadline(agent=process, signer=Family(leader=process, mark="m"), ends_at=1.5, session=session)
    deadlines.write(tmp_path, told)
    assert deadlines.read(tmp_path) == told
    assert (tmp_path / deadlines.FILE).stat().st_mode & 0o777 == 0o600
    assert "pw" not in repr(told)
    assert [path.name for path in tmp_path.iterdir()] == [deadlines.FILE]


def test_what_an_earlier_start_of_the_machine_has_left_names_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deadlines.write(tmp_path, Deadline(agent=ProcessId(pid=7, started=8)))
    monkeypatch.setattr(deadlines, "boot_id", lambda: "another")
    assert deadlines.read(tmp_path) is None


def test_a_damaged_file_is_an_error_of_one_line(tmp_path: Path) -> None:
    for text in ("", "{", "[]", f'{{"boot": "{deadlines.boot_id()}"}}', "null"):
        (tmp_path / deadlines.FILE).write_text(text)
        with pytest.raises(ValueError) as caught:  # noqa: PT011
            deadlines.read(tmp_path)
        assert "\n" not in str(caught.value)


def test_only_one_watchdog_has_a_directory_and_the_agent_can_tell(tmp_path: Path) -> None:
    assert not deadlines.watched(tmp_path)
    watch = deadlines.Watch(tmp_path)
    assert deadlines.watched(tmp_path)
    with pytest.raises(BlockingIOError):
        deadlines.Watch(tmp_path)
    watch.close()
    assert not deadlines.watched(tmp_path)


def test_a_watchdog_starts_while_others_ask_whether_one_runs(tmp_path: Path) -> None:
    deadlines.Watch(tmp_path).close()
    asked = os.open(tmp_path / deadlines.WATCH, os.O_RDWR)
    fcntl.flock(asked, fcntl.LOCK_SH)  # as `watched` does, but for longer
    threading.Timer(0.05, os.close, [asked]).start()
    watch = deadlines.Watch(tmp_path)
    assert deadlines.watched(tmp_path)
    watch.close()


def config_in(tmp_path: Path) -> AgentConfig:
    config = World(tmp_path).config
    Path(config.state_directory).mkdir()
    return config


def watching(config: AgentConfig, ended: list[int], lines: list[str]) -> tuple[Watchdog, threading.Thread]:
    def end(_: EnsembleAccess, session: Session) -> None:
        ended.append(session.number)

    made = Watchdog(config, Log(lines.append), end=end)
    thread = threading.Thread(target=made.run)
    thread.start()
    return made, thread


def soon(condition: object, seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_renewed_deadline_keeps_the_signer_alive_and_a_missed_one_ends_it(
    tmp_path: Path, sleeper: subprocess.Popen[bytes]
) -> None:
    config, ended, lines = config_in(tmp_path), list[int](), list[str]()
    me, family = known(os.getpid()), Family(leader=known(sleeper.pid), mark="m")
    folder = Path(config.state_directory)
    session = Session(number=5, password=b"secret-password")
    told = Deadline(agent=me, signer=family, ends_at=boottime() + 0.5, session=session)
    deadlines.write(folder, told)
    watchdog, thread = watching(config, ended, lines)
    for _ in range(6):
        time.sleep(0.2)
        deadlines.write(folder, dataclasses.replace(told, ends_at=boottime() + 0.5))
    assert sleeper.poll() is None, lines
    soon(lambda: sleeper.poll() is not None)
    soon(lambda: ended == [5])
    deadlines.clear(folder)
    watchdog.stop()
    thread.join(10)
    assert not thread.is_alive()
    assert "secret-password" not in "".join(lines)
    assert b"secret-password".hex() not in "".join(lines)


def test_an_agent_that_saw_its_signers_end_itself_keeps_its_session(
    tmp_path: Path, sleeper: subprocess.Popen[bytes]
) -> None:
    config, ended, lines = config_in(tmp_path), list[int](), list[str]()
    me, family = known(os.getpid()), Family(leader=known(sleeper.pid), mark="m")
    session, folder = Session(number=5, password=b"p"), Path(config.state_directory)
    deadlines.write(folder, Deadline(agent=me, signer=family, ends_at=boottime() + 0.1, session=session))
    watchdog, thread = watching(config, ended, lines)
    soon(lambda: sleeper.poll() is not None)
    deadlines.write(folder, Deadline(agent=me, session=session))
    time.sleep(0.6)  # longer than it waits for the agent's word
    assert ended == []
    deadlines.clear(folder)
    watchdog.stop()
    thread.join(10)
    assert not thread.is_alive()
