"""The signer's process and all that it starts: one family, begun together and ended together."""

from __future__ import annotations

import asyncio
import os
import secrets
import signal
import subprocess
import sys
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import IO

from failover import processes
from failover.clock import boottime
from failover.log import Log
from failover.processes import MARK, Family

LAUNCH = str(Path(__file__).with_name("launch.py"))
KILL_SECONDS = 5.0
LINE_BYTES = 16384


class SignerProcess:
    """At most one family at a time. `ended` is called as soon as its leader ended and the others were killed."""

    def __init__(self, log: Log, stop_seconds: float, ended: Callable[[], None]) -> None:
        self._log, self._stop_seconds, self._ended = log, stop_seconds, ended
        self._process: subprocess.Popen[bytes] | None = None
        self._tasks = set[asyncio.Task[None]]()
        self._gone = asyncio.Event()
        self._gone.set()
        self.family: Family | None = None
        self.asked = False  # to end: then its end is no accident

    @property
    def running(self) -> bool:
        """Whether any process of it may still run."""
        return self.family is not None

    @property
    def pid(self) -> int | None:
        """The leader's, until it was waited for."""
        return self._process.pid if self._process else None

    @property
    def stopping(self) -> bool:
        """Whether it was told to end, or its leader has ended, and something of it may still run."""
        return self.family is not None and (self.asked or self._process is None)

    def start(self, command: Sequence[str]) -> None:
        """Start it in a session and a group of its own. Raises OSError."""
        mark = secrets.token_hex(16)
        process = subprocess.Popen(
            [sys.executable, "-I", "-S", LAUNCH, str(os.getpid()), *command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
            env={**os.environ, MARK: mark},
        )
        leader = processes.identify(process.pid)
        descriptor = os.pidfd_open(process.pid)  # not waited for yet: the number is still its own
        self._process, self.asked = process, False
        self.family = Family(leader=leader or processes.ProcessId(pid=process.pid, started=-1), mark=mark)
        self._gone.clear()
        asyncio.get_running_loop().add_reader(descriptor, self._leader_ended, descriptor)
        for name, pipe in (("stdout", process.stdout), ("stderr", process.stderr)):
            if pipe:
                self._spawn(self._pass_on(name, pipe))
        self._log.say("signer started", pid=process.pid, command=command[0])

    async def stop(self) -> None:
        """SIGTERM to the whole family; SIGKILL to what is left after `stop_seconds`."""
        if not self.family:
            return
        self.asked = True
        for process in processes.members(self.family):
            processes.send(process, signal.SIGTERM)
        try:
            await asyncio.wait_for(self._gone.wait(), self._stop_seconds)
        except TimeoutError:
            self._log.say("signer did not end", reason=f"within {self._stop_seconds} s after SIGTERM: it is killed")
            await self.kill()

    async def kill(self) -> None:
        """SIGKILL to the whole family, and wait until none of it is left."""
        if self.family:
            self.asked = True
            for process in processes.members(self.family):
                processes.send(process, signal.SIGKILL)
            await self._gone.wait()

    def _leader_ended(self, descriptor: int) -> None:
        asyncio.get_running_loop().remove_reader(descriptor)
        os.close(descriptor)
        code = self._process.wait() if self._process else 0
        self._process = None
        self._spawn(self._end_the_rest(code))

    async def _end_the_rest(self, code: int) -> None:
        family = self.family
        while family and not await asyncio.to_thread(processes.kill, family, KILL_SECONDS, boottime):
            self._log.say("signer survives", reason="a process of its family does not die of SIGKILL")
        self._log.say("signer ended", code=code, asked=self.asked)
        self.family = None
        self._gone.set()
        self._ended()

    async def _pass_on(self, name: str, pipe: IO[bytes]) -> None:
        reader = asyncio.StreamReader()
        await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), pipe)
        rest = b""
        while data := await reader.read(LINE_BYTES):
            *lines, rest = (rest + data).split(b"\n")
            for line in lines:
                self._tell(name, line)
            if len(rest) > LINE_BYTES:
                self._tell(name, rest)
                rest = b""
        if rest:
            self._tell(name, rest)

    def _tell(self, name: str, line: bytes) -> None:
        self._log.say("signer says", stream=name, line=line.decode(errors="replace").rstrip("\r"))

    def _spawn(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
