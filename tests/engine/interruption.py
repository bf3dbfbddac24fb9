"""Ending the engine in the middle of an update, as a crash would."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.engine.project import Answer, Project

WAIT_SECONDS = 120
State = dict[str, Any]


def update_killed_when(
    project: Project,
    moment: Callable[[State], bool],
    started: Callable[[], object] = lambda: None,
    whole_tree: bool = False,
) -> Answer:
    """Start `fleet up`, kill -9 the engine at `moment` of its state, and return how the command ended.

    `started` is called as soon as the engine runs. With `whole_tree` the command is killed too, as when a machine dies.
    """
    with _update(project) as (process, engine):
        started()
        _wait(lambda: moment(_state(project)), process)
        if whole_tree:
            process.kill()
        os.kill(engine, signal.SIGKILL)
        return _end_of(process)


def update_ended_by_ctrl_c(project: Project, moment: Callable[[State], bool]) -> tuple[Answer, int]:
    """Start `fleet up`, press Ctrl-C at `moment`; how the command ended, and how many of its processes are left."""
    with _update(project) as (process, _):
        _wait(lambda: moment(_state(project)), process)
        os.killpg(process.pid, signal.SIGINT)
        answer = _end_of(process)
        for _ in range(50):  # a plugin looks for its engine five times a second
            if not _members_of(process.pid):
                break
            time.sleep(0.1)
        return answer, _members_of(process.pid)


def _members_of(session: int) -> int:
    return sum(_session_of(int(folder.name)) == session for folder in Path("/proc").glob("[0-9]*"))


def _session_of(pid: int) -> int | None:
    try:
        return os.getsid(pid)
    except ProcessLookupError:
        return None


def update_while(project: Project, started: Callable[[], object]) -> Answer:
    """Start `fleet up`, call `started` as soon as the engine runs, and return how the command ended."""
    with _update(project) as (process, _):
        started()
        return _end_of(process)


@contextmanager
def _update(project: Project) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    process = project.start("up")
    try:
        yield process, _wait(lambda: _engine_of(process.pid), process)
    finally:
        process.kill()
        process.wait()


def _end_of(process: subprocess.Popen[bytes]) -> Answer:
    out, err = process.communicate(timeout=WAIT_SECONDS)
    return Answer(code=process.returncode, out=out.decode(), err=err.decode())


@contextmanager
def frozen(project: Project, region: str, name: str) -> Iterator[None]:
    """A process of a region's control plane that does nothing for a while."""
    pid = project.sandbox.status()[region].pids[name]
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def pending(state: State, kind: str) -> list[State]:
    """The operations of a kind (`creating`, `updating`, `deleting`) that the state has no end of."""
    return [item for item in state.get("pending_operations") or [] if item["type"] == kind]


def objects_in(state: State) -> int:
    """How many objects of Kubernetes the state knows."""
    return sum(item["type"].startswith("kubernetes:") for item in state.get("resources") or [])


def _state(project: Project) -> State:
    """The state as it lies on disk; nothing before the first update, nor while the engine writes it."""
    try:
        return project.state() or {}
    except (OSError, json.JSONDecodeError):
        return {}


def _wait(condition: Callable[[], Any], process: subprocess.Popen[bytes]) -> Any:
    deadline = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < deadline:
        if found := condition():
            return found
        assert process.poll() is None, "the update ended before its moment"
        time.sleep(0.02)
    raise AssertionError("the moment never came")


def _engine_of(parent: int) -> int | None:
    """The engine's process among the descendants of a command; a version query of a moment is none."""
    parents: dict[int, tuple[int, list[str]]] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            stat, command = (folder / "stat").read_text(), (folder / "cmdline").read_text().split("\0")
        except OSError:
            continue
        parents[int(folder.name)] = (int(stat.rpartition(") ")[2].split()[1]), command)
    for pid, (above, command) in parents.items():
        if Path(command[0]).name == "pulumi" and "up" in command:
            while above in parents and above != parent:
                above = parents[above][0]
            if above == parent:
                return pid
    return None
