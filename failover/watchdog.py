"""The watchdog: ends a signer whose agent let the deadline pass or is gone, then the agent's session with the ensemble.

A process of its own, on purpose tiny: it reads one file, looks at /proc, kills. What it can't do it tries again.
"""

from __future__ import annotations

import importlib
import os
import select
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path

from config.failover import AgentConfig, EnsembleAccess
from failover import deadline as deadlines
from failover import processes
from failover.clock import Clock, boottime
from failover.deadline import Deadline, Session
from failover.log import Log

POLL_SECONDS = 0.1
KILL_SECONDS = 1.0  # then one line in the log, and again
REACTS_SECONDS = 0.3  # an agent that is not frozen has seen its signer's end, and deals with it itself

EndSession = Callable[[EnsembleAccess, Session], None]


def verdict(told: Deadline, agent_runs: bool, now: float) -> str | None:
    """Why this signer must die; None while it may live."""
    if not agent_runs:
        return "the agent is gone"
    if told.signer and told.ends_at is not None and now >= told.ends_at:
        return f"the deadline passed {now - told.ends_at:.3f} s ago"
    return None


def end_session(access: EnsembleAccess, session: Session) -> None:
    """Free the duty at once. Raises SelectorError, or what the client raises, without a connection."""
    from failover.selector.session_end import end_session as end  # imported by `main` beside the watch

    end(access, session.number, session.password)


class Watchdog:
    """Watches one agent after the other, by one state directory. `end` frees the duty of a dead or frozen one."""

    def __init__(
        self, config: AgentConfig, log: Log, *, clock: Clock = boottime, end: EndSession = end_session
    ) -> None:
        self._directory, self._access = Path(config.state_directory), config.ensemble
        self._patience = config.ensemble.session_timeout_ms / 1000
        self._log, self._clock, self._end = log, clock, end
        self._told: Deadline | None = None
        self._agent: int | None = None
        self._done: Deadline | None = None
        self._damage = ""
        self._stopping = False
        self._ending: list[threading.Thread] = []

    def stop(self) -> None:
        """End as soon as there is nobody left to watch: no signer is ever left without a watchdog."""
        self._stopping = True

    def run(self) -> int:
        """Watch until stopped; 0 then, 1 if another watchdog has the directory."""
        try:
            watch = deadlines.Watch(self._directory)
        except OSError as error:
            self._log.say("no watch", reason=f"{self._directory}: {error.strerror}; is another watchdog running?")
            return 1
        self._log.say("watching")
        while not self._free_to_go():
            self._step()
        self._log.say("ended", reason="told to end, and nobody is left to watch")
        watch.close()
        return 0

    def _step(self) -> None:
        self._look()
        told = self._told
        wait = POLL_SECONDS
        if told and told.ends_at is not None and told != self._done:
            wait = max(0.0, min(wait, told.ends_at - self._clock()))
        agent_runs = self._agent_runs(wait)
        self._look()  # what was renewed while waiting counts
        if told is None or self._told != told or told == self._done:
            return
        reason = verdict(told, agent_runs, self._clock())
        if reason and self._kill(told, reason):
            self._done = told
            self._free_the_duty(told, agent_runs)

    def _look(self) -> None:
        try:
            told, damage = deadlines.read(self._directory), ""
        except (ValueError, OSError) as error:
            told, damage = self._told, str(error)  # the last good word goes on counting
        if damage and damage != self._damage:
            self._log.say("deadline unreadable", reason=damage)
        self._damage = damage
        if (told and told.agent) != (self._told and self._told.agent):
            self._watch(told)
        self._told = told

    def _watch(self, told: Deadline | None) -> None:
        if self._agent is not None:
            os.close(self._agent)
        self._agent = processes.open_pidfd(told.agent) if told else None

    def _agent_runs(self, wait: float) -> bool:
        poll = select.poll()
        if self._agent is not None:
            poll.register(self._agent, select.POLLIN)
            return not poll.poll(wait * 1000)
        poll.poll(wait * 1000)
        return False

    def _kill(self, told: Deadline, reason: str) -> bool:
        """Whether the signer is certainly dead."""
        if told.signer is None:
            return True
        found = len(processes.members(told.signer))
        gone = processes.kill(told.signer, KILL_SECONDS, self._clock)
        event = "signer killed" if gone and found else "signer gone already" if gone else "signer survives"
        self._log.say(event, reason=reason, processes=found, signer=told.signer.leader.pid)
        return gone

    def _free_the_duty(self, told: Deadline, agent_runs: bool) -> None:
        if told.session is None or (agent_runs and self._agent_reacts(told)):
            return
        # Beside the watch, for it may take long: another agent may have come meanwhile.
        thread = threading.Thread(target=self._end_session, args=(told.session,), daemon=True)
        thread.start()
        self._ending.append(thread)

    def _agent_reacts(self, told: Deadline) -> bool:
        self._agent_runs(REACTS_SECONDS)
        self._look()
        return self._told is None or self._told.signer != told.signer

    def _end_session(self, session: Session) -> None:
        until = self._clock() + self._patience  # later it is over anyhow
        while True:
            try:
                self._end(self._access, session)
            except Exception as error:
                if self._clock() < until:
                    time.sleep(POLL_SECONDS)
                    continue
                self._log.say("session not ended", reason=f"{type(error).__name__}: {error}"[:200])
                return
            self._log.say("session ended", session=hex(session.number))
            return

    def _free_to_go(self) -> bool:
        if not self._stopping:
            return False
        self._look()
        told = self._told
        nobody = told is None or (
            not processes.alive(told.agent) and not (told.signer and processes.members(told.signer))
        )
        return nobody and not any(thread.is_alive() for thread in self._ending)


def main(config: AgentConfig) -> int:
    """Run until SIGTERM, and then until there is nobody left to watch."""
    watchdog = Watchdog(config, Log(who="watchdog", candidate=config.region))

    # The ensemble's client is heavy to import: not when the duty waits for it, and not before the watch begins.
    threading.Thread(target=importlib.import_module, args=("failover.selector.session_end",), daemon=True).start()

    def stop(_number: int, _frame: object) -> None:
        watchdog.stop()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    Path(config.state_directory).mkdir(parents=True, exist_ok=True)
    return watchdog.run()
