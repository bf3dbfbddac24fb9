"""The sandbox's supervisor: `python -m sandbox.supervisor FOLDER`. One process that starts, watches and stops the rest.

It holds FOLDER/lock for as long as it lives. Its standard input is a pipe from whoever started it: until the word
"keep" comes, the end of that pipe is the end of the sandbox, so that an interrupted start leaves nothing behind.
"""

from __future__ import annotations

import fcntl
import json
import os
import select
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path
from types import FrameType

from sandbox.pods.running import SELECTOR, KubeletProcess
from sandbox.region import RunningRegion

TICK_SECONDS = 0.25
ATTEMPTS = 10


class Supervisor:
    """Runs the regions that FOLDER/request.json names, and tells in FOLDER/status.json how they are."""

    def __init__(self, folder: Path) -> None:
        request = json.loads((folder / "request.json").read_text())
        binaries = {name: Path(path) for name, path in request["binaries"].items()}
        self.folder = folder
        self.asked_to_stop = False
        self.kept = False
        real = SELECTOR if request["jars"] else ""
        self.kubelet = KubeletProcess(folder) if real else None
        self.regions = [
            RunningRegion(name=name, folder=folder / name, binaries=binaries, real=real) for name in request["regions"]
        ]

    def run(self) -> None:
        """Start, watch until asked to stop, stop."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._ask_to_stop)
        try:
            for region in self.regions:
                region.start()
            self._tell()
            while not self.asked_to_stop and (self.kept or self._starter_lives()):
                changed = [region.tick() for region in self.regions]
                if self.kubelet:
                    changed.append(self.kubelet.tick())
                if any(changed):
                    self._tell()
                time.sleep(TICK_SECONDS)
        finally:
            if self.kubelet:
                self.kubelet.stop()
            for region in self.regions:
                region.stop()
            (self.folder / "status.json").unlink(missing_ok=True)

    def _ask_to_stop(self, number: int, frame: FrameType | None) -> None:
        del number, frame
        self.asked_to_stop = True

    def _starter_lives(self) -> bool:
        readable, _, _ = select.select([sys.stdin], [], [], 0)
        if not readable:
            return True
        self.kept = os.read(sys.stdin.fileno(), 16).startswith(b"keep")
        return self.kept

    def _tell(self) -> None:
        regions = {
            region.name: {
                "state": region.state,
                "reason": region.reason,
                "server": region.plane.server,
                "pids": region.pids,
            }
            for region in self.regions
        }
        scratch = self.folder / "status.json.new"
        kubelet = self.kubelet.pid if self.kubelet else None
        scratch.write_text(json.dumps({"pid": os.getpid(), "kubelet": kubelet, "regions": regions}))
        scratch.rename(self.folder / "status.json")


def alone(folder: Path) -> bool:
    """Take the folder's lock, which the end of the process gives back; False where another supervisor has it."""
    lock = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    for _ in range(ATTEMPTS):
        with suppress(BlockingIOError):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        time.sleep(0.02)  # whoever asks whether a supervisor lives holds it for an instant too
    return False


def main() -> None:
    """Run until stopped; a second supervisor of one folder ends soon."""
    folder = Path(sys.argv[1])
    if alone(folder):
        Supervisor(folder).run()


if __name__ == "__main__":
    main()
