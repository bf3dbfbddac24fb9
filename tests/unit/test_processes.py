"""A frozen process does nothing more, from the moment that `freeze` returns."""

from __future__ import annotations

import mmap
import os
import signal
import struct
import subprocess
import sys
import tempfile
import time

import pytest

from sandbox.processes import freeze

THREADS = 4
# Each thread counts in a cell of its own, in a file that is mapped into memory; hashing gives up Python's lock.
COUNT = """
import hashlib, mmap, sys, threading
cells = mmap.mmap(int(sys.argv[1]), 8 * int(sys.argv[2])).__enter__()
data, view = bytes(20_000), memoryview(cells).cast("Q")
def count(cell):
    while True:
        hashlib.sha256(data)
        view[cell] += 1
for cell in range(len(view)):
    threading.Thread(target=count, args=(cell,)).start()
"""


def test_no_thread_of_a_frozen_process_runs_on() -> None:
    with tempfile.TemporaryFile() as file:
        file.truncate(8 * THREADS)
        with mmap.mmap(file.fileno(), 8 * THREADS) as shared:

            def counts() -> tuple[int, ...]:
                return struct.unpack(f"{THREADS}Q", shared[:])

            command = [sys.executable, "-c", COUNT, str(file.fileno()), str(THREADS)]
            process = subprocess.Popen(command, pass_fds=[file.fileno()])
            try:
                while not all(counts()):
                    time.sleep(0.01)
                for _ in range(20):
                    freeze(process.pid)
                    before = counts()
                    time.sleep(0.02)
                    assert counts() == before
                    os.kill(process.pid, signal.SIGCONT)
                    while counts() == before:
                        time.sleep(0.001)
            finally:
                process.kill()
                process.wait()


def test_a_process_that_is_gone_can_not_be_frozen() -> None:
    process = subprocess.Popen(["true"])
    process.wait()
    with pytest.raises(ProcessLookupError):
        freeze(process.pid)
