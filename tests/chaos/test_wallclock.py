"""A process whose wall clock is off: only that clock is, and no wait ends early because of it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

from chaos import wallclock

# As CPython's threads wait for their lock: until a moment of CLOCK_MONOTONIC (Python/thread_pthread.h).
PROGRAM = """
import ctypes, json, threading, time

libc = ctypes.CDLL(None)
began = time.monotonic()
attributes, condition, mutex = (ctypes.create_string_buffer(64) for _ in range(3))
assert libc.pthread_condattr_init(attributes) == 0
assert libc.pthread_condattr_setclock(attributes, time.CLOCK_MONOTONIC) == 0
assert libc.pthread_cond_init(condition, attributes) == 0
assert libc.pthread_mutex_init(mutex, None) == 0
until = (ctypes.c_long * 2)(int(began) + 1, 0)
libc.pthread_mutex_lock(mutex)
libc.pthread_cond_timedwait(condition, mutex, until)
found = {"condition": time.monotonic() - int(began) - 1}
for name, wait in {"sleep": time.sleep, "event": threading.Event().wait}.items():
    began = time.monotonic()
    wait(0.2)
    found[name] = time.monotonic() - began - 0.2
print(json.dumps(found | {"wall": time.time()}))
"""


def test_only_the_wall_clock_is_off_and_every_wait_lasts(tmp_path: Path) -> None:
    clock = tmp_path / "clock"
    wallclock.put_off(clock, 3600)
    environment = os.environ | wallclock.environment(clock, wallclock.preload())
    done = subprocess.run([sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True, check=True)
    found = json.loads(done.stdout)
    assert 3500 < found.pop("wall") - time.time() <= 3600
    assert set(found) == {"condition", "sleep", "event"}
    assert min(found.values()) >= -0.001, "seconds that it waited longer than it was told to"
