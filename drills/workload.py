"""The workload's client processes as one: start them all, let them work, end them, read what they did."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from pathlib import Path

from drills.client import Config
from drills.history import Op, read
from sandbox.processes import die_with_parent

Enter = Callable[[list[str]], list[str]]  # a command as it is run inside a region
_SOURCE = Path(__file__).parents[1]


class Workload:
    """Clients from `start` to `stop`. Each writes NAME.jsonl (its history) and NAME.log into `folder`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._histories: dict[str, Path] = {}

    def start(self, config: Config, enter: Enter = list) -> None:
        """Start one client; `config.history` is replaced. A name used before goes on in the same history."""
        history = self._folder / f"{config.client}.jsonl"
        file = self._folder / f"{config.client}.json"
        file.write_text(json.dumps(asdict(replace(config, history=str(history)))))
        with (self._folder / f"{config.client}.log").open("ab") as log:
            self._running[config.client] = subprocess.Popen(
                enter([sys.executable, "-m", "drills.client", "--config", str(file)]),
                cwd=_SOURCE,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=die_with_parent,
            )
        self._histories[config.client] = history

    def kill(self, client: str) -> None:
        """End one client with SIGKILL, in the middle of whatever it does."""
        self._running[client].kill()
        self._running.pop(client).wait()

    def stop(self, grace_seconds: float = 10) -> list[Op]:
        """Close the clients' stdin, wait for them, return the whole history; RuntimeError names those that failed.

        A client that is stuck is killed after `grace_seconds`: its last operation is unknown then.
        """
        for process in self._running.values():
            if process.stdin:
                process.stdin.close()
        deadline, failed = time.monotonic() + grace_seconds, list[str]()
        for client, process in self._running.items():
            try:
                failed += [client] if process.wait(max(0.0, deadline - time.monotonic())) else []
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self._running = {}
        if failed:
            raise RuntimeError(f"clients ended with an error, see their logs in {self._folder}: {', '.join(failed)}")
        return self.history()

    def history(self) -> list[Op]:
        """Of all clients so far; those at work are at most one line ahead."""
        return read(path for path in self._histories.values() if path.exists())

    def wait_for_writes(self, clients: Sequence[str], seconds: float) -> None:
        """Until each of these clients has had a write acknowledged. TimeoutError names those that have not."""
        deadline = time.monotonic() + seconds
        while True:
            done = {op.client for op in self.history() if op.kind.is_write and op.outcome == "ok"}
            missing = [client for client in clients if client not in done]
            if not missing:
                return
            if time.monotonic() > deadline:
                raise TimeoutError(f"no write was acknowledged within {seconds:.0f} s to {', '.join(missing)}")
            time.sleep(0.1)
